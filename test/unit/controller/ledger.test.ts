import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Ledger } from "../../../src/controller/ledger.ts";
import type { Observation } from "../../../src/controller/observe.ts";
import { room, seen, settings } from "../../support/observations.ts";

/** The conferences that a look shows to have changed. */
function changes(ledger: Ledger, observation: Observation, now: number): string[] {
	return ledger
		.observe(observation, { now: now, first: false, anew: false })
		.map((change) => `${change.room} ${String(change.conference)}`);
}

/** ms that a room took to be registered, as it is told. */
function took(ledger: Ledger, now: number): number | undefined {
	const [change] = ledger.observe(seen(["1"], { "1": ["REGED"] }), { now: now, first: false, anew: false });
	const [registration] = change?.registrations ?? [];
	return registration?.kind === "registered" ? registration.afterMs : undefined;
}

describe("the ledger", () => {
	let ledger: Ledger;

	beforeEach(() => {
		ledger = new Ledger({ linger: 5_000, timeout: 10_000, generation: settings });
	});

	it("has a record for every room that runs or has a gateway", () => {
		const found = seen(["1", "2"], { "2": ["REGED"], "3": ["REGED"] });
		const registration = { kind: "registered", afterMs: 0, again: false };
		assert.deepEqual(ledger.observe(found, { now: 100, first: true, anew: false }), [
			{ room: "1", conference: "started", registrations: [], isRegistered: false },
			{ room: "2", conference: "started", registrations: [registration], isRegistered: true },
		]);
		const facts = [...ledger.records].map(([name, record]) => {
			const { conference, gateway } = record.facts(100);
			return [name, conference, gateway].join(" ");
		});
		assert.deepEqual(facts, ["1 running none", "2 running up", "3 ended up"]);
	});

	it("notes what is not listed any more", () => {
		ledger.observe(seen(["1"], { "1": ["REGED"] }), { now: 0, first: false, anew: false });
		assert.deepEqual(changes(ledger, seen([]), 1_000), ["1 ended"]);
		const { conference, gateway } = ledger.of(room("1")).facts(5_999);
		assert.deepEqual([conference, gateway], ["lingering", "none"]);
	});

	it("keeps two gateways of one room apart from one", () => {
		ledger.observe(seen(["1"], { "1": ["UNREGED", "UNREGISTER"] }), { now: 0, first: false, anew: false });
		assert.equal(ledger.of(room("1")).facts(0).gateway, "doubled");
	});

	it("counts how many rooms run and are registered", () => {
		ledger.observe(seen(["1", "2", "3"], { "1": ["REGED"], "2": ["FAIL_WAIT"], "9": ["REGED"] }), {
			now: 0,
			first: true,
			anew: false,
		});
		assert.deepEqual(ledger.counts, { running: 3, registered: 1, partial: 0 });
	});

	it("counts the time to a room's registration from its create event", () => {
		ledger.noteCreated(room("1"), 300);
		assert.deepEqual(changes(ledger, seen(["1"]), 500), ["1 started"]);
		assert.equal(took(ledger, 1_000), 700);
	});

	it("uses a create event once", () => {
		ledger.noteCreated(room("1"), 300);
		for (const [running, now] of [
			[["1"], 500],
			[[], 1_000],
			[["1"], 7_000],
		] as const) {
			ledger.observe(seen([...running]), { now: now, first: false, anew: false });
		}
		assert.equal(took(ledger, 8_000), 1_000);
	});

	it("keeps a create event that came while FreeSWITCH was answering", () => {
		ledger.noteCreated(room("1"), 600);
		assert.deepEqual(changes(ledger, seen([]), 500), []);
		ledger.observe(seen(["1"]), { now: 700, first: false, anew: false });
		assert.equal(took(ledger, 1_000), 400);
	});

	it("drops a create event whose conference was gone when it was looked for, and makes no record of it", () => {
		ledger.noteCreated(room("1"), 300);
		ledger.observe(seen([]), { now: 500, first: false, anew: false });
		assert.equal(ledger.records.size, 0);
		ledger.observe(seen(["1"]), { now: 900, first: false, anew: false });
		assert.equal(took(ledger, 1_000), 100);
	});

	it("knows of a create event until a look that was made after it", () => {
		assert.equal(ledger.wasCreated(room("1")), false);
		ledger.noteCreated(room("1"), 300);
		ledger.observe(seen([]), { now: 299, first: false, anew: false });
		assert.deepEqual([ledger.wasCreated(room("1")), ledger.wasCreated(room("2"))], [true, false]);
		ledger.observe(seen([]), { now: 300, first: false, anew: false });
		assert.equal(ledger.wasCreated(room("1")), false);
	});

	it("keeps a record until it is to be forgotten", () => {
		ledger.observe(seen(["1"]), { now: 0, first: false, anew: false });
		const record = ledger.of(room("1"));
		ledger.observe(seen([]), { now: 1_000, first: false, anew: false });
		assert.equal(ledger.of(room("1")), record);
		ledger.forget(room("1"));
		assert.equal(ledger.records.size, 0);
	});

	it("wants the next look when the first of its rooms does", () => {
		assert.equal(ledger.nextDue(0), Number.POSITIVE_INFINITY);
		ledger.observe(seen(["1", "2", "3"]), { now: 0, first: false, anew: false });
		assert.equal(ledger.nextDue(0), Number.POSITIVE_INFINITY);
		ledger.observe(seen(["2", "3"]), { now: 1_000, first: false, anew: false });
		ledger.observe(seen(["3"]), { now: 2_000, first: false, anew: false });
		assert.equal(ledger.nextDue(2_000), 6_000);
		assert.equal(ledger.nextDue(6_000), 7_000);
	});
});
