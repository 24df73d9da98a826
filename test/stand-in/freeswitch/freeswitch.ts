/**
 * A FreeSWITCH: one run of it, from its start to its end, without sockets. Whatever is seen of the real one from outside is
 * held against the recordings (stand-in-recordings.test.ts); the rest follows its source.
 */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";
import { StoppableClock } from "../clocks.ts";
import type { SipPeer } from "../registrar/registrar.ts";
import { conferenceCommand } from "./conference-commands.ts";
import { Conferences } from "./conferences.ts";
import { Configuration, type ProfileConfiguration } from "./configuration.ts";
import { Events } from "./events.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Latencies, latencyOf, noLatencies } from "./latencies.ts";
import { Random } from "./random.ts";
import { heardWhile } from "./sip-transaction.ts";
import type { Variables } from "./snippet-directory.ts";
import { Sofia } from "./sofia.ts";
import { sofiaCommand } from "./sofia-commands.ts";
import type { ProfileTiming } from "./sofia-profile.ts";

export interface FreeSwitchOptions {
	readonly clock: Clock;
	/** Where gateways register. */
	readonly peer: SipPeer;
	readonly profiles: readonly ProfileConfiguration[];
	/** What ids and chance are drawn from: the same seed, the same run. */
	readonly seed?: number;
	/** ms since 1970 when the clock shows 0. */
	readonly epoch?: number;
	/** ms from its start until its modules are loaded; till then hardly a command is known. */
	readonly modulesAfter?: number;
	readonly timing?: Partial<ProfileTiming>;
	readonly latencies?: Partial<Latencies>;
	readonly variables?: Variables;
	/** The address that it registers and shows. */
	readonly ip?: string;
	readonly version?: string;
}

/** FreeSWITCH ends at once when its configuration is broken at its start. */
export class BrokenConfiguration extends Error {
	override readonly name = "BrokenConfiguration";
}

/** Nobody is there to answer. */
export class FreeSwitchEnded extends Error {
	override readonly name = "FreeSwitchEnded";
}

/** ms since 1970 when no other epoch is asked for: the night of the recordings. */
const recordedNight = 1_795_392_000_000;

/** ms from the end of the profiles until connections are closed, when it is shut down (recording 14). */
const shutdownTakes = 190;

export class FreeSwitch {
	readonly events: Events;
	readonly conferences: Conferences;
	readonly sofia: Sofia;
	readonly configuration: Configuration;
	readonly coreUuid: string;
	readonly #clock: StoppableClock;
	readonly #random: Random;
	readonly #epoch: number;
	readonly #version: string;
	readonly #latencies: Latencies;
	readonly #ends: (() => void)[] = [];
	/** Go on with the commands that are taking their time. */
	readonly #underWay = new Set<() => void>();
	#modulesLoaded = false;
	#alive = true;

	/** @throws BrokenConfiguration */
	constructor(options: FreeSwitchOptions) {
		const { peer, ip = "127.0.0.2", epoch = recordedNight, version = "1.10.12-release~64bit" } = options;
		const {
			tickInterval = 1_000,
			firstTick = tickInterval,
			ticksByItself = true,
			restart = 1_200,
		} = options.timing ?? {};
		const clock = new StoppableClock(options.clock);
		const random = new Random(options.seed ?? 1);
		const seconds = () => this.seconds();
		this.#clock = clock;
		this.#random = random;
		this.#epoch = epoch;
		this.#version = version;
		this.#latencies = { ...noLatencies, ...options.latencies };
		this.coreUuid = random.uuid();
		this.configuration = new Configuration(options.profiles, options.variables);
		this.events = new Events({
			clock,
			epoch,
			coreUuid: this.coreUuid,
			hostname: "vm",
			ipv4: "192.0.2.2",
			ipv6: "fd00::2",
		});
		this.conferences = new Conferences({ events: this.events, random, seconds, domain: ip });
		this.sofia = new Sofia({
			clock,
			random,
			peer: heardWhile(() => this.#alive, peer),
			events: this.events,
			configuration: this.configuration,
			ip,
			seconds,
			timing: { tickInterval, firstTick, ticksByItself, restart },
		});
		const outcome = this.configuration.reload();
		if (!this.configuration.loaded) {
			throw new BrokenConfiguration(outcome);
		}
		heartbeat(this.events, clock, version);
		if (options.modulesAfter === undefined) {
			this.#loadModules();
		} else {
			clock.after(options.modulesAfter, () => {
				this.#loadModules();
			});
		}
	}

	get alive(): boolean {
		return this.#alive;
	}

	/** Its time in whole seconds. */
	seconds(): number {
		return Math.floor((this.#epoch + this.#clock.now()) / 1_000);
	}

	/**
	 * Carries out what an event socket's `api` would, and returns its answer.
	 * @throws NotModelled, and FreeSwitchEnded when it is killed meanwhile or has been
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
		if (!this.#alive) {
			throw new FreeSwitchEnded(`FreeSWITCH ended before it carried out "${command}"`);
		}
		return this.#execute(command) || "-ERR no reply\n";
	}

	newUuid(): string {
		return this.#random.uuid();
	}

	/** Calls `callback` when it has ended of itself, by `shutdown`. */
	onEnd(callback: () => void): void {
		this.#ends.push(callback);
	}

	/** Ends it in order: gateways un-REGISTER and are deleted at their profiles' next ticks; conferences just end. */
	shutdown(): void {
		this.sofia.stop(() => {
			this.#clock.after(shutdownTakes, () => {
				this.kill();
				for (const callback of this.#ends) {
					callback();
				}
			});
		});
	}

	/** Ends it as kill -9 does: from now on nothing happens, nobody is told anything, the registrar least of all. */
	kill(): void {
		this.#alive = false;
		this.#clock.stop();
		for (const resume of this.#underWay) {
			resume();
		}
		changed();
	}

	#loadModules(): void {
		this.#modulesLoaded = true;
		for (const { name } of this.configuration.profiles) {
			this.sofia.start(name);
		}
	}

	#execute(command: string): string {
		const [, name = "", argument = ""] = /^(\S*) ?(.*)$/s.exec(command) ?? [];
		const words = argument.split(" ").filter((word) => word !== "");
		if (this.#modulesLoaded) {
			switch (name.toLowerCase()) {
				case "sofia": {
					const { sofia, configuration } = this;
					return sofiaCommand({ sofia, configuration, seconds: () => this.seconds(), clock: this.#clock }, words);
				}
				case "conference":
					return conferenceCommand(this.conferences, words, this.seconds());
				case "reloadxml":
					return `+OK [${this.configuration.reload()}]\n`;
				case "version":
					return words[0]?.toLowerCase() === "short"
						? `${/^[\d.]+/.exec(this.#version)?.[0] ?? ""}\n`
						: `FreeSWITCH Version ${this.#version} (-release 64bit)\n`;
				case "fsctl":
					if (words[0] === "shutdown") {
						this.shutdown();
						return "+OK\n";
					}
			}
		}
		return `-ERR ${name} Command not found!\n`;
	}
}
