/** The tests' own time: simulated, scaled and stopped clocks, and waiting without sleeping. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { changed, NeverHappened, until } from "../support/until.ts";
import { StoppableClock, scaledClock } from "./clocks.ts";

describe("simulated time", () => {
	it("fires timers when they are due, in the order of their setting among equals", async () => {
		const clock = new SimulatedClock();
		const fired: [string, number][] = [];
		const set = (name: string, delay: number) => clock.after(delay, () => fired.push([name, clock.now()]));
		set("late", 20);
		set("first", 10);
		set("second", 10);
		set("never", 15)();
		await clock.advance(9);
		assert.deepEqual(fired, []);
		await clock.advance(11);
		assert.deepEqual(fired, [
			["first", 10],
			["second", 10],
			["late", 20],
		]);
		assert.equal(clock.timers, 0);
	});

	it("fires what timers set, and lets promises settle in between", async () => {
		const clock = new SimulatedClock();
		const seen: number[] = [];
		const loop = async () => {
			for (;;) {
				await new Promise<void>((resolve) => {
					clock.after(10, resolve);
				});
				seen.push(clock.now());
			}
		};
		void loop();
		await clock.advance(35);
		assert.deepEqual(seen, [10, 20, 30]);
		assert.equal(clock.now(), 35);
	});

	it("can pass until something happens, but not for ever", async () => {
		const clock = new SimulatedClock();
		let happened = false;
		clock.after(3_600_000, () => {
			happened = true;
		});
		await assert.rejects(
			clock.advanceUntil(() => happened, "it happens", 1_000),
			/it happens/,
		);
		await clock.advanceUntil(() => happened, "it happens", 3_600_000);
		assert.equal(clock.now(), 3_600_000);
	});
});

describe("a scaled clock", () => {
	it("makes a second last as long as wanted", async () => {
		const clock = new SimulatedClock();
		const fast = scaledClock(clock, 50);
		let now = 0;
		fast.after(1_000, () => {
			now = fast.now();
		});
		await clock.advance(20);
		assert.equal(now, 1_000);
	});
});

describe("a stopped clock", () => {
	it("fires nothing any more", async () => {
		const clock = new SimulatedClock();
		const process = new StoppableClock(clock);
		const fail = () => {
			assert.fail("it has been stopped");
		};
		process.after(10, fail);
		process.stop();
		process.after(10, fail);
		assert.equal(clock.timers, 0);
		await clock.advance(20);
	});
});

describe("until", () => {
	it("resolves at once when the condition is true already", async () => {
		await until(() => true, "it is true");
	});

	it("looks again after every change, once for all changes of a turn", async () => {
		let looks = 0;
		let done = false;
		const waiting = until(
			() => {
				looks += 1;
				return done;
			},
			"it is done",
			{ deadline: 10_000 },
		);
		changed();
		changed();
		await Promise.resolve();
		assert.equal(looks, 2);
		done = true;
		changed();
		await waiting;
		assert.equal(looks, 3);
	});

	it("tells what it waited for and how things stand when that does not come", async () => {
		await assert.rejects(
			until(() => false, "pigs fly", { deadline: 1, describe: () => "pigs: on the ground" }),
			(error) => error instanceof NeverHappened && /pigs fly\npigs: on the ground/.test(error.message),
		);
	});

	it("passes on what the condition throws", async () => {
		let broken = false;
		const waiting = until(() => {
			if (broken) {
				throw new RangeError("broken");
			}
			return false;
		}, "it is true");
		broken = true;
		changed();
		await assert.rejects(waiting, RangeError);
	});
});
