/** Puts the parts together: FreeSWITCH's connection on one side, the generator on the other, the reconciler between. */
import { atMost, type Clock } from "./clock.ts";
import type { Config } from "./config/command-line.ts";
import { Generation } from "./controller/generation.ts";
import { Reconciler } from "./controller/reconciler.ts";
import { accessOf } from "./freeswitch/access.ts";
import { Connection } from "./freeswitch/connection.ts";
import type { ConnectionLost } from "./freeswitch/event-socket.ts";
import type { Event } from "./freeswitch/events.ts";
import type { EventSocketOptions, Session } from "./freeswitch/session.ts";
import { Script, type ScriptOptions } from "./generator/script.ts";
import type { StartScript } from "./generator/script-process.ts";
import { whenConnected, whenLost } from "./systemd/status.ts";

export interface DaemonOptions extends Pick<ScriptOptions, "environment" | "places" | "clock" | "log"> {
	readonly config: Config;
	/** Text that stands for the script's settings in an environment: another one for other settings. Letters and digits. */
	readonly markOf: (environment: DaemonOptions["environment"]) => string;
	/** Starts the script's process. */
	readonly startScript: StartScript;
	/** Opens a connection to FreeSWITCH; rejects with ConnectionLost. */
	readonly openSession: (options: EventSocketOptions, onEvent: (event: Event) => void) => Promise<Session>;
	/** Gives numbers from 0 to 1. */
	readonly random: () => number;
	/** FreeSWITCH does not want this client. */
	readonly refused: (error: ConnectionLost) => void;
	/** The first attempt to connect has been made, whatever came of it. */
	readonly ready: () => void;
	/** Told how the daemon is, each time that it may have changed. */
	readonly status: (sentence: () => string) => void;
}

/** ms that a pass under way, with its scripts, may take to end when the daemon is told to stop. */
const stopPatience = 3_000;

export class Daemon {
	readonly #generator: Script;
	readonly #reconciler: Reconciler;
	readonly #connection: Connection;
	readonly #clock: Clock;
	readonly #markOf: DaemonOptions["markOf"];
	#reloads = 0;

	constructor(options: DaemonOptions) {
		const { config, clock, log, openSession, startScript, refused, ready, status, random, markOf, environment } =
			options;
		this.#clock = clock;
		this.#markOf = markOf;
		const generation = new Generation(markOf(environment));
		this.#generator = new Script({
			...options,
			...config,
			environment: marked(environment, generation),
			start: startScript,
		});
		let connected: Session | undefined;
		const reconciler = new Reconciler({
			...config,
			generator: this.#generator,
			generation,
			clock,
			log,
			changed: () => {
				const session = connected;
				if (session !== undefined) {
					status(() => whenConnected(session, reconciler.standing));
				}
			},
		});
		this.#reconciler = reconciler;
		this.#connection = new Connection({
			open: async () => openSession(await accessOf(config), (event) => reconciler.event(event)),
			connected: (session) => {
				connected = session;
				status(() => whenConnected(session, undefined));
				ready();
				reconciler.connected(session);
			},
			disconnected: () => {
				connected = undefined;
				reconciler.disconnected();
			},
			away: () => reconciler.away(),
			lost: (error) => {
				status(() => whenLost(error));
				if (error.final) {
					refused(error);
				} else {
					ready();
				}
			},
			clock,
			log,
			random,
		});
	}

	start(): void {
		this.#connection.start();
	}

	/** Has all running rooms registered anew, one after the other, by a script that sees this environment. */
	reload(environment: DaemonOptions["environment"]): void {
		this.#reloads += 1;
		const generation = new Generation(this.#markOf(environment), this.#reloads);
		this.#generator.environment = marked(environment, generation);
		this.#reconciler.reload(generation);
	}

	/** ms on the clock until which something must have happened; later, the daemon hangs. */
	get deadline(): number {
		return Math.min(this.#connection.deadline, this.#reconciler.deadline);
	}

	/** Ends the pass under way, the scripts and the connection; what is registered stays registered. */
	async stop(): Promise<void> {
		await atMost(stopPatience, this.#reconciler.stop(), this.#clock);
		await this.#generator.stop();
		this.#connection.close();
	}
}

/** The environment of scripts, which they find the mark of their settings in. */
function marked(environment: DaemonOptions["environment"], { mark }: Generation): DaemonOptions["environment"] {
	return { ...environment, GATEWAY_MARK: mark };
}
