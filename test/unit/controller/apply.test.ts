import assert from "node:assert/strict";
import { it } from "node:test";
import { Applier } from "../../../src/controller/apply.ts";
import { Ledger } from "../../../src/controller/ledger.ts";
import { Troubles } from "../../../src/log/troubles.ts";
import { room, settings } from "../../support/observations.ts";
import { recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

it("a script that fails by a fault of the program is logged with that fault, and retried as any other", async () => {
	const clock = new SimulatedClock();
	const log = recordingLog();
	const fault = new TypeError("no such thing");
	const applier = new Applier({
		generator: { run: () => Promise.reject(fault) },
		profile: "external",
		ledger: new Ledger({ linger: 0, timeout: 10_000, generation: settings }),
		troubles: new Troubles(log, clock),
		clock,
		log,
		requestPass: () => {},
	});
	applier.startScripts(new Map([[room("1"), { script: "write", gateway: "load" }]]));
	await clock.advance(0);
	assert.deepEqual(log.lines, [
		{ level: "error", fields: { room: "1", err: fault }, sentence: "room 1: no such thing; retrying" },
	]);
});
