/** What becomes of other rooms when scripts cannot be ended. The processes are played on a simulated clock. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Script } from "../../../src/generator/script.ts";
import type { ScriptExit, StartScript } from "../../../src/generator/script-process.ts";
import { room } from "../../support/observations.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;
let log: RecordingLog;
/** The processes that there are, by what ends them, and how many there have been. */
let alive: Map<string, () => void>;
let begun: number;
/** The rooms whose scripts take 10 ms, and those whose scripts a signal ends; all others hang. */
let good: Set<string>;
let endable: Set<string>;
let script: Script;
let outcomes: Map<string, string>;

const start: StartScript = (_, [name = ""]) => {
	assert.ok(!alive.has(name), `a second process for room ${name}`);
	let resolve!: (exit: ScriptExit) => void;
	const exited = new Promise<ScriptExit>((settle) => {
		resolve = settle;
	});
	const exit = (how: ScriptExit) => {
		alive.delete(name);
		resolve(how);
	};
	begun += 1;
	alive.set(name, () => exit({ signal: "SIGKILL" }));
	if (good.has(name)) {
		clock.after(10, () => exit({ exitCode: 0 }));
	}
	return {
		exited,
		closed: exited,
		signal: (signal) => {
			if (signal !== 0 && endable.has(name)) {
				exit({ signal });
			}
			return alive.has(name);
		},
		letGo: () => {},
		output: () => "",
	};
};

beforeEach(() => {
	clock = new SimulatedClock();
	log = recordingLog();
	alive = new Map();
	begun = 0;
	good = new Set();
	endable = new Set();
	outcomes = new Map();
	script = new Script({ script: "script", timeout: 1_000, environment: {}, places: 4, start, clock, log });
});

/** Runs the script for rooms as the controller does: again and again after a failure, and then not urgently. */
function run(urgent: boolean, ...names: readonly string[]): void {
	for (const name of names) {
		script.run(room(name), "write", urgent).then(
			() => outcomes.set(name, "good"),
			(error: unknown) => {
				outcomes.set(name, error instanceof Error ? error.message : "");
				clock.after(1_000, () => run(false, name));
			},
		);
	}
}

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => String(from + index));

describe("scripts that cannot be ended", () => {
	it("are one a room and told once, and keep no other room from its place", async () => {
		run(true, ...numbers(12), "13");
		good.add("13");
		// Three times four scripts are given their second, and another one to end.
		await clock.advance(6_100);
		assert.equal(outcomes.get("13"), "good");
		await clock.advance(3_600_000);
		assert.deepEqual([...alive.keys()], numbers(12));
		assert.equal(begun, 13);
		assert.deepEqual(
			log.said(/./).filter((line) => line.startsWith("room")),
			numbers(12).map(
				(name) =>
					`room ${name}: script ${name} cannot be ended, it ignores even SIGKILL; nothing else runs for that room until it ends`,
			),
		);
		good.add("14");
		run(true, "14");
		await clock.advance(10);
		assert.equal(outcomes.get("14"), "good");
	});

	it("keep their rooms until they end, which fails then and is tried again", async () => {
		run(true, "1");
		await clock.advance(61_000);
		assert.equal(outcomes.get("1"), undefined);
		alive.get("1")?.();
		good.add("1");
		await clock.advance(1_000);
		assert.equal(outcomes.get("1"), "script 1 took longer than 1 s and could not be ended for 61 s");
		await clock.advance(1_010);
		assert.equal(outcomes.get("1"), "good");
	});

	it("are never more than 32 and those that have a place then, beyond which no other is begun until one of them ends", async () => {
		run(true, ...numbers(300));
		await clock.advance(3_600_000);
		assert.equal(alive.size, 35);
		assert.equal(outcomes.get("300"), "script 300 was not run, because 35 others cannot be ended");
		good = new Set(numbers(300));
		for (const end of [...alive.values()]) {
			end();
		}
		await clock.advance(30_000);
		assert.deepEqual(new Set(outcomes.values()), new Set(["good"]));
	});

	it("are not waited for when the daemon stops, and the others get 0.5 s to end", async () => {
		run(true, "1");
		await clock.advance(2_000);
		run(true, "2");
		let stopped = false;
		void script.stop().then(() => {
			stopped = true;
		});
		await clock.advance(1_000);
		assert.equal(stopped, true);
	});
});

describe("scripts that hang and can be ended", () => {
	it("hold no more than half of the places when they are tried again", async () => {
		endable = new Set(numbers(12));
		run(true, ...endable);
		await clock.advance(60_500);
		assert.equal(alive.size, 2);
		good.add("13");
		run(true, "13");
		await clock.advance(10);
		assert.equal(outcomes.get("13"), "good");
	});
});
