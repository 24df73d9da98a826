import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { atMost } from "../../src/clock.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";

describe("waiting at most so long", () => {
	it("ends with the promise, or when the time is up, and leaves no timer", async () => {
		const clock = new SimulatedClock();
		let ended = 0;
		const wait = (promise: Promise<unknown>) => atMost(1_000, promise, clock).finally(() => (ended += 1));
		const sooner = wait(Promise.resolve());
		const later = wait(new Promise(() => {}));
		await sooner;
		await clock.advance(999);
		assert.equal(ended, 1);
		await clock.advance(1);
		await later;
		await assert.rejects(wait(Promise.reject(new Error("no"))), /^Error: no$/);
		assert.equal(clock.timers, 0);
	});
});
