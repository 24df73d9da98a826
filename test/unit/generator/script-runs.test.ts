import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Action, Generator } from "../../../src/generator/generator.ts";
import { ScriptRuns } from "../../../src/generator/script-runs.ts";
import type { Room } from "../../../src/room.ts";
import { room } from "../../support/observations.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

/** A generator whose runs end when the test says so. */
class HeldGenerator implements Generator {
	readonly calls: [room: Room, action: Action, urgent: boolean][] = [];
	readonly #ends: ((error?: Error) => void)[] = [];

	run(name: Room, action: Action, urgent: boolean): Promise<void> {
		this.calls.push([name, action, urgent]);
		return new Promise((resolve, reject) =>
			this.#ends.push((error) => (error === undefined ? resolve() : reject(error))),
		);
	}

	stop(): Promise<void> {
		return Promise.resolve();
	}

	/** Lets the run that was started as number `index` succeed, or fail. */
	async end(index: number, error?: Error): Promise<void> {
		this.#ends[index]?.(error);
		await clock.advance(0);
	}
}

let clock: SimulatedClock;
let generator: HeldGenerator;
let runs: ScriptRuns;
/** What has been told of ended runs. */
let ended: string[];

beforeEach(() => {
	clock = new SimulatedClock();
	generator = new HeldGenerator();
	runs = new ScriptRuns(generator, clock);
	ended = [];
});

function start(name: string, urgent = true): void {
	runs.start(room(name), "write", urgent, ({ error, late }) =>
		ended.push(`${name} ${error instanceof Error ? error.message : "good"}${late ? ", late" : ""}`),
	);
}

/** A pass waits for 500 ms, then goes on; `over` tells whether it has. */
async function wait(): Promise<{ over: boolean }> {
	const pass = { over: false };
	void runs.ended(500).then((all) => {
		if (!all) {
			runs.stopWaiting();
		}
		pass.over = true;
	});
	await clock.advance(0);
	return pass;
}

/** A run that a pass has not waited for any longer. */
async function startLate(name: string): Promise<void> {
	start(name);
	await wait();
	await clock.advance(500);
}

describe("runs of the script", () => {
	it("are started at once, with what they are for", () => {
		runs.start(room("1"), "write", true, () => {});
		runs.start(room("2"), "remove", false, () => {});
		assert.deepEqual(generator.calls, [
			["1", "write", true],
			["2", "remove", false],
		]);
	});

	it("are waited for until all have ended, and each end is told before that", async () => {
		start("1");
		start("2");
		const pass = await wait();
		await generator.end(1, new Error("bad"));
		assert.deepEqual([ended, pass.over], [["2 bad"], false]);
		await generator.end(0);
		assert.deepEqual([ended, pass.over], [["2 bad", "1 good"], true]);
		assert.equal(clock.timers, 0);
	});

	it("are not waited for where there are none, or all have ended", async () => {
		assert.equal((await wait()).over, true);
		start("1");
		await generator.end(0);
		assert.equal((await wait()).over, true);
		assert.deepEqual(ended, ["1 good"]);
	});

	it("are waited for no longer than the patience lasts, and are late from then on", async () => {
		start("1");
		start("2");
		const pass = await wait();
		await generator.end(0);
		await clock.advance(499);
		assert.equal(pass.over, false);
		await clock.advance(1);
		assert.equal(pass.over, true);
		await generator.end(1);
		assert.deepEqual(ended, ["1 good", "2 good, late"]);
	});

	it("that are late are not waited for again", async () => {
		await startLate("1");
		assert.equal((await wait()).over, true);
	});

	it("that are late hold up no wait for newer ones, however they end", async () => {
		await startLate("1");
		start("2");
		const pass = await wait();
		await generator.end(0, new Error("bad"));
		assert.deepEqual([ended, pass.over], [["1 bad, late"], false]);
		await generator.end(1);
		assert.deepEqual([ended, pass.over], [["1 bad, late", "2 good"], true]);
	});

	it("that are late and still run while newer ones end do not lengthen the wait", async () => {
		await startLate("1");
		start("2");
		const pass = await wait();
		await generator.end(1);
		assert.deepEqual([ended, pass.over], [["2 good"], true]);
	});

	it("that are not urgent are not waited for, and late then", async () => {
		start("1", false);
		assert.equal((await wait()).over, true);
		await generator.end(0);
		assert.deepEqual(ended, ["1 good, late"]);
	});

	it("are waited for again after a wait that was too short, unless passes have gone on without them", async () => {
		start("1");
		assert.equal((await Promise.all([runs.ended(10), clock.advance(10)]))[0], false);
		const pass = await wait();
		await clock.advance(100);
		assert.equal(pass.over, false);
		await generator.end(0);
		assert.deepEqual([ended, pass.over], [["1 good"], true]);
	});
});
