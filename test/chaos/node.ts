/**
 * A node to do harm to: the built daemon, FreeSWITCH and the registrar over real sockets, the shipped script, and what must
 * be true of all of them when the harm is over.
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
import { StandIn } from "../stand-in/stand-in.ts";
import { DaemonProcess, shippedScript } from "../support/daemon-process.ts";
import { itUnless } from "../support/needed-tool.ts";
import { commandLineOf, isAlive, peakMemoryOf, processesWith } from "../support/processes.ts";
import { eventually } from "../support/until.ts";

export const fewRooms: readonly string[] = ["07974", "12345", "777"];
export const manyRooms = (count: number) => Array.from({ length: count }, (_, index) => String(20_000 + index));

const password = "event-socket-s3cret";

/** ms per second of FreeSWITCH and of the registrar: a binding that nobody refreshes is gone after 1.2 s. */
const second = 20;

/** MiB that a daemon may have resident, whatever FreeSWITCH sends: a few times the longest answer that it accepts. */
const mostMemory = 400;

/** `it()`, for a test that uses a node. */
export function itOnNode(title: string, test: (node: ChaosNode) => Promise<void>): void {
	itUnless("", title, () => ChaosNode.use(test));
}

/** The log of a daemon, which may have ended, holds no secret and no fault of the program. */
function assertSoundLog({ output, errors, records }: DaemonProcess): void {
	assert.ok(!(output + errors).includes("s3cret"), "a secret was printed");
	assert.equal(errors, "");
	const faults = records.filter(({ level, msg }) => level === "fatal" || msg.includes("fault of the program"));
	assert.deepEqual(faults, []);
}

/** A daemon that runs has never had too much memory. */
function assertBoundedMemory({ pid }: DaemonProcess): void {
	const peak = peakMemoryOf(pid);
	assert.ok(peak < mostMemory, `the daemon had ${peak} MiB resident`);
}

export class ChaosNode {
	readonly directory = mkdtempSync(join(tmpdir(), "fsconfregger-chaos-"));
	/** The rooms that run. */
	readonly rooms = new Set<string>();
	readonly daemons: DaemonProcess[] = [];
	/** The process of the daemon that runs. */
	daemonPid = 0;
	registrar!: Registrar;
	#freeswitch!: StandIn | StandInChild;
	readonly #closing: (() => unknown)[] = [];

	/** Gives `test` a node, and ends all of it, also after a failure. All daemons must be sound at the end. */
	static async use(test: (node: ChaosNode) => Promise<void>): Promise<void> {
		const node = new ChaosNode();
		node.atEnd(() => rmSync(node.directory, { recursive: true, force: true }));
		try {
			await test(node);
			node.daemons.forEach(assertSoundLog);
			node.daemons.slice(-1).forEach(assertBoundedMemory);
		} finally {
			for (const close of node.#closing.reverse()) {
				await close();
			}
		}
	}

	/** Runs `close` after the test, in the reverse order of the calls. */
	atEnd(close: () => unknown): void {
		this.#closing.push(close);
	}

	/** Starts a FreeSWITCH that misbehaves on order: the stand-in in this process. @param port 0 for a free one */
	async startFreeSwitch(port = 0): Promise<StandIn> {
		const standIn = await StandIn.start({ directory: this.directory, password, second, port });
		this.atEnd(() => standIn.close());
		this.#freeswitch = standIn;
		this.registrar = standIn.registrar;
		return standIn;
	}

	/** Starts a FreeSWITCH that can be killed and stopped: the stand-in as a process. The registrar is here, and outlives it. */
	async startFreeSwitchProcess(): Promise<void> {
		this.registrar = new Registrar({ clock: scaledClock(systemClock, 1_000 / second) });
		const server = await RegistrarServer.start(this.registrar);
		this.atEnd(() => this.registrar.close());
		this.atEnd(() => server.close());
		const registrar = `127.0.0.1:${server.port}`;
		const child = await StandInChild.start({ directory: this.directory, registrar, password, second });
		this.atEnd(() => child.kill());
		this.#freeswitch = child;
	}

	/** Kills FreeSWITCH, which ends all rooms without notice. */
	async killFreeSwitch(): Promise<void> {
		this.rooms.clear();
		await this.#freeswitch.kill();
	}

