import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { ScriptExit, ScriptProcess } from "../../../src/generator/script-process.ts";
import { type ScriptEnd, ScriptRun } from "../../../src/generator/script-run.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;

beforeEach(() => {
	clock = new SimulatedClock();
});

/** A process that not even SIGKILL ends, as when it hangs in a file system. */
class Immortal implements ScriptProcess {
	readonly exited: Promise<unknown>;
	readonly closed: Promise<ScriptExit>;
	/** Those that were sent; 0 only looks. */
	readonly signals: string[] = [];
	isLetGo = false;

	/** @param exit how the script itself ends, if it is only a child of its that hangs and holds its output open */
	constructor(exit?: ScriptExit) {
		this.exited = exit === undefined ? new Promise(() => {}) : Promise.resolve();
		this.closed = new Promise((resolve) => {
			this.letGo = () => {
				this.isLetGo = true;
				if (exit !== undefined) {
					resolve(exit);
				}
			};
		});
	}

	letGo = () => {};

	readonly signal = (signal: "SIGTERM" | "SIGKILL" | 0) => {
		if (signal !== 0) {
			this.signals.push(signal);
		}
		return true;
	};

	readonly output = () => "hm";
}

function run(process: ScriptProcess): { run: ScriptRun; end: () => ScriptEnd | undefined } {
	const run = new ScriptRun(process, 10_000, clock);
	let end: ScriptEnd | undefined;
	void run.ended.then((how) => {
		end = how;
	});
	return { run, end: () => end };
}

describe("a script that even SIGKILL does not end", () => {
	it("is given up 0.5 s after that, having had its time, and its output is let go", async () => {
		const process = new Immortal();
		const { end } = run(process);
		await clock.advance(10_999);
		assert.equal(end(), undefined);
		await clock.advance(21);
		assert.deepEqual(end(), { exceeded: true, givenUp: true, output: "hm", took: end()?.took });
		assert.equal(process.isLetGo, true);
		assert.deepEqual(process.signals, ["SIGTERM", "SIGKILL"]);
		assert.equal(clock.timers, 0);
	});

	it("is given up a second after the generator has been stopped", async () => {
		const process = new Immortal();
		const { run: started, end } = run(process);
		started.kill();
		assert.deepEqual(process.signals, ["SIGKILL"]);
		await clock.advance(1_040);
		assert.deepEqual([end()?.exceeded, end()?.givenUp], [false, true]);
		assert.equal(clock.timers, 0);
	});

	it("has ended as it said where it is only a child of its that hangs", async () => {
		const { end } = run(new Immortal({ exitCode: 3 }));
		await clock.advance(1_200);
		assert.deepEqual([end()?.exitCode, end()?.exceeded, end()?.givenUp], [3, false, false]);
		assert.equal(clock.timers, 0);
	});
});
