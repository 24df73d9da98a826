/**
 * The promise, for any history: once things are quiet, the registrar's bindings are exactly the running rooms. Schedules are
 * drawn at random and played on simulated time; claims.ts says what must hold meanwhile. A suspended machine and a
 * changed wall clock need no schedule of their own: the daemon knows only the monotonic clock, which can at worst stand still,
 * as it does for a daemon that gets no processor.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import kept from "../fixtures/seeds.json" with { type: "json" };
import { testSeed } from "../support/seed.ts";
import { check, entry } from "./check.ts";
import type { Schedule } from "./schedule.ts";
import { schedules } from "./schedule.ts";
import { simulate } from "./simulation.ts";

const runs = 2_000;

describe("a history", () => {
	for (const { seed, found, schedule } of kept) {
		it(`that once broke a claim goes well (seed ${seed}: ${found})`, async () => {
			const { failure, story } = await simulate(schedule as Schedule);
			assert.equal(failure, undefined, story);
		});
	}

	it("is the same for the same schedule, every time", async () => {
		for (const schedule of fc.sample(schedules, { seed: 1, numRuns: 10 })) {
			const first = await simulate(schedule);
			const second = await simulate(schedule);
			assert.equal(second.story, first.story);
			assert.ok(first.commands > 0);
		}
	});

	it(`of whatever kind ends well: ${runs} schedules`, async () => {
		const found = await check({ seed: testSeed, runs, shrink: true });
		assert.equal(
			found,
			undefined,
			found && `${found.story}\n\nseed ${testSeed}; for test/fixtures/seeds.json:\n${entry(found)}`,
		);
	});
});
