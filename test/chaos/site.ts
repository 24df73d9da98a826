/**
 * A site to do harm to: the built daemon, FreeSWITCH and the registrar over real sockets, the shipped script, and what has
 * to be true of all of them when the harm is over. FreeSWITCH is the stand-in, in a process of its own that can be killed;
 * the registrar is here, and outlives it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { StandInChild } from "../stand-in/child.ts";
import { scaledClock } from "../stand-in/clocks.ts";
import { Registrar } from "../stand-in/registrar/registrar.ts";
import { RegistrarServer } from "../stand-in/registrar/server.ts";
import { DaemonProcess, shippedScript } from "../support/daemon-process.ts";
import {
	childrenOf,
	commandLineOf,
	eventually,
	isAlive,
	peakMemoryOf,
	processesWith,
	stateOf,
} from "../support/processes.ts";

export const eventSocketPassword = "event-socket-s3cret";
export const sipPassword = "sip-s3cret";

/** ms that a second of FreeSWITCH and of the registrar lasts: a binding that nobody refreshes is gone after 1.2 s. */
export const second = 20;

/** MiB that a daemon may have resident at most, whatever comes from FreeSWITCH: a few times the longest answer that it takes. */
const mostMemory = 400;

/** The environment of a daemon whose script writes into `directory`, and whose FreeSWITCH listens on `port`. */
export function environmentFor(directory: string, port: number): Record<string, string> {
	return {
		EVENTSOCKET_HOST: "127.0.0.1",
		EVENTSOCKET_PORT: String(port),
		EVENTSOCKET_PASSWORD: eventSocketPassword,
		GENERATOR_SCRIPT: shippedScript,
		GATEWAY_DIR: directory,
		SIP_REGISTRAR: "127.0.0.100",
		SIP_PASSWORD: sipPassword,
		LOG_LEVEL: "trace",
		LINGER: "0.3",
		RESYNC: "1",
	};
}

/** What is left of the scripts that daemons of `directory` have run. @param daemons which may go on */
export function scriptsLeft(directory: string, daemons: readonly number[] = []): number[] {
	return processesWith(`GATEWAY_DIR=${directory}`).filter((pid) => !daemons.includes(pid));
}

/**
 * The files that lie in a directory, hidden ones included. Only a half one is passed over whose maker's number some other
 * process has been given meanwhile: the script cannot know that it is another, and leaves it until that one has ended.
 */
export function filesIn(directory: string): string[] {
	return readdirSync(directory)
		.filter((name) => !isAlive(Number(/^\.conf_.*\.(\d+)\.tmp$/.exec(name)?.[1] ?? -1)))
		.sort();
}

/** The files that lie in the directory of a FreeSWITCH where just these rooms run: no half one, none of a room that is over. */
export function snippetsOf(rooms: Iterable<string>): string[] {
	return [...rooms].map((room) => `conf_${room}.xml`).sort();
}

/** What must hold of a daemon that runs, whatever was done to it: its memory was bounded, and its log is sound. */
export function assertSound(daemon: DaemonProcess): void {
	assertSoundLog(daemon);
	const peak = peakMemoryOf(daemon.pid);
	assert.ok(peak < mostMemory, `the daemon had ${peak} MiB resident`);
}

/** A daemon, which may have ended, has told of no fault of its own, and no secret. */
function assertSoundLog(daemon: DaemonProcess): void {
	const told = daemon.output + daemon.errors;
	assert.ok(!told.includes("s3cret"), "a secret was printed");
	assert.equal(daemon.errors, "");
	const faults = daemon.records.filter(({ level, msg }) => level === "fatal" || msg.includes("fault of the program"));
	assert.deepEqual(faults, []);
}

export class ChaosSite {
	readonly directory = mkdtempSync(join(tmpdir(), "fsconfregger-chaos-"));
	readonly registrar = new Registrar({ clock: scaledClock(systemClock, 1_000 / second) });
	/** The rooms that run. */
	readonly rooms = new Set<string>();
	readonly daemons: DaemonProcess[] = [];
	#server!: RegistrarServer;
	#freeswitch!: StandInChild;

