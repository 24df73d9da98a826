/** The daemon's process: put together as src/daemon.ts does, from the real parts but for the socket and the script. */

import { Reconciler } from "../../src/controller/reconciler.ts";
import { version } from "../../src/freeswitch/commands.ts";
import { Connection } from "../../src/freeswitch/connection.ts";
import { Unreachable } from "../../src/freeswitch/errors.ts";
import { ask } from "../../src/freeswitch/event-socket.ts";
import type { Session } from "../../src/freeswitch/session.ts";
import type { Log } from "../../src/log/log.ts";
import { roomsMatching } from "../../src/room.ts";
import type { FreeSwitch } from "../stand-in/freeswitch/freeswitch.ts";
import type { Random } from "../stand-in/freeswitch/random.ts";
import { ProcessTime } from "./process.ts";
import { SimulatedScript, type SimulatedScriptOptions } from "./script.ts";
import { SimulatedSession } from "./session.ts";

export interface SimulatedDaemonOptions extends Omit<SimulatedScriptOptions, "process"> {
	readonly freeswitch: () => FreeSwitch;
	/** What a try to connect meets. */
	readonly network: () => "up" | "refused" | "silent";
	readonly chunked: boolean;
	/** ms */
	readonly linger: number;
	readonly random: Random;
}

/** ms */
const resync = 30_000;
const connecting = { greeting: 5, refusal: 1, patience: 10_000 };
const stopPatience = 3_000;

const place = "localhost:8021";

export class SimulatedDaemon {
	readonly process: ProcessTime;
	session: SimulatedSession | undefined;
	/** Whether it was told to end. */
	ending = false;
	/** Resolves when it has ended, in whatever way. */
	readonly ended: Promise<void>;
	#end!: () => void;
	readonly #options: SimulatedDaemonOptions;
	readonly #script: SimulatedScript;
	readonly #reconciler: Reconciler;
	readonly #connection: Connection;

	constructor(options: SimulatedDaemonOptions) {
		const { clock, claims, history, linger, random } = options;
		const process = new ProcessTime(clock);
		const log = this.#log();
		this.#options = options;
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
		this.process = process;
		this.#script = new SimulatedScript({ ...options, process });
		const reconciler = new Reconciler({
			generator: this.#script,
			toRoom: roomsMatching("[0-9]+"),
			profile: "external",
			linger,
			resync,
			clock: process,
			log,
		});
		this.#reconciler = reconciler;
		this.#connection = new Connection({
			open: () => this.#open(),
			connected: (session) => {
				claims.storms.connected();
				history.outcome("the daemon is connected");
				reconciler.connected(session);
			},
			disconnected: () => {
				claims.storms.connectionFailed();
				claims.disconnected();
				history.outcome("the daemon's connection has ended");
				reconciler.disconnected();
			},
			lost: () => {},
			refused: () => {
				claims.fail("the daemon believes itself refused");
			},
			clock: process,
			log,
			random: () => random.between(0, 1_000) / 1_000,
		});
		claims.forgotten();
		claims.storms.newDaemon();
	}

	start(): void {
		this.#connection.start();
	}

	/** SIGHUP, with new settings. */
	reload(settings: number): void {
		this.process.deliver(() => {
			this.#script.settings = settings;
			this.#options.claims.reloads(settings);
			this.#reconciler.reload();
		});
	}

	/** Ends it as kill -9 does. `scripts`: those that are running go on. */
	kill(scripts: boolean): void {
		this.ending = true;
		this.process.kill();
		this.session?.silence();
		if (!scripts) {
			void this.#script.stop();
		}
		this.#end();
	}

	/** Ends it as SIGTERM does. */
	async stop(): Promise<void> {
		this.ending = true;
		await new Promise<void>((resolve) => {
			const cancel = this.process.after(stopPatience, resolve);
			void this.#reconciler.stop().finally(() => {
				cancel();
				resolve();
			});
		});
		await this.#script.stop();
		this.#connection.close();
		this.process.kill();
		this.#end();
	}

	/** As openEventSocket in src/freeswitch/session.ts: what it has opened is authenticated and subscribed. */
	async #open(): Promise<Session> {
		const { freeswitch, network, claims } = this.#options;
		claims.storms.connecting();
		const state = freeswitch().alive ? network() : "refused";
		if (state !== "up") {
			await this.#wait(state === "silent" ? connecting.patience : connecting.refusal);
			claims.storms.connectionFailed();
			throw new Unreachable(
				place,
				Object.assign(new Error("no connection"), { code: state === "silent" ? "ETIMEDOUT" : "ECONNREFUSED" }),
			);
		}
		claims.storms.newConnection();
		const session = new SimulatedSession({
			...this.#options,
			process: this.process,
			freeswitch: freeswitch(),
			onEvent: (event) => {
				this.#reconciler.event(event);
			},
		});
		this.session = session;
		await this.#wait(connecting.greeting);
		try {
			session.version = await ask(session, version);
		} catch (error) {
			claims.storms.connectionFailed();
			throw error;
		}
		return session;
	}

	#wait(ms: number): Promise<void> {
		return new Promise((resolve) => {
			this.process.after(ms, resolve);
		});
	}

	/** What is worth to be read in a history; a fault of the program breaks a claim. */
	#log(): Log {
		const ignore = () => {};
		const tell = (...words: unknown[]) => {
			const sentence = String(words.at(-1));
			this.#options.history.outcome(`the daemon says: ${sentence}`);
			if (sentence.startsWith("a fault of the program")) {
				this.#options.claims.fail(sentence);
			}
		};
		return { trace: ignore, debug: ignore, info: ignore, warn: tell, error: tell, fatal: tell };
	}
}
