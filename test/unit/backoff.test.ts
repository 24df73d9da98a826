import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { waitAfter } from "../../src/backoff.ts";
import "../support/seed.ts";

const connection = { first: 200, most: 5_000 };

describe("the wait before another try", () => {
	for (const [what, first, most, waits] of [
		["a connection", 200, 5_000, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
		["a room", 1_000, 60_000, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]],
	] as const) {
		it(`of ${what} doubles up to its limit`, () => {
			const found = waits.map((_, index) => waitAfter(index + 1, { first, most }));
			assert.deepEqual(found, waits);
		});
	}

	it("is still the limit after a year of failures", () => {
		for (const failures of [32, 1_024, 1_100, 10_000_000, Number.MAX_SAFE_INTEGER]) {
			assert.equal(waitAfter(failures, connection), 5_000);
		}
	});

	it("is shortened by the jitter, by half at most", () => {
		const waits = [0, 0.5, 1].map((jitter) => waitAfter(3, connection, jitter));
		assert.deepEqual(waits, [800, 600, 400]);
	});

	it("never shrinks with failures, and stays between half of what is due and the limit", () => {
		const backoffs = fc.record({
			first: fc.integer({ min: 1, max: 10_000 }),
			most: fc.integer({ min: 10_000, max: 100_000 }),
		});
		const jitters = fc.double({ min: 0, max: 1, noNaN: true });
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 2_000 }), backoffs, jitters, (failures, backoff, jitter) => {
				const due = waitAfter(failures, backoff);
				const wait = waitAfter(failures, backoff, jitter);
				assert.ok(due >= backoff.first && due <= backoff.most);
				assert.ok(waitAfter(failures + 1, backoff) >= due);
				assert.ok(wait >= due / 2 && wait <= due);
			}),
		);
	});
});
