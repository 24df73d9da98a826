/**
 * One run of FreeSWITCH, from its start to its end, without sockets. Its visible behaviour is compared with recordings of the
 * real one (recordings.test.ts); the rest follows FreeSWITCH's source.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";
import { StoppableClock } from "../clocks.ts";
import type { SipPeer } from "../registrar/registrar.ts";
import { conferenceCommand } from "./conference-commands.ts";
import { Conferences } from "./conferences.ts";
import { Configuration, type ProfileConfiguration } from "./configuration.ts";
import { Events } from "./events.ts";
import { type Latencies, latencyOf, noLatencies } from "./latencies.ts";
import { Random } from "./random.ts";
import { Sofia } from "./sofia.ts";
import { sofiaCommand } from "./sofia-commands.ts";
import type { ProfileTiming } from "./sofia-profile.ts";

export interface FreeSwitchOptions {
	readonly clock: Clock;
	/** Receives what gateways send. */
	readonly peer: SipPeer;
	readonly profiles: readonly ProfileConfiguration[];
	/** Determines ids and random delays: the same seed makes the same run. */
	readonly seed?: number;
	/** ms since 1970 when the clock shows 0. */
	readonly epoch?: number;
	/** ms from its start until its modules are loaded; before that, most commands are unknown. */
	readonly modulesAfter?: number;
	readonly timing?: Partial<ProfileTiming>;
	readonly latencies?: Partial<Latencies>;
}

/** FreeSWITCH does not start with a broken configuration. */
export class BrokenConfiguration extends Error {
	override readonly name = "BrokenConfiguration";
}

/** FreeSWITCH has ended and answers nothing. */
export class FreeSwitchEnded extends Error {
	override readonly name = "FreeSwitchEnded";
}

/** The default epoch: the night of the recordings, in ms since 1970. */
const recordedNight = 1_795_392_000_000;

/** ms from the end of the profiles to the end of FreeSWITCH in a shutdown (recording 14). */
const shutdownTakes = 190;

/** The address in contacts and listings. */
const ip = "127.0.0.2";

export class FreeSwitch {
	readonly events: Events;
	readonly conferences: Conferences;
	readonly sofia: Sofia;
	readonly configuration: Configuration;
	readonly #clock: StoppableClock;
	readonly #epoch: number;
	readonly #latencies: Latencies;
	readonly #ends: (() => void)[] = [];
	/** Wake the commands whose latency has not passed. */
	readonly #underWay = new Set<() => void>();
	#modulesLoaded = false;

	/** @throws BrokenConfiguration */
	constructor({ peer, profiles, epoch = recordedNight, ...options }: FreeSwitchOptions) {
		const { tickInterval = 1_000, firstTick = tickInterval, restart = 1_200 } = options.timing ?? {};
		const clock = new StoppableClock(options.clock);
		const random = new Random(options.seed ?? 1);
		const seconds = () => this.#seconds();
		const events = new Events(clock, epoch, random.uuid());
		const configuration = new Configuration(profiles);
		this.#clock = clock;
		this.#epoch = epoch;
		this.#latencies = { ...noLatencies, ...options.latencies };
		this.configuration = configuration;
		this.events = events;
		this.conferences = new Conferences({ events, random, seconds, domain: ip });
		const timing = { tickInterval, firstTick, restart };
		this.sofia = new Sofia({ clock, random, peer, events, configuration, ip, seconds, timing });
		const outcome = configuration.reload();
		if (outcome !== "Success") {
			throw new BrokenConfiguration(outcome);
		}
		if (options.modulesAfter === undefined) {
			this.#loadModules();
		} else {
			clock.after(options.modulesAfter, () => this.#loadModules());
		}
	}

	get alive(): boolean {
		return !this.#clock.stopped;
	}

	/**
	 * Carries out a command as `api` on the event socket does, and returns its answer.
	 * @throws NotModelled, and FreeSwitchEnded if FreeSWITCH has ended by then
	 */
	async api(command: string): Promise<string> {
		const loaded = (profile: string) => this.sofia.profile(profile)?.gateways.length ?? 0;
		const latency = latencyOf(command, this.#latencies, loaded);
		if (latency > 0) {
			await new Promise<void>((resolve) => {
				this.#underWay.add(resolve);
				this.#clock.after(latency, () => {
					this.#underWay.delete(resolve);
					resolve();
				});
			});
		}
		if (!this.alive) {
			throw new FreeSwitchEnded(`FreeSWITCH ended before it carried out "${command}"`);
		}
		return this.#execute(command);
	}

	/** Calls `callback` at the end of a `shutdown`. */
	onEnd(callback: () => void): void {
		this.#ends.push(callback);
	}

	/** Shuts it down: gateways un-REGISTER and are deleted at their profiles' next ticks; conferences end without events. */
	shutdown(): void {
		this.sofia.stop(() => {
			this.#clock.after(shutdownTakes, () => {
				this.kill();
				this.#ends.forEach((callback) => callback());
			});
		});
	}

	/** Ends it like SIGKILL: no event, no un-REGISTER, no answer comes after that. */
	kill(): void {
		this.#clock.stop();
		this.#underWay.forEach((resume) => resume());
		changed();
	}

	/** Its time in whole seconds. */
	#seconds(): number {
		return Math.floor((this.#epoch + this.#clock.now()) / 1_000);
	}

	#loadModules(): void {
		this.#modulesLoaded = true;
		this.configuration.profiles.forEach(({ name }) => this.sofia.start(name));
	}

	#execute(command: string): string {
		const [name = "", ...words] = command.split(" ");
		const now = this.#seconds();
		if (this.#modulesLoaded) {
			switch (name) {
				case "sofia":
					return sofiaCommand({ sofia: this.sofia, configuration: this.configuration, now }, words);
				case "conference":
					return conferenceCommand(this.conferences, words, now);
				case "reloadxml":
					return `+OK [${this.configuration.reload()}]\n`;
				case "version":
					return "FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n";
			}
		}
		return `-ERR ${name} Command not found!\n`;
	}
}
