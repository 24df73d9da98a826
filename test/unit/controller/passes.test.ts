import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Passes } from "../../../src/controller/passes.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;
let passes: Passes;

beforeEach(() => {
	clock = new SimulatedClock();
	passes = new Passes({
		make: async (socket) => {
			passes.begin(150);
			await socket.api("conference list summary");
			return true;
		},
		nextDue: () => Number.POSITIVE_INFINITY,
		resync: 300_000,
		clock,
	});
});

const unanswered = { api: () => new Promise<string>(() => {}) };
const answered = { api: () => Promise.resolve("") };

describe("whether passes hang", () => {
	it("is said when a command gets no answer and nothing ends the connection", async () => {
		passes.connected(unanswered);
		await clock.advance(19_000);
		assert.ok(clock.now() <= passes.deadline);
		await clock.advance(2_000);
		assert.ok(clock.now() > passes.deadline);
	});

	it("is said when a pass never ends, whatever connection comes after it", async () => {
		passes.connected(unanswered);
		await clock.advance(10_000);
		passes.disconnected();
		await clock.advance(60_000);
		assert.ok(clock.now() <= passes.deadline, "there is no connection");
		passes.connected(answered);
		await clock.advance(25_000);
		assert.ok(clock.now() > passes.deadline);
	});

	it("is not said between two passes, however far they are apart", async () => {
		passes.connected(answered);
		for (let second = 0; second < 900; second++) {
			await clock.advance(1_000);
			assert.ok(clock.now() <= passes.deadline);
		}
	});
});

describe("requests", () => {
	it("that come during a pass make exactly one more", async () => {
		let looks = 0;
		passes.connected({
			api: () => {
				looks += 1;
				if (looks === 1) {
					for (let times = 0; times < 50; times++) {
						passes.request();
					}
				}
				return Promise.resolve("");
			},
		});
		await clock.advance(10_000);
		assert.equal(looks, 2);
	});
});