	async restartFreeSwitch(): Promise<void> {
		await this.#freeswitch.start();
	}

	environment(port: number = this.#freeswitch.port): Record<string, string> {
		return {
			EVENTSOCKET_HOST: "127.0.0.1",
			EVENTSOCKET_PORT: String(port),
			EVENTSOCKET_PASSWORD: password,
			GENERATOR_SCRIPT: shippedScript,
			GATEWAY_DIR: this.directory,
			SIP_REGISTRAR: "127.0.0.100",
			SIP_PASSWORD: "sip-s3cret",
			LOG_LEVEL: "trace",
			LINGER: "0.3",
			RESYNC: "1",
		};
	}

	startDaemon(args: readonly string[] = [], environment = this.environment()): DaemonProcess {
		const daemon = new DaemonProcess({ args, environment });
		this.daemons.push(daemon);
		this.daemonPid = daemon.pid;
		this.atEnd(() => daemon.kill());
		return daemon;
	}

	/** The daemon that was started last. */
	get daemon(): DaemonProcess {
		const daemon = this.daemons.at(-1);
		assert.ok(daemon !== undefined);
		return daemon;
	}

	async killDaemon(): Promise<void> {
		assertBoundedMemory(this.daemon);
		await this.daemon.kill();
	}

	/** Starts FreeSWITCH in this process and the daemon, and has rooms running and registered. */
	async startWith(...rooms: readonly string[]): Promise<{ server: StandIn["server"]; daemon: DaemonProcess }> {
		const { server } = await this.startFreeSwitch();
		const daemon = this.startDaemon();
		await daemon.said(/0 rooms are running/);
		await this.create(...rooms);
		await this.converged();
		return { server, daemon };
	}

	/** Starts conferences, all at once. */
	async create(...rooms: readonly string[]): Promise<void> {
		for (const room of rooms) {
			this.rooms.add(room);
		}
		await this.#order("create", rooms);
	}

	async destroy(...rooms: readonly string[]): Promise<void> {
		for (const room of rooms) {
			this.rooms.delete(room);
		}
		await this.#order("destroy", rooms);
	}

	async #order(what: "create" | "destroy", rooms: readonly string[]): Promise<void> {
		if (this.#freeswitch instanceof StandInChild) {
			await this.#freeswitch.order({ do: what, rooms });
			return;
		}
		for (const room of rooms) {
			this.#freeswitch.freeswitch.conferences[what](room);
		}
	}

	/** Resolves when callers reach exactly the rooms that run, exactly their snippets exist, and no script is left. */
	async converged(): Promise<void> {
		const rooms = [...this.rooms].sort();
		await eventually(
			() =>
				this.registrar.bindings().join() === rooms.join() &&
				this.#files().join() === rooms.map((room) => `conf_${room}.xml`).join() &&
				this.#scripts().length === 0,
			`the bindings and the files are those of the rooms that run, and no script is left: ${rooms.join(" ")}`,
			{ describe: () => this.#describe() },
		);
	}

	/**
	 * What the directory holds, hidden files included, except a half-written file whose writer's process id now belongs to
	 * another process: the script cannot know that it is another, and leaves the file until that process has ended.
	 */
	#files(): string[] {
		return readdirSync(this.directory)
			.filter((name) => !isAlive(Number(/^\.conf_.*\.(\d+)\.tmp$/.exec(name)?.[1] ?? -1)))
			.sort();
	}

	#scripts(): number[] {
		return processesWith(`GATEWAY_DIR=${this.directory}`).filter((pid) => pid !== this.daemonPid);
	}

	#describe(): string {
		return [
			this.#freeswitch instanceof StandIn ? this.#freeswitch.describe() : "",
			`rooms:    ${[...this.rooms].sort().join(" ")}`,
			`bindings: ${this.registrar.bindings().join(" ")}`,
			`files:    ${this.#files().join(" ")}`,
			`scripts:  ${this.#scripts().map(commandLineOf).join("; ")}`,
			"the daemon:",
			...(this.daemons.at(-1)?.records ?? []).slice(-60).map(({ msg }) => `  ${msg}`),
		].join("\n");
	}
}
