import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Troubles } from "../../../src/log/troubles.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let log: RecordingLog;
let clock: SimulatedClock;
let troubles: Troubles;

beforeEach(() => {
	log = recordingLog();
	clock = new SimulatedClock();
	troubles = new Troubles(log, clock);
});

const told = () => log.lines.map(({ level, sentence }) => `${level}: ${sentence}`);

describe("a trouble", () => {
	it("is told once, and at debug level as long as it stays the same", () => {
		for (let times = 0; times < 3; times++) {
			troubles.report("reloadxml", "error", "missing >");
		}
		assert.deepEqual(told(), ["error: missing >", "debug: missing >", "debug: missing >"]);
	});

	it("is told again when it changes, and when it changes back", () => {
		troubles.report("connection", "warn", "refused");
		troubles.report("connection", "error", "no route");
		troubles.report("connection", "warn", "refused");
		assert.deepEqual(told(), ["warn: refused", "error: no route", "warn: refused"]);
	});

	it("is told of each thing by itself", () => {
		troubles.report("gateway of 1", "error", "no");
		troubles.report("gateway of 2", "error", "no");
		troubles.over("gateway of 1", "1 is well");
		troubles.report("gateway of 2", "error", "no");
		assert.deepEqual(told(), ["error: no", "error: no", "info: 1 is well", "debug: no"]);
	});

	it("is over once, only if there was one, and told anew after that", () => {
		troubles.over("lists", "well");
		troubles.report("lists", "warn", "no lists");
		troubles.over("lists", "well");
		troubles.over("lists", "well");
		troubles.report("lists", "warn", "no lists");
		assert.deepEqual(told(), ["warn: no lists", "info: well", "warn: no lists"]);
	});

	it("can be over without a word", () => {
		troubles.report("connection", "warn", "refused");
		troubles.over("connection");
		troubles.report("connection", "warn", "refused");
		assert.deepEqual(told(), ["warn: refused", "warn: refused"]);
	});

	it("is the same one when only numbers in it differ, as those of processes do", () => {
		troubles.report("1 script", "error", "line 7 of process 811");
		troubles.report("1 script", "error", "line 7 of process 12");
		assert.deepEqual(told(), ["error: line 7 of process 811", "debug: line 7 of process 12"]);
	});

	it("that lasts is told again every ten minutes, one line for all, until it is over", async () => {
		for (const room of ["1", "2", "3"]) {
			troubles.report(`${room} script`, "error", `room ${room}: exited with 1`);
			await clock.advance(60_000);
		}
		log.lines.length = 0;
		await clock.advance(420_000);
		troubles.over("1 script");
		await clock.advance(600_000);
		assert.deepEqual(told(), [
			"warn: for 10 min: room 1: exited with 1; and 2 more",
			"warn: for 19 min: room 2: exited with 1; and 1 more",
		]);
		troubles.forget("2");
		troubles.forget("3");
		await clock.advance(3_600_000);
		assert.equal(log.lines.length, 2);
	});

	it("of a room is told anew after nothing was expected of it", () => {
		troubles.report("1 killgw", "error", "no");
		troubles.report("11 killgw", "error", "no");
		troubles.forget("1");
		troubles.report("1 killgw", "error", "no");
		troubles.report("11 killgw", "error", "no");
		assert.deepEqual(told(), ["error: no", "error: no", "error: no", "debug: no"]);
	});

	it("bears its facts as fields", () => {
		troubles.report("room", "error", "failed", { room: "1" });
		assert.deepEqual(log.lines, [{ level: "error", fields: { room: "1" }, sentence: "failed" }]);
	});
});
