/**
 * FreeSWITCH's SIP module: its profiles. It finds the gateway of a registrar's answer by name, which may be another one than
 * the gateway that asked.
 */
import type { StoppableClock } from "../clocks.ts";
import type { SipPeer } from "../registrar/registrar.ts";
import type { Configuration } from "./configuration.ts";
import type { Events } from "./events.ts";
import type { Gateway } from "./gateway.ts";
import { readGateway } from "./gateway-settings.ts";
import type { Random } from "./random.ts";
import { Profile, type ProfileTiming } from "./sofia-profile.ts";

interface SofiaOptions {
	readonly clock: StoppableClock;
	readonly random: Random;
	readonly peer: SipPeer;
	readonly events: Events;
	readonly configuration: Configuration;
	/** The address of all profiles. */
	readonly ip: string;
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
	readonly timing: ProfileTiming;
}

export class Sofia {
	/** By name, in the order of their start. Includes those that are stopping. */
	readonly profiles = new Map<string, Profile>();
	readonly #options: SofiaOptions;
	#stopped: (() => void) | undefined;

	constructor(options: SofiaOptions) {
		this.#options = options;
	}

	get ip(): string {
		return this.#options.ip;
	}

	/** A running profile. */
	profile(name: string): Profile | undefined {
		const profile = this.profiles.get(name);
		return profile?.running === true ? profile : undefined;
	}

	/** A gateway of any running profile, unless it is killed. */
	gateway(name: string): Gateway | undefined {
		for (const profile of this.profiles.values()) {
			const gateway = profile.running ? profile.find(name) : undefined;
			if (gateway !== undefined) {
				return gateway;
			}
		}
		return undefined;
	}

	/** Starts a profile, with all gateways of the configuration as last read. */
	start(name: string): void {
		const { timing, clock } = this.#options;
		const profile = new Profile(name, timing, {
			...this.#options,
			find: (gateway) => this.gateway(gateway),
			ended: () => {
				this.profiles.delete(name);
				if (this.#stopped !== undefined) {
					this.#tellStopped();
				} else {
					clock.after(timing.restart, () => this.start(name));
				}
			},
		});
		this.profiles.set(name, profile);
		this.loadGateways(profile);
	}

	/** Loads the gateways of the configuration as last read that are not loaded yet. */
	loadGateways(profile: Profile): void {
		const { configuration, ip } = this.#options;
		for (const element of configuration.gatewaysOf(profile.name)) {
			const settings = readGateway(element, ip);
			if (settings !== undefined) {
				profile.add(settings);
			}
		}
	}

	/** Ends all profiles, each at its next tick, and calls `ended` then. */
	stop(ended: () => void): void {
		this.#stopped = ended;
		for (const profile of this.profiles.values()) {
			profile.stop();
		}
		this.#tellStopped();
	}

	#tellStopped(): void {
		if (this.profiles.size === 0) {
			this.#stopped?.();
		}
	}
}
