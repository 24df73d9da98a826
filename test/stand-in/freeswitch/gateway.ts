/**
 * One gateway of a SIP profile: the states it goes through, step by step as FreeSWITCH's profile thread takes them once a
 * second, and what answers of the registrar do to it in between. It does not know its profile's other gateways.
 */

import type { SipAnswer } from "../registrar/registrar.ts";
import { GatewayRequests, type GatewayRequestsSurroundings } from "./gateway-requests.ts";
import type { GatewaySettings } from "./gateway-settings.ts";

export type GatewayState =
	| "UNREGED"
	| "TRYING"
	| "REGISTER"
	| "REGED"
	| "UNREGISTER"
	| "FAILED"
	| "FAIL_WAIT"
	| "NOREG"
	| "DOWN"
	| "TIMEOUT";

/** What a gateway needs of the profile that it is in. */
export interface GatewaySurroundings extends Omit<GatewayRequestsSurroundings, "registerAnswered" | "pingAnswered"> {
	readonly profile: string;
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
	/** The gateway that answers for a name are credited to: found by name, in any profile, and not if it is killed. */
	readonly find: (name: string) => Gateway | undefined;
	/** Fires `sofia::gateway_state`. */
	readonly stateChanged: (gateway: Gateway, status: number, phrase: string) => void;
}

export class Gateway {
	readonly settings: GatewaySettings;
	readonly profile: string;
	state: GatewayState = "UNREGED";
	/** Whether it is held to be alive, by registration or by pings; what gwlist goes by. */
	status: "UP" | "DOWN" = "DOWN";
	deleted = false;
	/** In FreeSWITCH's seconds: when to try again, when a try has taken too long, when the next ping is due. */
	retry = 0;
	timeout = 0;
	ping: number;
	pinging = false;
	pingCount = 0;
	/** ms that the last ping took. */
	pingTime = 0;
	/** On the clock, ms: since when `status` is UP. */
	upSince: number;
	/** Where the registrar's last answer came from. */
	network: { readonly ip: string; readonly port: number } | undefined;
	readonly #around: GatewaySurroundings;
	readonly #requests: GatewayRequests;
	#expires = 0;
	#failures = 0;
	#failureStatus = 0;

	constructor(settings: GatewaySettings, around: GatewaySurroundings) {
		this.settings = settings;
		this.profile = around.profile;
		this.#around = around;
		this.#requests = new GatewayRequests(settings, {
			...around,
			// By name, so it may be another gateway than the one that asked.
			registerAnswered: (answer) => around.find(this.name)?.registerAnswered(answer),
			pingAnswered: (answer, took) => around.find(this.name)?.pingAnswered(answer, took),
		});
		this.ping = settings.pingSeconds === 0 ? 0 : around.seconds() + settings.pingSeconds;
		this.upSince = around.clock.now();
		if (!settings.registers) {
			this.state = "NOREG";
			this.status = "UP";
		}
	}

	get name(): string {
		return this.settings.name;
	}

	/** Marks it for deletion, which the profile's ticks carry out. */
	kill(): void {
		if (!this.deleted) {
			this.unregister();
			this.deleted = true;
		}
	}

	/** Has it un-REGISTER at the next tick. */
	unregister(): void {
		if (this.state !== "NOREG") {
			this.retry = 0;
			this.state = "UNREGISTER";
		}
	}

	/** Has it REGISTER at the next tick, whatever its state. */
	register(): void {
		if (this.state !== "NOREG") {
			this.retry = 0;
			this.state = "UNREGED";
		}
	}

	/** One tick's step. `now` in FreeSWITCH's seconds. */
	step(now: number): void {
		const before = this.state;
		const alive = before === "NOREG" || before === "REGED";
		if (this.ping !== 0 && !this.pinging && now >= this.ping && alive && !this.deleted) {
			this.pinging = true;
			this.#requests.ping();
		}
		switch (before) {
			case "DOWN":
			case "NOREG":
				if (this.ping === 0 && !this.pinging) {
					this.#isUp();
				}
				break;
			case "REGISTER": {
				const { frequency } = this.settings;
				this.#failures = 0;
				this.#expires = now + Math.max(1, frequency > 30 ? frequency - 15 : Math.floor(frequency / 2));
				this.state = "REGED";
				this.#isUp();
				break;
			}
			case "UNREGISTER":
				this.#requests.unregister();
				this.state = "DOWN";
				this.status = "DOWN";
				break;
			case "UNREGED":
				this.#requests.register();
				this.retry = now + this.settings.retrySeconds;
				this.timeout = now + this.settings.timeoutSeconds;
				this.state = "TRYING";
				break;
			case "TIMEOUT":
				this.#requests.giveUp();
				this.state = "FAILED";
				this.#failures += 1;
				this.#failureStatus = 908;
				break;
			case "FAILED":
				this.retry = now + this.#retrySeconds();
				this.status = "DOWN";
				this.state = "FAIL_WAIT";
				this.#failureStatus = 0;
				break;
			case "FAIL_WAIT":
				if (now >= this.retry) {
					this.state = "UNREGED";
				}
				break;
			case "TRYING":
				if (now >= this.timeout) {
					this.state = "TIMEOUT";
				}
				break;
			case "REGED":
				if (now >= this.#expires) {
					this.state = "UNREGED";
				}
				break;
		}
		if (this.state !== before) {
			this.#around.stateChanged(this, 0, "");
		}
	}

	/** The answer to a REGISTER sent under this gateway's name. */
	registerAnswered({ status, phrase, network }: SipAnswer): void {
		const { state } = this;
		const formerIp = network === undefined ? undefined : this.network?.ip;
		this.network = network ?? this.network;
		if (status === 200) {
			this.state = "REGISTER";
		} else {
			this.state = "FAILED";
			this.#failureStatus = status;
			this.#failures += 1;
		}
		if (this.state !== state || (this.network !== undefined && this.network.ip !== formerIp)) {
			this.#around.stateChanged(this, status, phrase);
		}
	}

	/** The answer to a ping sent under this gateway's name. */
	pingAnswered({ status, phrase }: SipAnswer, took: number): void {
		let tell = this.settings.pingMonitoring;
		if (status >= 200 && status < 600 && status !== 408 && status !== 503) {
			if (this.state === "FAILED") {
				this.state = "UNREGED";
			}
			if (this.pingCount < this.settings.pingMax) {
				this.pingCount += 1;
				if (this.pingCount >= this.settings.pingMin && this.#isUp()) {
					tell = true;
				}
			}
			this.pingTime = took;
		} else {
			if (this.state === "REGED") {
				this.state = "FAILED";
			}
			this.pingCount = Math.max(0, this.pingCount - 1);
			if (this.pingCount < this.settings.pingMin && this.status === "UP") {
				this.status = "DOWN";
				tell = true;
			}
			this.pingTime = 0;
		}
		this.ping = this.#around.seconds() + this.settings.pingSeconds;
		this.pinging = false;
		if (tell) {
			this.#around.stateChanged(this, status, phrase);
		}
	}

	/** Whether that is news. */
	#isUp(): boolean {
		if (this.status === "UP") {
			return false;
		}
		this.status = "UP";
		this.upSince = this.#around.clock.now();
		return true;
	}

	#retrySeconds(): number {
		const { retrySeconds, retrySecondsAfterTimeout } = this.settings;
		if (retrySecondsAfterTimeout && this.#failureStatus === 908) {
			return retrySecondsAfterTimeout;
		}
		const constant = this.#failureStatus === 503 || this.#failureStatus === 908 || this.#failures < 1;
		return constant ? retrySeconds : retrySeconds * this.#failures;
	}
}
