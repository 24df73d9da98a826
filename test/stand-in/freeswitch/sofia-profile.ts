/**
 * A SIP profile: its list of gateways, and the thread that looks at all of them once a second. The list is newest first and
 * one tick goes through all of it, so of a new and a killed gateway of one name the new one REGISTERs before the killed one
 * un-REGISTERs; nothing here makes that happen on purpose.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";
import type { ProfileConfiguration } from "./configuration.ts";
import { Gateway, type GatewaySurroundings } from "./gateway.ts";
import type { GatewaySettings } from "./gateway-settings.ts";

export interface ProfileTiming {
	/** ms between ticks: a little more than 1,000 in reality, since it is ten waits of 100 ms each. */
	readonly tickInterval: number;
	/** ms from the profile's start to its first tick. */
	readonly firstTick: number;
	/** false: ticks come only when `tick` is called. */
	readonly ticksByItself: boolean;
	/** ms from a stopping profile's last tick to the start of the new one. */
	readonly restart: number;
}

/** What a profile needs of the module that it belongs to. */
export interface ProfileSurroundings extends Omit<GatewaySurroundings, "profile" | "onStack"> {
	/** A gateway has been added to the list. */
	readonly added: (gateway: Gateway) => void;
	/** A killed gateway is looked at by a tick: its name is free from now on. */
	readonly forgotten: (gateway: Gateway) => void;
	/** A gateway is gone. */
	readonly deleted: (gateway: Gateway) => void;
	/** All gateways are gone and the profile with them. */
	readonly ended: (profile: Profile) => void;
}

/** ms after a profile's start at which its SIP stack begins to run: what it is told earlier waits (recording 10). */
const stackStarts = 1_100;

export class Profile {
	readonly configuration: ProfileConfiguration;
	/** FreeSWITCH's seconds. */
	readonly startedAt: number;
	running = true;
	/** Whether it is to start again once it has ended. */
	respawn = false;
	/** Newest first. */
	gateways: Gateway[] = [];
	readonly #around: ProfileSurroundings;
	readonly #timing: ProfileTiming;
	readonly #clock: Clock;
	#waitingForStack: (() => void)[] | undefined = [];

	constructor(configuration: ProfileConfiguration, timing: ProfileTiming, around: ProfileSurroundings) {
		this.configuration = configuration;
		this.#around = around;
		this.#timing = timing;
		this.#clock = around.clock;
		this.startedAt = around.seconds();
		this.#clock.after(stackStarts, () => {
			this.#startStack();
		});
		this.#scheduleTick(this.#clock.now() + timing.firstTick);
	}

	get name(): string {
		return this.configuration.name;
	}

	add(settings: GatewaySettings): void {
		const gateway = new Gateway(settings, {
			...this.#around,
			profile: this.name,
			onStack: (action) => {
				if (this.#waitingForStack === undefined) {
					action();
				} else {
					this.#waitingForStack.push(action);
				}
			},
		});
		this.gateways.unshift(gateway);
		this.#around.added(gateway);
	}

	/** Ends it at its next tick: its thread is in the middle of a wait. */
	stop(respawn: boolean): void {
		this.running = false;
		this.respawn = respawn;
		changed();
	}

	/** What happens once a second. */
	tick(): void {
		if (this.running) {
			this.#check();
		} else {
			for (const gateway of this.gateways) {
				gateway.kill();
			}
			// Twice in a row: the first un-REGISTERs, the second deletes.
			this.#check();
			this.#check();
			this.#startStack();
			this.#around.ended(this);
		}
		changed();
	}

	#check(): void {
		const gone = (gateway: Gateway) => gateway.deleted && (gateway.state === "NOREG" || gateway.state === "DOWN");
		const { gateways } = this;
		this.gateways = gateways.filter((gateway) => !gone(gateway));
		for (const gateway of gateways.filter(({ deleted }) => deleted)) {
			this.#around.forgotten(gateway);
			if (gone(gateway)) {
				this.#around.deleted(gateway);
			}
		}
		const now = this.#around.seconds();
		for (const gateway of this.gateways) {
			gateway.step(now);
		}
	}

	#startStack(): void {
		const waiting = this.#waitingForStack ?? [];
		this.#waitingForStack = undefined;
		for (const action of waiting) {
			action();
		}
	}

	#scheduleTick(due: number): void {
		if (this.#timing.ticksByItself) {
			this.#clock.after(due - this.#clock.now(), () => {
				this.tick();
				if (this.running || this.gateways.length > 0) {
					this.#scheduleTick(due + this.#timing.tickInterval);
				}
			});
		}
	}
}
