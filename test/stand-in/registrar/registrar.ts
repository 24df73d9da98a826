/**
 * The SIP registrar: addresses of record and the contacts bound to them, kept as Kamailio's usrloc keeps them with
 * matching_mode 0. A binding is found by its Contact alone, so a REGISTER with `Expires: 0` from whatever dialog takes the
 * binding away: that is what makes the race (recording 05) end badly.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";

/** What of a REGISTER matters. */
export interface RegisterRequest {
	/** The user part of the address of record. */
	readonly user: string;
	/** The host that it is sent to. */
	readonly host: string;
	readonly contact: string;
	readonly callId: string;
	/** Seconds; 0 takes the contact's binding away. */
	readonly expires: number;
}

/** The final answer to a request. */
export interface SipAnswer {
	readonly status: number;
	readonly phrase: string;
	/** Seconds that a binding was granted for. */
	readonly expires?: number;
	/** Where the answer came from; missing when FreeSWITCH made it up because nobody answered. */
	readonly network?: { readonly ip: string; readonly port: number };
}

/** Where requests are sent. `reply` is called later, once or never; the peer may be in another process. */
export interface SipPeer {
	register(request: RegisterRequest, reply: (answer: SipAnswer) => void): void;
	/** OPTIONS, by which FreeSWITCH sees whether a gateway is alive. */
	ping(host: string, reply: (answer: SipAnswer) => void): void;
}

export interface Binding {
	readonly contact: string;
	readonly callId: string;
	/** On the registrar's clock, ms. */
	readonly expiresAt: number;
}

/** A REGISTER that has arrived, and how it was answered. */
export interface Registration extends RegisterRequest {
	/** On the registrar's clock, ms. */
	readonly at: number;
	readonly status: number;
}

/**
 * `up`: it answers. `unreachable`: connections are refused, which FreeSWITCH calls 503 (recording 06). `silent`: requests are lost.
 * `unheard`: requests arrive and are carried out, their answers are lost.
 */
export type Reachability = "up" | "unreachable" | "silent" | "unheard";

export interface RegistrarOptions {
	readonly clock: Clock;
	/** The only address at which it is found; without it every address is its own. */
	readonly address?: string;
}

interface Refusal {
	readonly status: number;
	readonly phrase: string;
}

const port = 5060;

export class Registrar implements SipPeer {
	/** Every REGISTER that has arrived, oldest first. */
	readonly history: Registration[] = [];
	/** ms from a request's arrival to the arrival of its answer. */
	latency = 0;
	/** Seconds that no binding is granted longer than. */
	longest = Number.POSITIVE_INFINITY;
	reachability: Reachability = "up";
	readonly #clock: Clock;
	readonly #address: string | undefined;
	readonly #contacts = new Map<string, Map<string, Binding>>();
	readonly #refusals = new Map<string, Refusal>();
	#refusal: Refusal | undefined;
	#cancelExpiry = () => {};
	#closed = false;

	constructor({ clock, address }: RegistrarOptions) {
		this.#clock = clock;
		this.#address = address;
	}

	/** The users with at least one live binding, sorted. */
	bindings(): string[] {
		return [...this.#contacts.keys()].sort();
	}

	/** The live bindings of a user. */
	bindingsOf(user: string): Binding[] {
		return [...(this.#contacts.get(user)?.values() ?? [])];
	}

	/** How many REGISTERs have come for a user, or for all: those that bind, or those that take the binding away. */
	count(kind: "bind" | "unbind", user?: string): number {
		return this.history.filter(
			(seen) => (seen.expires === 0) === (kind === "unbind") && (user === undefined || seen.user === user),
		).length;
	}

	/** Refuses REGISTERs of one user, or of everybody if `user` is undefined, until `accept`. */
	refuse(user?: string, status = 403, phrase = "Forbidden"): void {
		if (user === undefined) {
			this.#refusal = { status, phrase };
		} else {
			this.#refusals.set(user, { status, phrase });
		}
	}

	/** Refuses nobody any more. */
	accept(): void {
		this.#refusals.clear();
		this.#refusal = undefined;
	}

	/** Loses all bindings, as a registrar does that keeps them in memory; FreeSWITCH is not told. */
	restart(): void {
		this.#contacts.clear();
		this.#expire();
	}

	register(request: RegisterRequest, reply: (answer: SipAnswer) => void): void {
		if (this.#heard(request.host, reply)) {
			const answer = this.#answer(request);
			this.history.push({ ...request, at: this.#clock.now(), status: answer.status });
			changed();
			this.#reply(request.host, answer, reply);
		}
	}

	ping(host: string, reply: (answer: SipAnswer) => void): void {
		if (this.#heard(host, reply)) {
			this.#reply(host, { status: 200, phrase: "OK" }, reply);
		}
	}

	/** Ends its timers. */
	close(): void {
		this.#closed = true;
		this.#cancelExpiry();
	}

	#heard(host: string, reply: (answer: SipAnswer) => void): boolean {
		if (this.reachability === "unreachable" || (this.#address !== undefined && host !== this.#address)) {
			this.#clock.after(0, () => {
				reply({ status: 503, phrase: "Service Unavailable" });
			});
			return false;
		}
		return this.reachability !== "silent";
	}

	#reply(host: string, answer: SipAnswer, reply: (answer: SipAnswer) => void): void {
		const lost = this.reachability === "unheard";
		this.#clock.after(this.latency, () => {
			if (!lost) {
				reply({ ...answer, network: { ip: host, port } });
			}
		});
	}

	#answer({ user, contact, callId, expires }: RegisterRequest): SipAnswer {
		const refusal = this.#refusals.get(user) ?? this.#refusal;
		if (refusal !== undefined) {
			return refusal;
		}
		const contacts = this.#contacts.get(user) ?? new Map<string, Binding>();
		const granted = Math.min(expires, this.longest);
		if (granted === 0) {
			contacts.delete(contact);
		} else {
			contacts.set(contact, { contact, callId, expiresAt: this.#clock.now() + granted * 1_000 });
		}
		this.#contacts.set(user, contacts);
		this.#expire();
		return { status: 200, phrase: "OK", expires: granted };
	}

	/** Forgets what has expired, and comes back when the next binding does. */
	#expire(): void {
		this.#cancelExpiry();
		const now = this.#clock.now();
		let next = Number.POSITIVE_INFINITY;
		for (const [user, contacts] of this.#contacts) {
			for (const { contact, expiresAt } of contacts.values()) {
				if (expiresAt <= now) {
					contacts.delete(contact);
				} else {
					next = Math.min(next, expiresAt);
				}
			}
			if (contacts.size === 0) {
				this.#contacts.delete(user);
			}
		}
		if (next < Number.POSITIVE_INFINITY && !this.#closed) {
			this.#cancelExpiry = this.#clock.after(next - now, () => {
				this.#expire();
			});
		}
		changed();
	}
}
