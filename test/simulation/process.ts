/** The daemon's process on a simulated node: the real Daemon on a time of its own, which can be stalled and killed. */

import { Daemon, type DaemonOptions } from "../../src/daemon.ts";
import { Unreachable } from "../../src/freeswitch/errors.ts";
import type { Session } from "../../src/freeswitch/session.ts";
import { roomsMatching } from "../../src/room.ts";
import type { RecordingLog } from "../support/recording-log.ts";
import type { SimulatedNode } from "./node.ts";
import { ProcessTime } from "./process-time.ts";
import { SimulatedScripts } from "./scripts.ts";
import { SimulatedSession } from "./session.ts";

/** ms that it takes to be connected, to be refused, and to give up on a silent network. */
const connecting = { greeting: 5, refusal: 1, patience: 10_000 };

/** As on a machine with two processors. */
const places = 4;

export class SimulatedProcess {
	readonly time: ProcessTime;
	readonly daemon: Daemon;
	session: SimulatedSession | undefined;
	started = false;
	/** Whether it was told to end. */
	ending = false;
	/** Resolves when it has ended, in whatever way. */
	readonly ended: Promise<void>;
	/** What `systemctl status` would show. */
	status = () => "";
	#end!: () => void;
	readonly #node: SimulatedNode;
	readonly #scripts: SimulatedScripts;

	constructor(node: SimulatedNode) {
		const { clock, claims, options, random } = node;
		this.#node = node;
		this.time = new ProcessTime(clock);
		this.#scripts = new SimulatedScripts(node, this.time);
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
		this.daemon = new Daemon({
			config: {
				host: "localhost",
				port: 8021,
				password: "ClueCon",
				conf: "",
				unset: {},
				script: "script",
				profile: "external",
				toRoom: roomsMatching("[0-9]+"),
				linger: options.linger,
				resync: options.resync,
				timeout: 10_000,
				logLevel: "debug",
			},
			environment: node.environment,
			markOf: ({ SIP_PASSWORD = "" }) => SIP_PASSWORD.replace("settings ", "s"),
			places,
			startScript: this.#scripts.start,
			openSession: (_, onEvent) => this.#open(onEvent),
			clock: this.time,
			log: this.#log(),
			random: () => random.between(0, 1_000) / 1_000,
			refused: () => claims.fail("the daemon believes itself refused"),
			ready: () => {},
			status: (sentence) => {
				this.status = sentence;
			},
		});
		claims.forgotten(node.settings);
		claims.storms.newDaemon();
	}

	start(): void {
		this.started = true;
		this.daemon.start();
	}

	/** SIGHUP, with new settings. */
	reload(settings: number): void {
		this.time.deliver(() => {
			this.#node.claims.reloads(settings);
			this.daemon.reload(this.#node.environment);
		});
	}

	/** Ends it as kill -9 does. `scripts`: whether those that are running go on. */
	kill(scripts: boolean): void {
		this.ending = true;
		this.time.kill();
		this.session?.silence();
		if (!scripts) {
			this.#scripts.killAll();
		}
		this.#end();
	}

	/** Ends it as SIGTERM does. */
	async stop(): Promise<void> {
		this.ending = true;
		await this.daemon.stop();
		this.time.kill();
		this.#end();
	}

	/** Like openEventSocket in src/freeswitch/session.ts, whose sessions are authenticated and subscribed. */
	async #open(onEvent: Parameters<DaemonOptions["openSession"]>[1]): Promise<Session> {
		const { freeswitch, network, claims, history, clock } = this.#node;
		claims.storms.connecting();
		const state = freeswitch.alive ? network : "refused";
		if (state === "refused" || state === "silent") {
			await this.#wait(state === "silent" ? connecting.patience : connecting.refusal);
			claims.storms.connectionFailed("nothing");
			const error = { code: state === "silent" ? "ETIMEDOUT" : "ECONNREFUSED" };
			throw new Unreachable("localhost:8021", Object.assign(new Error("no connection"), error));
		}
		claims.storms.newConnection();
		const session = new SimulatedSession(this.#node, this.time, onEvent);
		this.session = session;
		await this.#wait(connecting.greeting);
		try {
			await session.askVersion();
		} catch (error) {
			claims.storms.connectionFailed();
			throw error;
		}
		claims.storms.connected();
		history.outcome("the daemon is connected");
		if (state === "flapping") {
			clock.after(connecting.greeting, () => session.cut("in order"));
		}
		void session.ended.then(() => {
			claims.storms.connectionFailed();
			claims.disconnected();
			history.outcome("the daemon's connection has ended");
		});
		return session;
	}

	#wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.time.after(ms, resolve));
	}

	/** The node's log. Warnings and errors are told in the history; a fault of the program breaks a claim. */
	#log(): RecordingLog {
		const { log, history, claims } = this.#node;
		const telling =
			(level: "warn" | "error" | "fatal") =>
			(...words: unknown[]) => {
				const sentence = String(words.at(-1));
				history.outcome(`the daemon says: ${sentence}`);
				if (sentence.startsWith("a fault of the program")) {
					claims.fail(sentence);
				}
				Reflect.apply(log[level], log, words);
			};
		return { ...log, warn: telling("warn"), error: telling("error"), fatal: telling("fatal") };
	}
}
