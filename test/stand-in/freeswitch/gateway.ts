/**
 * One gateway of a SIP profile: its states, which the profile's thread steps once a second, and which the registrar's answers
 * change in between.
 */

import type { SipAnswer } from "../registrar/registrar.ts";
import type { Events } from "./events.ts";
import type { GatewaySettings } from "./gateway-settings.ts";
import { SipHandle, type SipHandleSurroundings } from "./sip-handle.ts";

type GatewayState =
	| "UNREGED"
	| "TRYING"
	| "REGISTER"
	| "REGED"
	| "UNREGISTER"
	| "FAILED"
	| "FAIL_WAIT"
	| "DOWN"
	| "TIMEOUT";

/** What a gateway needs of the profile that it is in. */
export interface GatewaySurroundings extends SipHandleSurroundings {
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
	readonly events: Events;
}

export class Gateway {
	readonly settings: GatewaySettings;
	state: GatewayState = "UNREGED";
	/** Whether FreeSWITCH considers it alive, by registration or by pings. */
	status: "UP" | "DOWN" = "DOWN";
	deleted = false;
	/** When to try again, in FreeSWITCH's seconds. */
	retry = 0;
	readonly #around: GatewaySurroundings;
	readonly #handle: SipHandle;
	/** When a try has taken too long, when to register anew, when to ping; in FreeSWITCH's seconds. */
	#timeout = 0;
	#expires = 0;
	#nextPing: number;
	#pinging = false;
	/** Whether the last ping was answered. */
	#pingAnswered = false;
	/** Where the registrar's last answer came from. */
	#network: { readonly ip: string; readonly port: number } | undefined;
	#failures = 0;
	#failureStatus = 0;

	constructor(settings: GatewaySettings, around: GatewaySurroundings) {
		this.settings = settings;
		this.#around = around;
		this.#handle = new SipHandle(settings, around);
		this.#nextPing = around.seconds() + settings.pingSeconds;
	}

	get name(): string {
		return this.settings.name;
	}

	/** The Call-ID of its REGISTERs. */
	get callId(): string {
		return this.#handle.callId;
	}

	/** Marks it for deletion, which the profile's ticks carry out. */
	kill(): void {
		if (!this.deleted) {
			this.unregister();
			this.deleted = true;
		}
	}

	/** Makes it un-REGISTER at the next tick. */
	unregister(): void {
		this.retry = 0;
		this.state = "UNREGISTER";
	}

	/** Makes it REGISTER at the next tick, whatever its state. */
	register(): void {
		this.retry = 0;
		this.state = "UNREGED";
	}

	/** Takes the step of one tick. @param now in FreeSWITCH's seconds */
	step(now: number): void {
		const before = this.state;
		const { pingSeconds, frequency, retrySeconds, timeoutSeconds } = this.settings;
		if (pingSeconds > 0 && !this.#pinging && now >= this.#nextPing && before === "REGED" && !this.deleted) {
			this.#pinging = true;
			this.#handle.ping();
		}
		switch (before) {
			case "DOWN":
				// FreeSWITCH has a gateway without pings count as alive even then.
				if (pingSeconds === 0) {
					this.status = "UP";
				}
				break;
			case "REGISTER":
				this.#failures = 0;
				this.#expires = now + Math.max(1, frequency > 30 ? frequency - 15 : Math.floor(frequency / 2));
				this.state = "REGED";
				this.status = "UP";
				break;
			case "UNREGISTER":
				this.#handle.unregister();
				this.state = "DOWN";
				this.status = "DOWN";
				break;
			case "UNREGED":
				this.#handle.register();
				this.retry = now + retrySeconds;
				this.#timeout = now + timeoutSeconds;
				this.state = "TRYING";
				break;
			case "TIMEOUT":
				this.#handle.giveUp();
				this.state = "FAILED";
				this.#failures += 1;
				this.#failureStatus = 908;
				break;
			case "FAILED": {
				// The wait grows with each refusal, and stays the same while nobody answers.
				const constant = this.#failureStatus === 503 || this.#failureStatus === 908 || this.#failures < 1;
				this.retry = now + retrySeconds * (constant ? 1 : this.#failures);
				this.status = "DOWN";
				this.state = "FAIL_WAIT";
				this.#failureStatus = 0;
				break;
			}
			case "FAIL_WAIT":
				this.state = now >= this.retry ? "UNREGED" : before;
				break;
			case "TRYING":
				this.state = now >= this.#timeout ? "TIMEOUT" : before;
				break;
			case "REGED":
				this.state = now >= this.#expires ? "UNREGED" : before;
				break;
		}
		if (this.state !== before) {
			this.#tellState();
		}
	}

	/** Takes the answer to a REGISTER sent under this gateway's name. */
	registerAnswered(answer: SipAnswer): void {
		const { status, network } = answer;
		const { state } = this;
		const formerIp = network === undefined ? undefined : this.#network?.ip;
		this.#network = network ?? this.#network;
		if (status === 200) {
			this.state = "REGISTER";
		} else {
			this.state = "FAILED";
			this.#failureStatus = status;
			this.#failures += 1;
		}
		if (this.state !== state || (this.#network !== undefined && this.#network.ip !== formerIp)) {
			this.#tellState(answer);
		}
	}

	/** Takes the answer to a ping sent under this gateway's name. */
	pingAnswered(answer: SipAnswer): void {
		const before = this.status;
		const answered = answer.status !== 408 && answer.status !== 503;
		if (answered && this.state === "FAILED") {
			this.state = "UNREGED";
		} else if (!answered && this.state === "REGED") {
			this.state = "FAILED";
		}
		if (!answered || !this.#pingAnswered) {
			this.status = answered ? "UP" : "DOWN";
		}
		this.#pingAnswered = answered;
		this.#nextPing = this.#around.seconds() + this.settings.pingSeconds;
		this.#pinging = false;
		if (this.status !== before) {
			this.#tellState(answer);
		}
	}

	#tellState(answer?: SipAnswer): void {
		const network = this.#network;
		const at = ["sofia_reg.c", "sofia_reg_fire_custom_gateway_state_event", 156] as const;
		this.#around.events.fire("sofia::gateway_state", at, {
			Gateway: this.name,
			State: this.state,
			"Ping-Status": this.status,
			...(network && { "Register-Network-IP": network.ip, "Register-Network-Port": String(network.port) }),
			...(answer && { Phrase: answer.phrase, Status: String(answer.status) }),
		});
	}
}
