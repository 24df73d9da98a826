import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { waitAfter } from "../../src/backoff.ts";

describe("the wait before another try", () => {
	const sequences: [what: string, first: number, most: number, waits: number[]][] = [
		["of a connection", 200, 5_000, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
		["of a room", 1_000, 60_000, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]],
	];
	for (const [what, first, most, waits] of sequences) {
		it(`${what} doubles up to its limit`, () => {
			assert.deepEqual(
				waits.map((_, index) => waitAfter(index + 1, { first, most })),
				waits,
			);
		});
	}

	it("is still the limit after a year of failures", () => {
		for (const failures of [32, 1_024, 1_100, 10_000_000, Number.MAX_SAFE_INTEGER]) {
			assert.equal(waitAfter(failures, { first: 200, most: 5_000 }), 5_000);
		}
	});

	it("is shortened by the jitter, by half at most", () => {
		const backoff = { first: 200, most: 5_000 };
		assert.deepEqual(
			[0, 0.5, 1].map((jitter) => waitAfter(3, backoff, jitter)),
			[800, 600, 400],
		);
	});

	it("never shrinks with failures, and stays between half of what is due and the limit", () => {
		const backoffs = fc.record({
			first: fc.integer({ min: 1, max: 10_000 }),
			most: fc.integer({ min: 10_000, max: 100_000 }),
		});
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 2_000 }),
				backoffs,
				fc.double({ min: 0, max: 1, noNaN: true }),
				(failures, backoff, jitter) => {
					const due = waitAfter(failures, backoff);
					const wait = waitAfter(failures, backoff, jitter);
					assert.ok(due >= backoff.first && due <= backoff.most);
					assert.ok(waitAfter(failures + 1, backoff) >= due);
					assert.ok(wait >= due / 2 && wait <= due);
				},
			),
		);
	});
});
