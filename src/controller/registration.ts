/**
 * Whether callers reach a room: what FreeSWITCH says of the registrations of its gateways, by events between the passes and by
 * its lists. One registered gateway is enough. The one place that knows; status and log are made from it.
 */
import { isFailed, isLeaving, isRegistered } from "../freeswitch/commands.ts";

/** A gateway's state, with the registrar's answer where the event bore one. */
export interface GatewayState {
	/** The gateway's name. */
	readonly gateway: string;
	readonly state: string;
	/** SIP status and phrase. */
	readonly status?: string;
	readonly phrase?: string;
}

export type RegistrationChange =
	| { readonly kind: "registered"; readonly afterMs: number; readonly again: boolean }
	/** None is registered. */
	| ({ readonly kind: "refused" } & GatewayState)
	/** Others are registered, or may be soon. */
	| ({ readonly kind: "refused in part" } & GatewayState)
	/** One that was refused is registered, as others are. */
	| { readonly kind: "registered in full"; readonly gateway: string }
	| { readonly kind: "un-registered" };

interface Standing {
	readonly is: "registered" | "refused";
	/** The registrar's last refusal, so that the same one is no change. */
	readonly refusal: string;
}

export class Registration {
	readonly #gateways = new Map<string, Standing>();
	/** ms on the clock since which the room waits to be registered; undefined if it was never seen running. */
	#since: number | undefined;
	/** Whether it was said that no gateway is registered. */
	#isOut = false;

	get isRegistered(): boolean {
		return this.#has("registered");
	}

	/** Whether some of the gateways are registered, and others are refused. */
	get isPartial(): boolean {
		return this.isRegistered && this.#has("refused");
	}

	/** The room has started or come back, at `at` ms on the clock. */
	want(at: number): void {
		if (!this.isRegistered) {
			this.#since = at;
			this.#isOut = false;
			this.#gateways.clear();
		}
	}

	/**
	 * @param now ms on the clock at which the gateway was in this state
	 * @param names all gateways of the room
	 */
	observe(gateway: GatewayState, now: number, names: readonly string[]): RegistrationChange | undefined {
		if (isRegistered(gateway.state)) {
			return this.#registered(gateway, now);
		}
		if (isFailed(gateway.state)) {
			return this.#refused(gateway, now, names);
		}
		return isLeaving(gateway.state) ? this.#gone(gateway.gateway, now) : undefined;
	}

	/**
	 * Takes in which gateways there are at all.
	 * @param is whether FreeSWITCH has a gateway of that name
	 */
	gone(now: number, is: (gateway: string) => boolean = () => false): RegistrationChange | undefined {
		let change: RegistrationChange | undefined;
		for (const name of [...this.#gateways.keys()].filter((name) => !is(name))) {
			change = this.#gone(name, now) ?? change;
		}
		return change;
	}

	#has(standing: Standing["is"]): boolean {
		return [...this.#gateways.values()].some(({ is }) => is === standing);
	}

	#gone(name: string, now: number): RegistrationChange | undefined {
		const was = this.#gateways.get(name);
		this.#gateways.delete(name);
		if (was?.is !== "registered" || this.isRegistered) {
			return undefined;
		}
		this.#since = now;
		return { kind: "un-registered" };
	}

	#registered({ gateway }: GatewayState, now: number): RegistrationChange | undefined {
		const { isRegistered } = this;
		const again = this.#isOut;
		const before = this.#gateways.get(gateway);
		this.#gateways.set(gateway, { is: "registered", refusal: "" });
		if (this.#since === undefined) {
			return undefined;
		}
		if (isRegistered) {
			return before?.is === "refused" ? { kind: "registered in full", gateway } : undefined;
		}
		this.#isOut = false;
		return { kind: "registered", afterMs: Math.round(now - this.#since), again };
	}

	#refused(refused: GatewayState, now: number, names: readonly string[]): RegistrationChange | undefined {
		const { gateway, state, status, phrase = "" } = refused;
		const refusal = status === undefined ? state : `${status} ${phrase}`;
		const before = this.#gateways.get(gateway);
		// FAILED tells the registrar's answer, the FAIL_WAIT after it does not (recordings 06 and 07).
		if (before?.is === "refused" && (status === undefined || refusal === before.refusal)) {
			return undefined;
		}
		this.#gateways.set(gateway, { is: "refused", refusal });
		if (before?.is === "registered" && !this.isRegistered) {
			this.#since = now;
		}
		if (this.#since === undefined) {
			return undefined;
		}
		const isPart = names.some((name) => this.#gateways.get(name)?.is !== "refused");
		this.#isOut ||= !isPart;
		return { ...refused, kind: isPart ? "refused in part" : "refused" };
	}
}
