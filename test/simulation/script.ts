/**
 * The generator script as src/generator/script.ts runs it, without processes: with its places, its time limit and its failures. A
 * script that runs is a thing of its own, which can outlive the daemon that started it.
 */
import pLimit from "p-limit";
import { type Action, type Generator, GeneratorFailed } from "../../src/generator/script.ts";
import type { Room } from "../../src/room.ts";
import type { SimulatedClock } from "../support/simulated-clock.ts";
import { snippet } from "../support/snippets.ts";
import type { Claims } from "./claims.ts";
import type { SimulatedDirectory } from "./directory.ts";
import type { SimulatedFaults } from "./faults.ts";
import type { History } from "./history.ts";
import type { ProcessTime } from "./process.ts";
import type { ScriptFault } from "./schedule.ts";

export interface SimulatedScriptOptions {
	readonly clock: SimulatedClock;
	readonly process: ProcessTime;
	readonly directory: SimulatedDirectory;
	readonly faults: SimulatedFaults;
	readonly claims: Claims;
	readonly history: History;
	/** The settings when the daemon starts, by their number. */
	readonly settings: number;
	/** ms that a run takes when nothing is wrong. */
	readonly takes: number;
}

/** ms, as the setting has it by default. */
const timeout = 10_000;

/** ms after which a script that hangs goes on, if nobody has ended it. */
const hangsFor = 30_000;

/** Places for all runs, and for those that are not urgent, on a machine with two processors. */
const places = { all: 4, rest: 2 };

export class SimulatedScript implements Generator {
	/** The settings that a run which begins now gets to see, by their number. */
	settings: number;
	readonly #options: SimulatedScriptOptions;
	readonly #ends = new Set<() => void>();
	readonly #places = pLimit(places.all);
	readonly #placesForTheRest = pLimit(places.rest);

	constructor(options: SimulatedScriptOptions) {
		this.#options = options;
		this.settings = options.settings;
	}

	run(room: Room, action: Action, urgent: boolean): Promise<void> {
		const run = () => this.#places(() => this.#run(room, action));
		return urgent ? run() : this.#placesForTheRest(run);
	}

	/** Ends what is running. */
	stop(): Promise<void> {
		for (const end of [...this.#ends]) {
			end();
		}
		return Promise.resolve();
	}

	#run(room: Room, action: Action): Promise<void> {
		const { clock, process, claims, history, faults, takes: usual } = this.#options;
		if (process.dead) {
			return new Promise(() => {});
		}
		claims.scriptStarted(room, action);
		const { settings } = this;
		const { fault, takes } = faults.ofScript(room) ?? { fault: undefined, takes: usual };
		const name = action === "write" ? `script ${room}` : `script ${room} del`;
		history.outcome(fault === undefined ? `${name} is run` : `${name} is run, and ${wordsFor(fault, takes)}`);
		return new Promise((resolve, reject) => {
			const failed = (what: string) => {
				process.deliver(() => {
					reject(new GeneratorFailed(`${name} ${what}`, room, { output: "" }));
				});
			};
			const end = () => {
				cancel();
				cancelTimeout();
				this.#ends.delete(end);
				failed("was ended");
			};
			const cancel = clock.after(fault === "hangs" ? hangsFor : fault === "slow" ? takes : usual, () => {
				cancelTimeout();
				this.#ends.delete(end);
				if (this.#work(room, action, settings, fault)) {
					process.deliver(resolve);
				} else {
					failed("exited with 1");
				}
			});
			const cancelTimeout = process.after(timeout, end);
			this.#ends.add(end);
		});
	}

	/** What a run does in the end. Returns whether it succeeds. */
	#work(room: Room, action: Action, settings: number, fault: ScriptFault | undefined): boolean {
		const { directory, history, process } = this.#options;
		if (process.dead) {
			directory.orphaned.add(room);
		} else {
			directory.orphaned.delete(room);
		}
		switch (fault) {
			case "fails":
				return false;
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
					directory.write(room, snippet(room, { password: `settings ${settings}` }));
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
