import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { ScriptExit, ScriptProcess } from "../../../src/generator/script-process.ts";
import { type ScriptEnd, ScriptRun } from "../../../src/generator/script-run.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;

beforeEach(() => {
	clock = new SimulatedClock();
});

/** A process group that not even SIGKILL ends, as when it waits for a file system that does not answer. */
class Immortal implements ScriptProcess {
	readonly exited: Promise<unknown>;
	readonly closed: Promise<ScriptExit>;
	/** Those that were sent, with the second at which they were; 0 only looks. */
	readonly signals: string[] = [];
	isLetGo = false;
	/** Called when the file system answers again. */
	goOn!: () => void;
	#isLeft = true;

	/** @param exit how the script itself ends, if it is only a child of its that hangs and holds its output open */
	constructor(exit?: ScriptExit) {
		const gone = new Promise<void>((resolve) => {
			this.goOn = () => {
				this.#isLeft = false;
				resolve();
			};
		});
		this.exited = exit === undefined ? gone : Promise.resolve();
		this.closed = gone.then(() => exit ?? { signal: "SIGKILL" });
	}

	readonly letGo = () => {
		this.isLetGo = true;
	};

	readonly signal = (signal: "SIGTERM" | "SIGKILL" | 0) => {
		if (signal !== 0) {
			this.signals.push(`${clock.now() / 1_000} ${signal}`);
		}
		return this.#isLeft;
	};

	readonly output = () => "hm";
}

function run(process: ScriptProcess): { run: ScriptRun; end: () => ScriptEnd | undefined; hangs: () => boolean } {
	const run = new ScriptRun(process, 10_000, clock);
	let end: ScriptEnd | undefined;
	let hangs = false;
	void run.ended.then((how) => {
		end = how;
	});
	void run.hangs.then(() => {
		hangs = true;
	});
	return { run, end: () => end, hangs: () => hangs };
}

describe("a script that even SIGKILL does not end", () => {
	it("hangs 0.5 s after that, having had its time and 0.5 s to end, and its output is let go", async () => {
		const process = new Immortal();
		const { hangs } = run(process);
		await clock.advance(10_999);
		assert.deepEqual([hangs(), process.isLetGo], [false, false]);
		await clock.advance(1);
		assert.deepEqual([hangs(), process.isLetGo], [true, true]);
		assert.deepEqual(process.signals, ["10 SIGTERM", "10.5 SIGKILL"]);
	});

	it("is under way until it ends, and nothing but a look each second is spent on it", async () => {
		const process = new Immortal();
		const { end } = run(process);
		await clock.advance(3_600_000);
		assert.deepEqual([end(), clock.timers, process.signals.length], [undefined, 1, 2]);
		process.goOn();
		await clock.advance(1_000);
		assert.deepEqual(end(), { signal: "SIGKILL", exceeded: true, hung: true, output: "hm", took: 3_601_000 });
		assert.equal(clock.timers, 0);
	});

	it("hangs a second after it was told to end, and gets its 0.5 s then, too", async () => {
		const process = new Immortal();
		const { run: started, hangs } = run(process);
		started.end();
		await clock.advance(1_000);
		assert.deepEqual([hangs(), process.signals], [true, ["0 SIGTERM", "0.5 SIGKILL"]]);
	});

	it("has ended as it said where it is only a child of its that hangs, but not before that has ended", async () => {
		const process = new Immortal({ exitCode: 3 });
		const { end } = run(process);
		await clock.advance(60_000);
		assert.equal(end(), undefined);
		process.goOn();
		await clock.advance(1_000);
		assert.deepEqual([end()?.exitCode, end()?.exceeded, end()?.hung], [3, false, true]);
		assert.equal(clock.timers, 0);
	});
});
