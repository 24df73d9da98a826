/**
 * FreeSWITCH's end of one registration, as its SIP stack (sofia-sip) keeps it: one request at a time, and a timer of the
 * stack's own by which it refreshes a registration without the gateway's doing.
 */
import type { Clock } from "../../../src/clock.ts";
import type { RegisterRequest, SipAnswer, SipPeer } from "../registrar/registrar.ts";
import type { Random } from "./random.ts";
import { transact } from "./sip-transaction.ts";

export interface SipHandleOptions {
	readonly clock: Clock;
	readonly random: Random;
	readonly peer: SipPeer;
	/** Called with every final answer to a REGISTER, refreshes included, until the handle is destroyed. */
	readonly answered: (answer: SipAnswer) => void;
}

export class SipHandle {
	readonly #options: SipHandleOptions;
	/** The request under way, then those that wait for its answer. */
	readonly #requests: RegisterRequest[] = [];
	#cancelRefresh = () => {};
	#endTransaction = () => {};

	constructor(options: SipHandleOptions) {
		this.#options = options;
	}

	register(request: RegisterRequest): void {
		this.#requests.push(request);
		if (this.#requests.length === 1) {
			this.#send(request);
		}
	}

	/**
	 * Un-REGISTERs and destroys. An un-REGISTER that must wait for an answer is destroyed with the handle and never sent:
	 * a gateway that is killed while its REGISTER is under way leaves a binding behind, if that REGISTER is accepted.
	 */
	unregister(request: RegisterRequest): void {
		if (this.#requests.length === 0) {
			this.#options.peer.register({ ...request, expires: 0 }, () => {
				// The handle is gone when the answer comes.
			});
		}
		this.destroy();
	}

	destroy(): void {
		this.#requests.length = 0;
		this.#cancelRefresh();
		this.#endTransaction();
	}

	#send(request: RegisterRequest): void {
		const { clock, peer } = this.#options;
		this.#endTransaction = transact(
			clock,
			(reply) => {
				peer.register(request, reply);
			},
			(answer) => {
				this.#answered(request, answer);
			},
		);
	}

	#answered(request: RegisterRequest, answer: SipAnswer): void {
		this.#requests.shift();
		this.#cancelRefresh();
		if (answer.status === 200 && answer.expires !== undefined) {
			this.#cancelRefresh = this.#options.clock.after(this.#refreshAfter(answer.expires) * 1_000, () => {
				if (this.#requests.length === 0) {
					this.register(request);
				}
			});
		}
		const next = this.#requests[0];
		if (next !== undefined) {
			this.#send(next);
		}
		this.#options.answered(answer);
	}

	/** Seconds; the stack draws lots within these bounds. */
	#refreshAfter(granted: number): number {
		const { random } = this.#options;
		if (granted > 90 && granted < 300) {
			return random.between(granted - 60, granted - 30);
		}
		const least = Math.max(1, Math.floor((granted + 2) / 4));
		return random.between(least, least + Math.floor((granted + 1) / 2));
	}
}
