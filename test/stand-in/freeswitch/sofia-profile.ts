/**
 * A SIP profile: its list of gateways, and the thread that steps all of them once a second. The list is newest first and one
 * tick goes through all of it. So a new gateway REGISTERs before the killed one of its name un-REGISTERs: the race follows from
 * the order of the list and is not written anywhere.
 */
import { changed } from "../../support/until.ts";
import { Gateway, type GatewaySurroundings } from "./gateway.ts";
import type { GatewaySettings } from "./gateway-settings.ts";

export interface ProfileTiming {
	/** ms between ticks. In reality a little more than 1,000: ten waits of 100 ms each. */
	readonly tickInterval: number;
	/** ms from the profile's start to its first tick. */
	readonly firstTick: number;
	/** ms from a stopping profile's last tick to the start of the new one. */
	readonly restart: number;
}

/** What a profile needs of the module that it belongs to. */
export interface ProfileSurroundings extends Omit<GatewaySurroundings, "onStack"> {
	/** The profile has ended, and all of its gateways are gone. */
	readonly ended: () => void;
}

/** ms from a profile's start to the start of its SIP stack; requests made earlier wait (recording 10). */
const stackStarts = 1_100;

export class Profile {
	readonly name = "external";
	/** FreeSWITCH's seconds. */
	readonly startedAt: number;
	running = true;
	/** Newest first. */
	gateways: Gateway[] = [];
	/** The newest gateway of each name. */
	readonly #newest = new Map<string, Gateway>();
	readonly #around: ProfileSurroundings;
	readonly #tickInterval: number;
	#waitingForStack: (() => void)[] | undefined = [];

	constructor({ tickInterval, firstTick }: ProfileTiming, around: ProfileSurroundings) {
		this.#around = around;
		this.#tickInterval = tickInterval;
		this.startedAt = around.seconds();
		around.clock.after(stackStarts, () => this.#startStack());
		this.#scheduleTick(around.clock.now() + firstTick);
	}

	/** The gateway of that name, unless it is killed. */
	find(name: string): Gateway | undefined {
		const gateway = this.#newest.get(name);
		return gateway?.deleted === false ? gateway : undefined;
	}

	/** Loads a gateway, unless one of its name is loaded. */
	add(settings: GatewaySettings): void {
		const { name } = settings;
		if (this.find(name) !== undefined) {
			return;
		}
		const gateway = new Gateway(settings, {
			...this.#around,
			onStack: (action) => {
				if (this.#waitingForStack === undefined) {
					action();
				} else {
					this.#waitingForStack.push(action);
				}
			},
		});
		this.gateways.unshift(gateway);
		this.#newest.set(name, gateway);
		const at = ["sofia_reg.c", "sofia_reg_add_gateway", 3723] as const;
		this.#around.events.fire("sofia::gateway_add", at, { Gateway: name, "profile-name": this.name });
	}

	/** Ends the profile at its next tick; its thread is in the middle of a wait. */
	stop(): void {
		this.running = false;
		changed();
	}

	#tick(): void {
		if (this.running) {
			this.#check();
		} else {
			this.gateways.forEach((gateway) => gateway.kill());
			// The first round un-REGISTERs, the second deletes.
			this.#check();
			this.#check();
			this.#startStack();
			this.#around.ended();
		}
		changed();
	}

	#check(): void {
		const isGone = ({ deleted, state }: Gateway) => deleted && state === "DOWN";
		const gone = this.gateways.filter(isGone);
		this.gateways = this.gateways.filter((gateway) => !isGone(gateway));
		for (const gateway of gone) {
			const { name } = gateway;
			if (this.#newest.get(name) === gateway) {
				this.#newest.delete(name);
			}
			const at = ["sofia_reg.c", "sofia_reg_check_gateway", 343] as const;
			this.#around.events.fire("sofia::gateway_delete", at, { "profile-name": this.name, Gateway: name });
		}
		const now = this.#around.seconds();
		this.gateways.forEach((gateway) => gateway.step(now));
	}

	#startStack(): void {
		const waiting = this.#waitingForStack ?? [];
		this.#waitingForStack = undefined;
		waiting.forEach((action) => action());
	}

	#scheduleTick(due: number): void {
		const { clock } = this.#around;
		clock.after(due - clock.now(), () => {
			this.#tick();
			if (this.running || this.gateways.length > 0) {
				this.#scheduleTick(due + this.#tickInterval);
			}
		});
	}
}
