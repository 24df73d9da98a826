import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Ledger } from "../../../src/controller/ledger.ts";
import type { Observation } from "../../../src/controller/observe.ts";
import { type Room, roomsMatching } from "../../../src/room.ts";

const toRoom = roomsMatching("[0-9]+");

function room(name: string): Room {
	const found = toRoom(name);
	assert.ok(found);
	return found;
}

/** What FreeSWITCH lists: rooms that run, and the state of gateways. */
function seen(running: string[], gateways: Record<string, string[]> = {}): Observation {
	const listed = Object.entries(gateways).map(
		([name, states]) => [room(name), states.map((state) => ({ name: `conf_${name}`, state }))] as const,
	);
	return { running: new Set(running.map(room)), gateways: new Map(listed), others: new Set() };
}

describe("the ledger", () => {
	it("has a record for every room that runs or has a gateway", () => {
		const ledger = new Ledger(5_000);
		const changes = ledger.observe(seen(["1", "2"], { "2": ["REGED"], "3": ["REGED"] }), 100);
		assert.deepEqual(changes, [
			{ room: "1", change: "started", at: 100 },
			{ room: "2", change: "started", at: 100 },
		]);
		const facts = [...ledger.records].map(([name, record]) => {
			const { conference, gateway } = record.facts(100);
			return [name, conference, gateway];
		});
		assert.deepEqual(facts, [
			["1", "running", "none"],
			["2", "running", "up"],
			["3", "ended", "up"],
		]);
	});

	it("notes what is not listed any more", () => {
		const ledger = new Ledger(5_000);
		ledger.observe(seen(["1"], { "1": ["REGED"] }), 0);
		assert.deepEqual(ledger.observe(seen([]), 1_000), [{ room: "1", change: "ended", at: 1_000 }]);
		const { conference, gateway } = ledger.of(room("1")).facts(5_999);
		assert.deepEqual([conference, gateway], ["lingering", "none"]);
	});

	it("keeps two gateways of one room apart from one", () => {
		const ledger = new Ledger(5_000);
		ledger.observe(seen(["1"], { "1": ["UNREGED", "UNREGISTER"] }), 0);
		assert.equal(ledger.of(room("1")).facts(0).gateway, "doubled");
	});

	it("counts a room's start from its create event", () => {
		const ledger = new Ledger(5_000);
		ledger.heardOf(room("1"), 300);
		assert.deepEqual(ledger.observe(seen(["1"]), 500), [{ room: "1", change: "started", at: 300 }]);
	});

	it("uses a create event once", () => {
		const ledger = new Ledger(0);
		ledger.heardOf(room("1"), 300);
		ledger.observe(seen(["1"]), 500);
		ledger.observe(seen([]), 1_000);
		assert.deepEqual(ledger.observe(seen(["1"]), 2_000), [{ room: "1", change: "started", at: 2_000 }]);
	});

	it("keeps a create event that came while FreeSWITCH was answering", () => {
		const ledger = new Ledger(0);
		ledger.heardOf(room("1"), 600);
		assert.deepEqual(ledger.observe(seen([]), 500), []);
		assert.deepEqual(ledger.observe(seen(["1"]), 700), [{ room: "1", change: "started", at: 600 }]);
	});

	it("drops a create event whose conference was gone when it was looked for", () => {
		const ledger = new Ledger(0);
		ledger.heardOf(room("1"), 300);
		ledger.observe(seen([]), 500);
		assert.deepEqual(ledger.observe(seen(["1"]), 900), [{ room: "1", change: "started", at: 900 }]);
	});

	it("knows of a create event until a look that was made after it", () => {
		const ledger = new Ledger(0);
		assert.equal(ledger.isHeardOf(room("1")), false);
		ledger.heardOf(room("1"), 300);
		ledger.observe(seen([]), 299);
		assert.deepEqual([ledger.isHeardOf(room("1")), ledger.isHeardOf(room("2"))], [true, false]);
		ledger.observe(seen([]), 300);
		assert.equal(ledger.isHeardOf(room("1")), false);
	});

	it("makes no record of a room that was only heard of", () => {
		const ledger = new Ledger(0);
		ledger.heardOf(room("1"), 300);
		ledger.observe(seen([]), 500);
		assert.equal(ledger.records.size, 0);
	});

	it("keeps a record until it is to be forgotten", () => {
		const ledger = new Ledger(0);
		ledger.observe(seen(["1"]), 0);
		const record = ledger.of(room("1"));
		ledger.observe(seen([]), 1_000);
		assert.equal(ledger.of(room("1")), record);
		ledger.forget(room("1"));
		assert.equal(ledger.records.size, 0);
	});

	it("wants the next look when the first of its rooms does", () => {
		const ledger = new Ledger(5_000);
		assert.equal(ledger.nextDue(0), Number.POSITIVE_INFINITY);
		ledger.observe(seen(["1", "2", "3"]), 0);
		assert.equal(ledger.nextDue(0), Number.POSITIVE_INFINITY);
		ledger.observe(seen(["2", "3"]), 1_000);
		ledger.observe(seen(["3"]), 2_000);
		assert.equal(ledger.nextDue(2_000), 6_000);
		assert.equal(ledger.nextDue(6_000), 7_000);
	});
});
