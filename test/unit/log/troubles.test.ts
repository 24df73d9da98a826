import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Troubles } from "../../../src/log/troubles.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";

let log: RecordingLog;
let troubles: Troubles;

beforeEach(() => {
	log = recordingLog();
	troubles = new Troubles(log);
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

	it("bears its facts as fields", () => {
		troubles.report("room", "error", "failed", { room: "1" });
		assert.deepEqual(log.lines, [{ level: "error", fields: { room: "1" }, sentence: "failed" }]);
	});
});
