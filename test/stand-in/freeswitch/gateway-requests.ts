/**
 * What one gateway sends: REGISTER and un-REGISTER in a dialog of its own, with its own Call-ID, and pings. It does not know
 * the gateway's states.
 */
import type { Clock } from "../../../src/clock.ts";
import type { RegisterRequest, SipAnswer, SipPeer } from "../registrar/registrar.ts";
import type { GatewaySettings } from "./gateway-settings.ts";
import type { Random } from "./random.ts";
import { SipHandle } from "./sip-handle.ts";
import { transact } from "./sip-transaction.ts";

export interface GatewayRequestsSurroundings {
	readonly clock: Clock;
	readonly random: Random;
	readonly peer: SipPeer;
	/** Does what has to do with the network: a profile's SIP stack runs only a while after its first tick. */
	readonly onStack: (action: () => void) => void;
	readonly registerAnswered: (answer: SipAnswer) => void;
	/** `took` in ms. */
	readonly pingAnswered: (answer: SipAnswer, took: number) => void;
}

export class GatewayRequests {
	readonly #request: RegisterRequest;
	readonly #around: GatewayRequestsSurroundings;
	#handle: SipHandle | undefined;

	constructor(settings: GatewaySettings, around: GatewayRequestsSurroundings) {
		this.#around = around;
		this.#request = {
			user: settings.registeredUser,
			host: settings.proxy.replace(/^sip:/i, "").replace(/[;:].*$/, ""),
			contact: settings.contact.slice(1, -1),
			callId: around.random.uuid(),
			expires: settings.requestedSeconds,
		};
	}

	register(): void {
		const { clock, random, peer, registerAnswered, onStack } = this.#around;
		this.#handle ??= new SipHandle({ clock, random, peer, answered: registerAnswered });
		const handle = this.#handle;
		onStack(() => {
			handle.register(this.#request);
		});
	}

	/** Un-REGISTERs if anything has been sent since the last time; a gateway that was never tried has nothing to take back. */
	unregister(): void {
		this.#letGo((handle) => {
			handle.unregister(this.#request);
		});
	}

	/** Waits for no answer any more, and takes nothing back. */
	giveUp(): void {
		this.#letGo((handle) => {
			handle.destroy();
		});
	}

	ping(): void {
		const { clock, peer, pingAnswered, onStack } = this.#around;
		const sent = clock.now();
		onStack(() => {
			transact(
				clock,
				(reply) => {
					peer.ping(this.#request.host, reply);
				},
				(answer) => {
					pingAnswered(answer, clock.now() - sent);
				},
			);
		});
	}

	#letGo(end: (handle: SipHandle) => void): void {
		const handle = this.#handle;
		this.#handle = undefined;
		if (handle !== undefined) {
			this.#around.onStack(() => {
				end(handle);
			});
		}
	}
}
