/**
 * Whether callers reach a room: what FreeSWITCH says of its gateway's registration, by events between the passes and by its
 * lists. The one place that knows; status and log are made from it.
 */
import { isFailed, isLeaving, isRegistered } from "../freeswitch/commands.ts";

/** A gateway's state, with the registrar's answer where the event bore one. */
export interface GatewayState {
	readonly state: string;
	/** SIP status and phrase. */
	readonly status?: string;
	readonly phrase?: string;
}

export type RegistrationChange =
	| { readonly kind: "registered"; readonly afterMs: number; readonly again: boolean }
	| ({ readonly kind: "refused" } & GatewayState)
	| { readonly kind: "un-registered" };

export class Registration {
	#standing: "none" | "registered" | "refused" = "none";
	/** ms on the clock since which the room waits to be registered; undefined if it was never seen running. */
	#since: number | undefined;
	/** The registrar's last refusal, so that the same one is no change. */
	#refusal = "";

	get isRegistered(): boolean {
		return this.#standing === "registered";
	}

	/** The room has started or come back, at `at` ms on the clock. */
	want(at: number): void {
		if (this.#standing !== "registered") {
			this.#since = at;
			this.#standing = "none";
		}
	}

	/** @param now ms on the clock at which the gateway was in this state */
	observe(gateway: GatewayState, now: number): RegistrationChange | undefined {
		if (isRegistered(gateway.state)) {
			return this.#registered(now);
		}
		if (isFailed(gateway.state)) {
			return this.#refused(gateway, now);
		}
		return isLeaving(gateway.state) ? this.gone(now) : undefined;
	}

	/** There is no gateway, or none that FreeSWITCH keeps registered. */
	gone(now: number): RegistrationChange | undefined {
		const was = this.#standing;
		this.#standing = "none";
		if (was !== "registered") {
			return undefined;
		}
		this.#since = now;
		return { kind: "un-registered" };
	}

	#registered(now: number): RegistrationChange | undefined {
		const was = this.#standing;
		this.#standing = "registered";
		if (was === "registered" || this.#since === undefined) {
			return undefined;
		}
		return { kind: "registered", afterMs: Math.round(now - this.#since), again: was === "refused" };
	}

	#refused(gateway: GatewayState, now: number): RegistrationChange | undefined {
		const { state, status, phrase = "" } = gateway;
		const refusal = status === undefined ? state : `${status} ${phrase}`;
		// FAILED tells the registrar's answer, the FAIL_WAIT after it does not (recordings 06 and 07).
		if (this.#standing === "refused" && (status === undefined || refusal === this.#refusal)) {
			return undefined;
		}
		if (this.#standing === "registered") {
			this.#since = now;
		}
		this.#standing = "refused";
		this.#refusal = refusal;
		return this.#since === undefined ? undefined : { ...gateway, kind: "refused" };
	}
}