	static async start(): Promise<ChaosSite> {
		const site = new ChaosSite();
		site.#server = await RegistrarServer.start(site.registrar);
		site.#freeswitch = await StandInChild.start({
			directory: site.directory,
			registrar: `127.0.0.1:${site.#server.port}`,
			password: eventSocketPassword,
			second,
		});
		return site;
	}

	/** The daemon that was started last. */
	get daemon(): DaemonProcess {
		const daemon = this.daemons.at(-1);
		assert.ok(daemon !== undefined);
		return daemon;
	}

	startDaemon(args: readonly string[] = []): DaemonProcess {
		const environment = environmentFor(this.directory, this.#freeswitch.port);
		this.daemons.push(new DaemonProcess({ args, environment }));
		return this.daemon;
	}

	async create(rooms: readonly string[]): Promise<void> {
		for (const room of rooms) {
			this.rooms.add(room);
		}
		await this.#freeswitch.order({ do: "create", rooms });
	}

	async destroy(rooms: readonly string[]): Promise<void> {
		for (const room of rooms) {
			this.rooms.delete(room);
		}
		await this.#freeswitch.order({ do: "destroy", rooms });
	}

	/** Kills the daemon that was started last. */
	async killDaemon(): Promise<void> {
		assertSound(this.daemon);
		await this.daemon.kill();
	}

	/** Kills FreeSWITCH, which ends all rooms and tells nobody. */
	async killFreeSwitch(): Promise<void> {
		this.rooms.clear();
		await this.#freeswitch.kill();
	}

	async restartFreeSwitch(): Promise<void> {
		await this.#freeswitch.start();
	}

	/** Stops FreeSWITCH's process, or has it go on. */
	async signalFreeSwitch(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
		const pid = childrenOf(process.pid).find((child) => commandLineOf(child).includes(this.directory));
		assert.ok(pid !== undefined, "FreeSWITCH's process is there");
		process.kill(pid, signal);
		await eventually(() => (stateOf(pid) === "T") === (signal === "SIGSTOP"), `FreeSWITCH obeys ${signal}`);
	}

	/** The state of everything, for whoever asks why a test waits. */
	describe(): string {
		return [
			`rooms:    ${[...this.rooms].sort().join(" ")}`,
			`bindings: ${this.registrar.bindings().join(" ")}`,
			`files:    ${filesIn(this.directory).join(" ")}`,
			`scripts:  ${this.#scripts().map(commandLineOf).join("; ")}`,
			"the daemon:",
			...(this.daemons
				.at(-1)
				?.records.slice(-60)
				.map(({ msg }) => `  ${msg}`) ?? []),
		].join("\n");
	}

	/** Waits until callers reach just the rooms that run, just their snippets lie there, and no script is left. */
	async converged(): Promise<void> {
		await eventually(
			() =>
				this.registrar.bindings().join(" ") === [...this.rooms].sort().join(" ") &&
				filesIn(this.directory).join(" ") === snippetsOf(this.rooms).join(" ") &&
				this.#scripts().length === 0,
			"the bindings and the files are those of the rooms that run, and no script is left",
			{ describe: () => this.describe() },
		);
	}

	/** Asserts that the daemon that runs is sound, and the logs of those that have been killed. */
	assertSound(): void {
		assertSound(this.daemon);
		for (const daemon of this.daemons) {
			assertSoundLog(daemon);
		}
	}

	/** Ends all of it. */
	async close(): Promise<void> {
		for (const daemon of this.daemons) {
			await daemon.kill();
		}
		await this.#freeswitch.kill();
		await this.#server.close();
		this.registrar.close();
		rmSync(this.directory, { recursive: true, force: true });
	}

	#scripts(): number[] {
		return scriptsLeft(this.directory, [this.daemon.pid]);
	}
}
