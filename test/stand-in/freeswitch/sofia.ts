/**
 * FreeSWITCH's SIP module: the profiles, and the one table by which gateways are found by name. The table knows one gateway
 * a name for all profiles together, and it is why an answer may be credited to another gateway than the one that asked.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";
import type { SipPeer } from "../registrar/registrar.ts";
import type { Configuration } from "./configuration.ts";
import type { Events } from "./events.ts";
import type { Gateway } from "./gateway.ts";
import { readGateway } from "./gateway-settings.ts";
import type { Random } from "./random.ts";
import { Profile, type ProfileSurroundings, type ProfileTiming } from "./sofia-profile.ts";

export interface SofiaOptions {
	readonly clock: Clock;
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
	readonly #options: SofiaOptions;
	/** By name and by alias. */
	readonly #profiles = new Map<string, Profile>();
	/** By `NAME` and by `PROFILE::NAME`. */
	readonly #gateways = new Map<string, Gateway>();
	readonly #around: ProfileSurroundings;
	#stopped: (() => void) | undefined;

	constructor(options: SofiaOptions) {
		const { clock, random, peer, events, seconds } = options;
		this.#options = options;
		this.#around = {
			clock,
			random,
			peer,
			seconds,
			find: (name) => this.gateway(name),
			added: (gateway) => {
				this.#added(gateway);
			},
			forgotten: (gateway) => {
				if (this.#gateways.get(gateway.name) === gateway) {
					this.#forget(gateway);
				}
			},
			deleted: ({ profile, name }) => {
				const at = { file: "sofia_reg.c", function: "sofia_reg_check_gateway", line: 343 };
				events.fire("sofia::gateway_delete", at, { "profile-name": profile, Gateway: name });
			},
			ended: (profile) => {
				this.#ended(profile);
			},
			stateChanged: (gateway, status, phrase) => {
				const at = { file: "sofia_reg.c", function: "sofia_reg_fire_custom_gateway_state_event", line: 156 };
				const { name, state, network } = gateway;
				events.fire("sofia::gateway_state", at, {
					Gateway: name,
					State: state,
					"Ping-Status": gateway.status,
					...(network && { "Register-Network-IP": network.ip, "Register-Network-Port": String(network.port) }),
					...(phrase !== "" && { Phrase: phrase }),
					...(status !== 0 && { Status: String(status) }),
				});
				changed();
			},
		};
	}

	get ip(): string {
		return this.#options.ip;
	}

	/** Profiles and aliases, in the order of their coming. */
	get profiles(): ReadonlyMap<string, Profile> {
		return this.#profiles;
	}

	/** A running profile by its name or an alias. */
	profile(name: string): Profile | undefined {
		const profile = this.#profiles.get(name);
		return profile?.running === true ? profile : undefined;
	}

	/** A gateway by its name: one that is neither killed nor in a profile that is stopping. */
	gateway(name: string): Gateway | undefined {
		const gateway = this.#gateways.get(name);
		return gateway === undefined || gateway.deleted || this.profile(gateway.profile) === undefined
			? undefined
			: gateway;
	}

	/** Starts a profile with all gateways of the configuration as last read. Returns whether it is configured. */
	start(name: string): boolean {
		const { configuration, timing } = this.#options;
		const found = configuration.profiles.find((profile) => profile.name === name);
		if (found === undefined) {
			return false;
		}
		const profile = new Profile(found, timing, this.#around);
		for (const key of [name, ...(found.aliases ?? [])]) {
			if (!this.#profiles.has(key)) {
				this.#profiles.set(key, profile);
			}
		}
		this.loadGateways(profile);
		changed();
		return true;
	}

	/** Loads the gateways that are new in the configuration as last read; those that are loaded stay as they are. */
	loadGateways(profile: Profile, only?: string): void {
		const { configuration, ip } = this.#options;
		const { name, port = 5080, context = "public" } = profile.configuration;
		for (const element of configuration.gatewaysOf(name)) {
			const settings = readGateway(element, { ip, port, context });
			if (settings !== undefined && (only === undefined || only === settings.name)) {
				const loaded = this.#gateways.has(settings.name) && this.#gateways.get(`${name}::${settings.name}`);
				if (!loaded || loaded.deleted) {
					profile.add(settings);
				}
			}
		}
		changed();
	}

	/** Has all profiles tick, for a FreeSWITCH whose profiles do not tick by themselves. */
	tick(): void {
		for (const profile of new Set(this.#profiles.values())) {
			profile.tick();
		}
	}

	/** Ends all profiles, each at its next tick, and calls `ended` then. */
	stop(ended: () => void): void {
		this.#stopped = ended;
		for (const profile of new Set(this.#profiles.values())) {
			profile.stop(false);
		}
		this.#tellStopped();
	}

	#added(gateway: Gateway): void {
		const { name, profile } = gateway;
		const former = this.#gateways.get(name);
		if (former?.deleted === true) {
			this.#forget(former);
		}
		// A gateway whose name another profile has is in its profile's list, but nowhere else, and nobody is told.
		if (!this.#gateways.has(name) && !this.#gateways.has(`${profile}::${name}`)) {
			this.#gateways.set(name, gateway);
			this.#gateways.set(`${profile}::${name}`, gateway);
			const at = { file: "sofia_reg.c", function: "sofia_reg_add_gateway", line: 3723 };
			this.#options.events.fire("sofia::gateway_add", at, { Gateway: name, "profile-name": profile });
		}
	}

	#forget({ name, profile }: Gateway): void {
		this.#gateways.delete(name);
		this.#gateways.delete(`${profile}::${name}`);
	}

	#ended(profile: Profile): void {
		for (const [key, found] of [...this.#profiles]) {
			if (found === profile) {
				this.#profiles.delete(key);
			}
		}
		if (this.#stopped !== undefined) {
			this.#tellStopped();
		} else if (profile.respawn) {
			this.#options.clock.after(this.#options.timing.restart, () => {
				this.start(profile.name);
			});
		}
	}

	#tellStopped(): void {
		if (this.#profiles.size === 0) {
			this.#stopped?.();
		}
	}
}
