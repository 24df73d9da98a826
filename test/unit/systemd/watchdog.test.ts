import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Watchdog } from "../../../src/systemd/watchdog.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;
let deadline: number;
/** Seconds at which the watchdog was told that all is well. */
let told: number[];
let hangs: number;

beforeEach(() => {
	clock = new SimulatedClock();
	deadline = Number.POSITIVE_INFINITY;
	told = [];
	hangs = 0;
});

function start(limit: number | undefined): void {
	new Watchdog({
		limit,
		deadline: () => deadline,
		alive: () => told.push(clock.now() / 1_000),
		hangs: () => (hangs += 1),
		clock,
	}).start();
}

describe("the watchdog", () => {
	it("is told twice within its limit that all is well", async () => {
		start(60_000);
		await clock.advance(120_000);
		assert.deepEqual([told, hangs], [[0, 30, 60, 90, 120], 0]);
	});

	it("is told nothing while something hangs, and the log is told once", async () => {
		start(60_000);
		deadline = 45_000;
		await clock.advance(300_000);
		assert.deepEqual([told, hangs], [[0, 30], 1]);
	});

	it("is told as soon as it goes on again, so that a process that was stopped for a while is not ended", async () => {
		start(60_000);
		deadline = 45_000;
		await clock.advance(60_500);
		deadline = Number.POSITIVE_INFINITY;
		await clock.advance(60_000);
		assert.deepEqual([told, hangs], [[0, 30, 61, 91], 0]);
	});

	it("is told nothing where there is none", () => {
		start(undefined);
		assert.deepEqual([told, clock.timers], [[], 0]);
	});
});
