import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Watchdog } from "../../../src/systemd/watchdog.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;
let deadline: number;
/** Seconds at which the watchdog was told that all is well. */
let told: number[];
let hangs: number;
/** How many pings in a row fail from now on. */
let failing: number;

beforeEach(() => {
	clock = new SimulatedClock();
	deadline = Number.POSITIVE_INFINITY;
	told = [];
	hangs = 0;
	failing = 0;
});

function start(limit: number | undefined): void {
	new Watchdog({
		limit,
		deadline: () => deadline,
		alive: () => {
			told.push(clock.now() / 1_000);
			failing -= 1;
			return Promise.resolve(failing < 0);
		},
		hangs: () => (hangs += 1),
		clock,
	}).start();
}

describe("the watchdog", () => {
	it("is told three times within its limit that all is well", async () => {
		start(60_000);
		await clock.advance(80_000);
		assert.deepEqual([told, hangs], [[0, 20, 40, 60, 80], 0]);
	});

	it("is told again at once when that has failed, and then less and less often, up to each second", async () => {
		start(60_000);
		await clock.advance(19_999);
		failing = 1;
		await clock.advance(20_200);
		assert.deepEqual(told, [0, 20, 20.1, 40.1]);
		failing = 1_000;
		await clock.advance(23_600);
		assert.deepEqual(told.slice(4), [60.1, 60.2, 60.4, 60.8, 61.6, 62.6, 63.6]);
	});

	it("is not told after a failure what is not true any more", async () => {
		failing = 1_000;
		deadline = 5_000;
		start(60_000);
		await clock.advance(60_000);
		assert.ok(told.every((at) => at <= 5));
		assert.equal(hangs, 1);
	});

	it("is told nothing while something hangs, and the log is told once", async () => {
		start(60_000);
		deadline = 45_000;
		await clock.advance(300_000);
		assert.deepEqual([told, hangs], [[0, 20, 40], 1]);
	});

	it("is told as soon as it goes on again, so that a process that was stopped for a while is not ended", async () => {
		start(60_000);
		deadline = 45_000;
		await clock.advance(60_500);
		deadline = Number.POSITIVE_INFINITY;
		await clock.advance(60_000);
		assert.deepEqual([told, hangs], [[0, 20, 40, 61, 81, 101], 0]);
	});

	it("is told nothing where there is none", () => {
		start(undefined);
		assert.deepEqual([told, clock.timers], [[], 0]);
	});
});
