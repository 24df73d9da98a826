/**
 * The SIP registrar: users and the contacts bound to them, as in Kamailio's usrloc with matching_mode 0. A binding is found by
 * its Contact alone, so a REGISTER with `Expires: 0` removes it whichever dialog sent it. That makes the race (recording 05)
 * end without a binding. With `newestWins` a user has one binding, that of the last REGISTER, as with `max_contacts` 1.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";

/** The parts of a REGISTER that matter. */
export interface RegisterRequest {
	/** The user part of the address of record. */
	readonly user: string;
	/** The host to which it is sent. */
	readonly host: string;
	readonly contact: string;
	readonly callId: string;
	/** Seconds; 0 removes the contact's binding. */
	readonly expires: number;
}

/** The final answer to a request. */
export interface SipAnswer {
	readonly status: number;
	readonly phrase: string;
	/** Seconds for which the binding was granted. */
	readonly expires?: number;
	/** Where the answer came from; missing if nobody answered and FreeSWITCH made the answer up. */
	readonly network?: { readonly ip: string; readonly port: number };
}

/** Receives requests. It calls `reply` later, once or never, and may be in another process. */
export interface SipPeer {
	register(request: RegisterRequest, reply: (answer: SipAnswer) => void): void;
	/** OPTIONS, which tells FreeSWITCH whether a gateway is alive. */
	ping(host: string, reply: (answer: SipAnswer) => void): void;
}

interface Binding {
	readonly contact: string;
	readonly callId: string;
	/** On the registrar's clock, ms. */
	readonly expiresAt: number;
}

/** A REGISTER that has arrived, and the status of its answer. */
interface Registration extends RegisterRequest {
	/** On the registrar's clock, ms. */
	readonly at: number;
	readonly status: number;
}

/**
 * `up`: it answers. `unreachable`: it refuses connections, which FreeSWITCH calls 503 (recording 06). `silent`: requests are
 * lost. `unheard`: requests are carried out, their answers are lost.
 */
type Reachability = "up" | "unreachable" | "silent" | "unheard";

const port = 5060;

export class Registrar implements SipPeer {
	/** Every REGISTER that has arrived, oldest first. */
	readonly history: Registration[] = [];
	/** ms from a request's arrival to the arrival of its answer. */
	latency = 0;
	reachability: Reachability = "up";
	/** Whether a REGISTER replaces the bindings of other contacts. */
	readonly #newestWins: boolean;
	readonly #clock: Clock;
	readonly #contacts = new Map<string, Map<string, Binding>>();
	/** By user; undefined stands for everybody. */
	readonly #refused = new Set<string | undefined>();
	#cancelExpiry = () => {};
	#closed = false;

	constructor({ clock, newestWins = false }: { readonly clock: Clock; readonly newestWins?: boolean }) {
		this.#clock = clock;
		this.#newestWins = newestWins;
	}

	/** The users with at least one live binding, sorted. */
	bindings(): string[] {
		return [...this.#contacts.keys()].sort();
	}

	/** The live bindings of a user. */
	bindingsOf(user: string): Binding[] {
		return [...(this.#contacts.get(user)?.values() ?? [])];
	}

	/** Counts the REGISTERs of one user, or of all, that bind or that remove the binding. */
	count(kind: "bind" | "unbind", user?: string): number {
		return this.history.filter(
			(seen) => (seen.expires === 0) === (kind === "unbind") && (user === undefined || seen.user === user),
		).length;
	}

	/** Refuses the REGISTERs of one user, or of everybody if `user` is undefined, until `accept`. */
	refuse(user?: string): void {
		this.#refused.add(user);
	}

	/** Ends all refusals. */
	accept(): void {
		this.#refused.clear();
	}

	/** Loses all bindings, like a registrar that keeps them in memory. FreeSWITCH does not notice. */
	restart(): void {
		this.#contacts.clear();
		this.#expire();
	}

	register(request: RegisterRequest, reply: (answer: SipAnswer) => void): void {
		if (this.#heard(reply)) {
			const answer = this.#answer(request);
			this.history.push({ ...request, at: this.#clock.now(), status: answer.status });
			changed();
			this.#reply(request.host, answer, reply);
		}
	}

	ping(host: string, reply: (answer: SipAnswer) => void): void {
		if (this.#heard(reply)) {
			this.#reply(host, { status: 200, phrase: "OK" }, reply);
		}
	}

	/** Ends its timers. */
	close(): void {
		this.#closed = true;
		this.#cancelExpiry();
	}

	#heard(reply: (answer: SipAnswer) => void): boolean {
		if (this.reachability === "unreachable") {
			this.#clock.after(0, () => reply({ status: 503, phrase: "Service Unavailable" }));
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
		if (this.#refused.has(user) || this.#refused.has(undefined)) {
			return { status: 403, phrase: "Forbidden" };
		}
		const contacts = this.#contacts.get(user) ?? new Map<string, Binding>();
		if (expires === 0) {
			contacts.delete(contact);
		} else {
			if (this.#newestWins) {
				contacts.clear();
			}
			contacts.set(contact, { contact, callId, expiresAt: this.#clock.now() + expires * 1_000 });
		}
		this.#contacts.set(user, contacts);
		this.#expire();
		return { status: 200, phrase: "OK", expires };
	}

	/** Removes expired bindings, and sets a timer for the next one to expire. */
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
			this.#cancelExpiry = this.#clock.after(next - now, () => this.#expire());
		}
		changed();
	}
}

/** A peer that passes everything on to another one, and calls `heard` with each REGISTER and its answer. */
export function overheard(peer: SipPeer, heard: (request: RegisterRequest, answer: SipAnswer) => void): SipPeer {
	return {
		register: (request, reply) => {
			peer.register(request, (answer) => {
				heard(request, answer);
				reply(answer);
			});
		},
		ping: (host, reply) => peer.ping(host, reply),
	};
}
