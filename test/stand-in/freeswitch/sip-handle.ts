/**
 * The requests of one gateway: REGISTER and un-REGISTER in a dialog of its own, and pings. As in FreeSWITCH's SIP stack
 * (sofia-sip), one REGISTER is under way at a time, and the stack refreshes a registration by its own timer, without the
 * gateway.
 */
import type { StoppableClock } from "../clocks.ts";
import type { RegisterRequest, SipAnswer, SipPeer } from "../registrar/registrar.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewaySettings } from "./gateway-settings.ts";
import type { Random } from "./random.ts";

export interface SipHandleSurroundings {
	readonly clock: StoppableClock;
	readonly random: Random;
	readonly peer: SipPeer;
	/** Runs an action on the profile's SIP stack, which starts later than the profile. */
	readonly onStack: (action: () => void) => void;
	/** Finds the gateway that takes the answers for a name, which need not be the one that asked; a killed one does not. */
	readonly find: (name: string) => Gateway | undefined;
}

/** ms without an answer after which the stack makes up a 408. */
const patience = 32_000;

export class SipHandle {
	readonly #name: string;
	readonly #request: RegisterRequest;
	readonly #around: SipHandleSurroundings;
	/** Whether the gateway has asked for a REGISTER since the last un-REGISTER. */
	#tried = false;
	/** The number of REGISTERs under way and waiting. */
	#pending = 0;
	#cancelRefresh = () => {};
	#endTransaction = () => {};

	constructor(settings: GatewaySettings, around: SipHandleSurroundings) {
		this.#around = around;
		this.#name = settings.name;
		this.#request = {
			user: settings.registeredUser,
			host: settings.host,
			contact: settings.contact,
			callId: around.random.uuid(),
			expires: settings.requestedSeconds,
		};
	}

	/** The Call-ID of its REGISTERs. */
	get callId(): string {
		return this.#request.callId;
	}

	register(): void {
		this.#tried = true;
		this.#around.onStack(() => this.#enqueue());
	}

	/**
	 * Un-REGISTERs if a REGISTER was sent. While a REGISTER is unanswered, FreeSWITCH skips the un-REGISTER: a gateway killed
	 * then leaves a binding behind if the registrar accepts.
	 */
	unregister(): void {
		this.#letGo(() => {
			if (this.#pending === 0) {
				this.#around.peer.register({ ...this.#request, expires: 0 }, () => {
					// The handle is gone by then.
				});
			}
		});
	}

	/** Stops waiting for answers, without an un-REGISTER. */
	giveUp(): void {
		this.#letGo(() => {});
	}

	ping(): void {
		const { peer, find, onStack } = this.#around;
		onStack(() => {
			this.#transact(
				(reply) => peer.ping(this.#request.host, reply),
				(answer) => find(this.#name)?.pingAnswered(answer),
			);
		});
	}

	#letGo(first: () => void): void {
		if (this.#tried) {
			this.#tried = false;
			this.#around.onStack(() => {
				first();
				this.#pending = 0;
				this.#cancelRefresh();
				this.#endTransaction();
			});
		}
	}

	#enqueue(): void {
		this.#pending += 1;
		if (this.#pending === 1) {
			this.#send();
		}
	}

	#send(): void {
		this.#endTransaction = this.#transact(
			(reply) => this.#around.peer.register(this.#request, reply),
			(answer) => this.#answered(answer),
		);
	}

	#answered(answer: SipAnswer): void {
		this.#pending -= 1;
		this.#cancelRefresh();
		if (answer.status === 200 && answer.expires !== undefined) {
			this.#cancelRefresh = this.#around.clock.after(this.#refreshAfter(answer.expires) * 1_000, () => {
				if (this.#pending === 0) {
					this.#enqueue();
				}
			});
		}
		if (this.#pending > 0) {
			this.#send();
		}
		this.#around.find(this.#name)?.registerAnswered(answer);
	}

	/**
	 * Sends a request and passes the first answer on, if FreeSWITCH still runs.
	 * @returns ends the transaction: no answer is passed on after that
	 */
	#transact(send: (reply: (answer: SipAnswer) => void) => void, answered: (answer: SipAnswer) => void): () => void {
		const { clock } = this.#around;
		let open = true;
		const end = (answer?: SipAnswer) => {
			const heard = open && !clock.stopped;
			open = false;
			cancel();
			if (heard && answer !== undefined) {
				answered(answer);
			}
		};
		const cancel = clock.after(patience, () => end({ status: 408, phrase: "Request Timeout" }));
		send(end);
		return end;
	}

	/** Seconds, drawn at random within the stack's bounds. */
	#refreshAfter(granted: number): number {
		const { random } = this.#around;
		if (granted > 90 && granted < 300) {
			return random.between(granted - 60, granted - 30);
		}
		const least = Math.max(1, Math.floor((granted + 2) / 4));
		return random.between(least, least + Math.floor((granted + 1) / 2));
	}
}
