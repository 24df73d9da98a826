/**
 * A node whose FreeSWITCH misbehaves on order: the stand-in in this process, with its faults, and the built daemon with the
 * shipped script. What must be true when FreeSWITCH behaves again is the same as of a whole site.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StandIn } from "../stand-in/stand-in.ts";
import { DaemonProcess } from "../support/daemon-process.ts";
import { eventually } from "../support/processes.ts";
import { assertSound, environmentFor, eventSocketPassword, filesIn, scriptsLeft, second, snippetsOf } from "./site.ts";

export class ChaosNode {
	readonly directory = mkdtempSync(join(tmpdir(), "fsconfregger-chaos-"));
	readonly #closing: (() => Promise<void> | void)[] = [];
	#standIn: StandIn | undefined;
	#daemon: DaemonProcess | undefined;

	/** Has `test` use a node, and ends all of it whatever comes of that. A daemon that it has started is sound at the end. */
	static async use(test: (node: ChaosNode) => Promise<void>): Promise<void> {
		const node = new ChaosNode();
		node.atEnd(() => {
			rmSync(node.directory, { recursive: true, force: true });
		});
		try {
			await test(node);
			if (node.#daemon !== undefined) {
				assertSound(node.#daemon);
			}
		} finally {
			for (const close of node.#closing.reverse()) {
				await close();
			}
		}
	}

	get freeswitch(): StandIn {
		if (this.#standIn === undefined) {
			throw new Error("FreeSWITCH has not been started");
		}
		return this.#standIn;
	}

	/** @param port 0 for a free one */
	async startFreeSwitch(port = 0): Promise<StandIn> {
		const { directory } = this;
		const standIn = await StandIn.start({ password: eventSocketPassword, directory, second, port });
		this.#standIn = standIn;
		this.atEnd(() => standIn.close());
		return standIn;
	}

	/** The daemon's environment. */
	environment(port = this.freeswitch.port): Record<string, string> {
		return environmentFor(this.directory, port);
	}

	/** @param environment what is added to its own @param port where FreeSWITCH listens, if it has not been started yet */
	startDaemon(
		args: readonly string[] = [],
		environment: Readonly<Record<string, string>> = {},
		port = this.freeswitch.port,
	): DaemonProcess {
		const daemon = new DaemonProcess({ args, environment: { ...this.environment(port), ...environment } });
		this.#daemon = daemon;
		this.atEnd(() => daemon.kill());
		return daemon;
	}

	/** Has something done when the test is over, before what was asked for earlier. */
	atEnd(close: () => Promise<void> | void): void {
		this.#closing.push(close);
	}

	/** Starts conferences, all in one go. */
	create(...rooms: string[]): void {
		for (const room of rooms) {
			this.freeswitch.freeswitch.conferences.create(room);
		}
	}

	destroy(...rooms: string[]): void {
		for (const room of rooms) {
			this.freeswitch.freeswitch.conferences.destroy(room);
		}
	}

	/** Waits until callers reach just these rooms, just their snippets lie there, and no script is left. @param pids of daemons */
	async reached(rooms: readonly string[], ...pids: number[]): Promise<void> {
		const daemons = [...pids, ...(this.#daemon === undefined ? [] : [this.#daemon.pid])];
		await eventually(
			() =>
				this.freeswitch.registrar.bindings().join() === [...rooms].sort().join() &&
				filesIn(this.directory).join() === snippetsOf(rooms).join() &&
				scriptsLeft(this.directory, daemons).length === 0,
			`just these rooms are reached, and nothing else is left: ${rooms.join(" ")}`,
			{ describe: () => this.#describe() },
		);
	}

	#describe(): string {
		return [
			this.freeswitch.describe(),
			`files: ${filesIn(this.directory).join(" ")}`,
			...(this.#daemon?.records.slice(-40).map(({ msg }) => msg) ?? []),
		].join("\n");
	}
}
