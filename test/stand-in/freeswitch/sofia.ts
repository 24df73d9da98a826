/**
 * FreeSWITCH's SIP module, with one profile, `external`. It finds the gateway of a registrar's answer by name, which may be
 * another one than the gateway that asked.
 */
import type { Configuration } from "./configuration.ts";
import type { Gateway } from "./gateway.ts";
import { readGateway } from "./gateway-settings.ts";
import { Profile, type ProfileSurroundings, type ProfileTiming } from "./sofia-profile.ts";

interface SofiaOptions extends Omit<ProfileSurroundings, "find" | "ended"> {
	readonly configuration: Configuration;
	readonly timing: ProfileTiming;
	readonly ip: string;
}

export class Sofia {
	/** Missing from its end to its next start. */
	external: Profile | undefined;
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
		return name === "external" && this.external?.running === true ? this.external : undefined;
	}

	/** A gateway of the running profile, unless it is killed. */
	gateway(name: string): Gateway | undefined {
		return this.profile("external")?.find(name);
	}

	/** Starts the profile, with all gateways of the configuration as last read. */
	start(): void {
		const { timing, clock } = this.#options;
		this.external = new Profile(timing, {
			...this.#options,
			find: (gateway) => this.gateway(gateway),
			ended: () => {
				this.external = undefined;
				if (this.#stopped === undefined) {
					clock.after(timing.restart, () => this.start());
				} else {
					this.#stopped();
				}
			},
		});
		this.loadGateways(this.external);
	}

	/** Loads the gateways of the configuration as last read that are not loaded yet. */
	loadGateways(profile: Profile): void {
		const { configuration, ip } = this.#options;
		const read = configuration.gateways().map((element) => readGateway(element, ip));
		read.filter((settings) => settings !== undefined).forEach((settings) => profile.add(settings));
	}

	/** Ends the profile at its next tick, and calls `ended` then. */
	stop(ended: () => void): void {
		this.#stopped = ended;
		if (this.external === undefined) {
			ended();
		} else {
			this.external.stop();
		}
	}
}
