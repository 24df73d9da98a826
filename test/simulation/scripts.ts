/**
 * The processes that run the generator script, as the real Script starts and ends them, but on simulated time and with a
 * directory in memory. A process is a thing of its own: it can outlive the daemon that started it.
 */
import type { ScriptExit, StartScript } from "../../src/generator/script-process.ts";
import { snippet } from "../support/snippets.ts";
import type { SimulatedNode } from "./node.ts";
import type { ProcessTime } from "./process-time.ts";
import type { ScriptFault } from "./schedule.ts";

/** A run as it began. */
export interface ScriptRecord {
	readonly room: string;
	readonly action: "write" | "remove";
	/** ms */
	readonly at: number;
}

/** ms after which a script that hangs goes on, if nobody has ended it. */
const hangsFor = 30_000;

export class SimulatedScripts {
	/** Starts a process; for the daemon whose process has this time. */
	readonly start: StartScript;
	readonly #node: SimulatedNode;
	readonly #time: ProcessTime;
	/** End what is running. */
	readonly #ends = new Set<() => void>();

	constructor(node: SimulatedNode, time: ProcessTime) {
		this.#node = node;
		this.#time = time;
		this.start = (_, [room = "", del], { SIP_PASSWORD: password = "" }) =>
			this.#start(room, del === undefined ? "write" : "remove", password);
	}

	killAll(): void {
		for (const end of [...this.#ends]) {
			end();
		}
	}

	#start(room: string, action: "write" | "remove", password: string): ReturnType<StartScript> {
		const { clock, claims, history, faults, runs, options } = this.#node;
		let isLeft = !this.#time.dead;
		let cancel = () => {};
		let resolve!: (how: ScriptExit) => void;
		const exited = new Promise<ScriptExit>((settle) => {
			resolve = settle;
		});
		const exit = (how: ScriptExit) => {
			isLeft = false;
			cancel();
			this.#ends.delete(end);
			this.#time.deliver(() => {
				resolve(how);
			});
		};
		const end = () => {
			exit({ signal: "SIGTERM" });
		};
		if (isLeft) {
			runs.push({ room, action, at: clock.now() });
			claims.scriptStarted(room, action);
			const { fault, takes } = faults.ofScript(room, action) ?? { fault: undefined, takes: options.takes };
			const name = action === "write" ? `script ${room}` : `script ${room} del`;
			history.outcome(fault === undefined ? `${name} is run` : `${name} is run, and ${wordsFor(fault, takes)}`);
			this.#ends.add(end);
			cancel = clock.after(fault === "hangs" ? hangsFor : fault === "slow" ? takes : options.takes, () => {
				exit({ exitCode: this.#work(room, action, password, fault) ? 0 : 1 });
			});
		}
		return {
			exited,
			closed: exited,
			signal: (signal) => {
				if (signal !== 0 && isLeft) {
					end();
				}
				return isLeft;
			},
			letGo: () => {},
			output: () => "",
		};
	}

	/** What a run does in the end. Returns whether it succeeds. */
	#work(room: string, action: "write" | "remove", password: string, fault: ScriptFault | undefined): boolean {
		const { directory, history } = this.#node;
		if (this.#time.dead) {
			directory.orphaned.add(room);
		} else {
			directory.orphaned.delete(room);
		}
		switch (fault) {
			case "fails":
				return false;
			case "does nothing":
				return true;
			case "temporary":
				directory.litter(room);
				return false;
			case "broken":
				if (action === "write") {
					directory.break(room);
				}
				return false;
			case undefined:
			case "fails after all":
			case "slow":
			case "hangs":
				if (action === "write") {
					directory.write(room, snippet(room, { password }));
				} else {
					directory.delete(room);
				}
				history.outcome(`the snippet of room ${room} is ${action === "write" ? "written" : "removed"}`);
				return fault !== "fails after all";
		}
	}
}

function wordsFor(fault: ScriptFault, takes: number): string {
	switch (fault) {
		case "fails":
			return "exits with 1";
		case "does nothing":
			return "exits with 0 without having done anything";
		case "fails after all":
			return "exits with 1 after having done its work";
		case "temporary":
			return "exits with 1, leaving a temporary file";
		case "broken":
			return "exits with 1, leaving a broken snippet if it was to write one";
		case "slow":
			return `takes ${takes} ms`;
		case "hangs":
			return "hangs";
	}
}
