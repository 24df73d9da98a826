import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Action, Generator } from "../../../src/generator/generator.ts";
import { ScriptRuns } from "../../../src/generator/script-runs.ts";
import { type Room, roomsMatching } from "../../../src/room.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

const toRoom = roomsMatching("[0-9]+");

function room(name: string): Room {
	const found = toRoom(name);
	assert.ok(found);
	return found;
}

/** A generator whose runs end when the test says so. */
class HeldGenerator implements Generator {
	readonly calls: [room: Room, action: Action, urgent: boolean][] = [];
	readonly #ends: { resolve: () => void; reject: (error: Error) => void }[] = [];

	run(name: Room, action: Action, urgent: boolean): Promise<void> {
		this.calls.push([name, action, urgent]);
		return new Promise((resolve, reject) => {
			this.#ends.push({ resolve, reject });
		});
	}

	stop(): Promise<void> {
		return Promise.resolve();
	}

	/** Lets the run that was started as number `index` succeed, or fail. */
	end(index: number, error?: Error): void {
		const run = this.#ends[index];
		assert.ok(run);
		if (error === undefined) {
			run.resolve();
		} else {
			run.reject(error);
		}
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

function start(name: string): void {
	runs.start(room(name), "write", true, ({ error, late }) => {
		ended.push(`${name} ${error instanceof Error ? error.message : "good"}${late ? ", late" : ""}`);
	});
}

/** Waits for 500 ms, then leaves them behind; `over` tells whether that has come to its end. */
function settle(): { over: boolean } {
	const wait = { over: false };
	void runs.ended(500).then((all) => {
		if (!all) {
			runs.stopWaiting();
		}
		wait.over = true;
	});
	return wait;
}

describe("runs of the script", () => {
	it("are waited for until all have ended, and each end is told before that", async () => {
		start("1");
		start("2");
		const wait = settle();
		generator.end(1, new Error("bad"));
		await clock.advance(10);
		assert.deepEqual([ended, wait.over], [["2 bad"], false]);
		generator.end(0);
		await clock.advance(0);
		assert.deepEqual([ended, wait.over], [["2 bad", "1 good"], true]);
	});

	it("are not waited for where there are none, or all have ended", async () => {
		const none = settle();
		await clock.advance(0);
		assert.equal(none.over, true);
		start("1");
		generator.end(0);
		await clock.advance(0);
		const all = settle();
		await clock.advance(0);
		assert.equal(all.over, true);
		assert.deepEqual(ended, ["1 good"]);
	});

	it("are waited for no longer than the patience lasts, and are late from then on", async () => {
		start("1");
		start("2");
		const wait = settle();
		generator.end(0);
		await clock.advance(499);
		assert.equal(wait.over, false);
		await clock.advance(1);
		assert.equal(wait.over, true);
		generator.end(1);
		await clock.advance(0);
		assert.deepEqual(ended, ["1 good", "2 good, late"]);
	});

	it("that are late are not waited for again", async () => {
		start("1");
		settle();
		await clock.advance(500);
		const next = settle();
		await clock.advance(0);
		assert.equal(next.over, true);
	});

	it("that are late hold up no wait for newer ones, however they end", async () => {
		start("1");
		settle();
		await clock.advance(500);
		start("2");
		const next = settle();
		generator.end(0, new Error("bad"));
		await clock.advance(100);
		assert.deepEqual([ended, next.over], [["1 bad, late"], false]);
		generator.end(1);
		await clock.advance(0);
		assert.deepEqual([ended, next.over], [["1 bad, late", "2 good"], true]);
	});

	it("that are late and still run while newer ones end do not lengthen the wait", async () => {
		start("1");
		settle();
		await clock.advance(500);
		start("2");
		const next = settle();
		generator.end(1);
		await clock.advance(0);
		assert.equal(next.over, true);
		assert.deepEqual(ended, ["2 good"]);
	});

	it("are not waited for where they are not urgent, and late then", async () => {
		runs.start(room("1"), "write", false, ({ late }) => {
			ended.push(late ? "late" : "in time");
		});
		const wait = settle();
		await clock.advance(0);
		assert.equal(wait.over, true);
		generator.end(0);
		await clock.advance(0);
		assert.deepEqual(ended, ["late"]);
	});

	it("are waited for again, after a wait that was too short, unless they are left behind", async () => {
		start("1");
		assert.equal((await Promise.all([runs.ended(10), clock.advance(10)]))[0], false);
		const wait = settle();
		await clock.advance(100);
		assert.equal(wait.over, false);
		generator.end(0);
		await clock.advance(0);
		assert.deepEqual([ended, wait.over], [["1 good"], true]);
	});

	it("leave no timer behind", async () => {
		start("1");
		settle();
		generator.end(0);
		await clock.advance(0);
		assert.equal(clock.timers, 0);
	});

	it("are started at once, with what they are for", () => {
		runs.start(room("1"), "write", true, () => {});
		runs.start(room("2"), "remove", false, () => {});
		assert.deepEqual(generator.calls, [
			["1", "write", true],
			["2", "remove", false],
		]);
	});
});
