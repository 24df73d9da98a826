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
import { Configuration } from "./configuration.ts";
import { Events } from "./events.ts";
import { defaultIp } from "./gateway-settings.ts";
import { type Latencies, latencyOf } from "./latencies.ts";
import { NotModelled } from "./not-modelled.ts";
import { Random } from "./random.ts";
import { Sofia } from "./sofia.ts";
import { sofiaCommand } from "./sofia-commands.ts";
import type { ProfileTiming } from "./sofia-profile.ts";

export interface FreeSwitchOptions {
	readonly clock: Clock;
	/** Receives what gateways send. */
	readonly peer: SipPeer;
	/** The preprocessed text of the snippets of its SIP profile, `external`. */
	readonly snippets: () => string;
	/** Determines ids and random delays: the same seed makes the same run. */
	readonly seed?: number;
	/** ms from its start until its modules are loaded; before that, most commands are unknown. */
	readonly modulesAfter?: number;
	/** Its address in contacts and listings. */
	readonly ip?: string;
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

/** ms since 1970 when the clock shows 0: the night of the recordings. */
const epoch = 1_795_392_000_000;

/** ms from the end of the profiles to the end of FreeSWITCH in a shutdown (recording 14). */
const shutdownTakes = 190;

export class FreeSwitch {
	readonly events: Events;
	readonly conferences: Conferences;
	readonly sofia: Sofia;
	readonly configuration: Configuration;
	readonly #clock: StoppableClock;
	readonly #latencies: Partial<Latencies>;
	/** Wake the commands whose latency has not passed. */
	readonly #underWay = new Set<() => void>();
	#modulesLoaded = false;

	/** @throws BrokenConfiguration */
	constructor({ peer, snippets, ...options }: FreeSwitchOptions) {
		const { tickInterval = 1_000, firstTick = tickInterval, restart = 1_200 } = options.timing ?? {};
		const clock = new StoppableClock(options.clock);
		const random = new Random(options.seed ?? 1);
		const seconds = () => this.#seconds();
		const events = new Events(() => epoch + clock.now(), random.uuid());
		const configuration = new Configuration(snippets);
		this.#clock = clock;
		this.#latencies = options.latencies ?? {};
		this.configuration = configuration;
		this.events = events;
		this.conferences = new Conferences({ events, random, seconds });
		const timing = { tickInterval, firstTick, restart };
		const ip = options.ip ?? defaultIp;
		this.sofia = new Sofia({ clock, random, peer, events, configuration, seconds, timing, ip });
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
		const latency = latencyOf(command, this.#latencies, (name) => this.sofia.profile(name)?.gateways.length ?? 0);
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

	/**
	 * Shuts it down: gateways un-REGISTER and are deleted at their profile's next tick; conferences end without events.
	 * @param ended called when it has ended
	 */
	shutdown(ended: () => void): void {
		this.sofia.stop(() => {
			this.#clock.after(shutdownTakes, () => {
				this.kill();
				ended();
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
		return Math.floor((epoch + this.#clock.now()) / 1_000);
	}

	#loadModules(): void {
		this.#modulesLoaded = true;
		this.sofia.start();
	}

	#execute(command: string): string {
		const [name = "", ...words] = command.split(" ");
		const now = this.#seconds();
		if (this.#modulesLoaded) {
			switch (name) {
				case "sofia":
					return sofiaCommand(this.sofia, this.configuration, words, now);
				case "conference":
					return conferenceCommand(this.conferences, words, now);
				case "reloadxml":
					return `+OK [${this.configuration.reload()}]\n`;
				case "global_getvar":
					if (words.join(" ") !== "core_uuid") {
						throw new NotModelled(command);
					}
					return this.events.coreUuid;
				case "version":
					return "FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n";
			}
		}
		return `-ERR ${name} Command not found!\n`;
	}
}
