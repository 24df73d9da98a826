import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { RoomFacts } from "../../../src/controller/plan.ts";
import { RoomRecord } from "../../../src/controller/room-record.ts";

const linger = 5_000;

let record: RoomRecord;

beforeEach(() => {
	record = new RoomRecord();
});

/** FreeSWITCH lists gateways in these states for the room. */
function list(...states: string[]): RoomFacts {
	record.observeGateways(
		states.map((state) => ({ name: "conf_1", state })),
		0,
		false,
	);
	return record.facts(0);
}

/** The script has written the snippet. */
function written(): void {
	record.scriptStarted("write");
	record.scriptSucceeded("write");
}

describe("a room's conference", () => {
	it("is ended as long as it has not been seen, without any linger", () => {
		assert.equal(record.facts(0).conference, "ended");
		assert.equal(record.observeConference(false, 0, linger), undefined);
		assert.equal(record.facts(0).conference, "ended");
	});

	it("starts, lingers after its end, and has ended when that is over", () => {
		assert.equal(record.observeConference(true, 1_000, linger), "started");
		assert.equal(record.observeConference(true, 2_000, linger), undefined);
		assert.equal(record.facts(2_000).conference, "running");
		assert.equal(record.observeConference(false, 3_000, linger), "ended");
		assert.equal(record.facts(7_999).conference, "lingering");
		assert.equal(record.facts(8_000).conference, "ended");
	});

	it("does not linger longer for being looked at", () => {
		record.observeConference(true, 0, linger);
		record.observeConference(false, 0, linger);
		assert.equal(record.observeConference(false, 4_000, linger), undefined);
		assert.equal(record.facts(5_000).conference, "ended");
	});

	it("that comes back within its linger has returned, one that comes later has started", () => {
		record.observeConference(true, 0, linger);
		record.observeConference(false, 0, linger);
		assert.equal(record.observeConference(true, 4_999, linger), "returned");
		record.observeConference(false, 10_000, linger);
		assert.equal(record.observeConference(true, 15_000, linger), "started");
	});

	it("ends at once where nothing lingers", () => {
		record.observeConference(true, 0, 0);
		record.observeConference(false, 1_000, 0);
		assert.equal(record.facts(1_000).conference, "ended");
	});
});

describe("a room's gateway", () => {
	const lists: [states: string[], gateway: RoomFacts["gateway"], raced: boolean][] = [
		[[], "none", false],
		[["UNREGED"], "trying", false],
		[["TRYING"], "trying", false],
		[["TRYING", "DOWN"], "doubled", true],
		[["REGED"], "up", false],
		[["FAIL_WAIT"], "up", false],
		[["NOREG"], "up", false],
		[["UNREGISTER"], "dying", false],
		[["DOWN"], "dying", false],
		[["DOWN", "UNREGISTER"], "dying", false],
		[["UNREGED", "UNREGISTER"], "doubled", true],
		[["DOWN", "REGED"], "doubled", true],
		// Told to register, a gateway that never does would lock up FreeSWITCH's profile.
		[["NOREG", "DOWN"], "doubled", false],
	];
	for (const [states, gateway, raced] of lists) {
		it(`listed as ${states.join(" and ") || "nothing"} is ${gateway}${raced ? ", and has raced" : ""}`, () => {
			const facts = list(...states);
			assert.deepEqual([facts.gateway, facts.raced], [gateway, raced]);
		});
	}

	it("that was doubled has raced until it has been registered anew", () => {
		list("REGED", "DOWN");
		assert.equal(list("REGED").raced, true);
		record.registeredAnew();
		assert.equal(list("REGED").raced, false);
	});

	it("that is up where one was dying at the last look has raced, until it has been registered anew", () => {
		list("DOWN");
		assert.equal(list("REGED").raced, true);
		record.registeredAnew();
		assert.equal(list("REGED").raced, false);
	});

	it("that was un-registered by hand has not raced once it has been registered anew", () => {
		list("REGED");
		list("DOWN");
		record.registeredAnew();
		assert.equal(list("REGED").raced, false);
	});

	it("has not raced any more once it is gone, or loaded anew", () => {
		list("REGED", "DOWN");
		assert.equal(list().raced, false);
		list("REGED", "DOWN");
		record.loaded();
		assert.equal(record.facts(0).raced, false);
	});

	it("that is there after a deletion and was not added since was there before it, and has raced", () => {
		list("REGED");
		record.gatewayCameOrWent("gateway-deleted");
		assert.equal(list("REGED").raced, true);
	});

	it("that was added after a deletion has not raced", () => {
		list("REGED");
		record.gatewayCameOrWent("gateway-deleted");
		record.gatewayCameOrWent("gateway-added");
		assert.equal(list("UNREGED").raced, false);
	});

	it("that was deleted with no other behind it has not raced when the next one comes", () => {
		list("DOWN");
		record.gatewayCameOrWent("gateway-deleted");
		list();
		assert.equal(list("UNREGED").raced, false);
	});

	it("that never registers has not raced, whatever was deleted", () => {
		record.gatewayCameOrWent("gateway-deleted");
		assert.equal(list("NOREG").raced, false);
	});
});

describe("a room's snippet", () => {
	it("is not known at first, nor while a script runs, nor after one has failed", () => {
		assert.equal(record.facts(0).snippet, "unknown");
		written();
		assert.equal(record.isWritten, true);
		record.scriptStarted("write");
		assert.equal(record.facts(0).snippet, "unknown");
		written();
		record.failed(0);
		assert.equal(record.facts(0).snippet, "unknown");
		assert.equal(record.isWritten, false);
	});

	it("is written, then loaded by a rescan, or by whoever made a gateway of it", () => {
		written();
		assert.equal(record.facts(0).snippet, "written");
		record.loaded();
		assert.equal(record.facts(0).snippet, "loaded");
		written();
		assert.equal(list("UNREGED").snippet, "loaded");
	});

	it("is removed by its script", () => {
		record.scriptStarted("write");
		record.scriptSucceeded("remove");
		assert.equal(record.facts(0).snippet, "removed");
		assert.equal(list().snippet, "removed");
	});

	it("is not known any more when its gateway was taken away by somebody else", () => {
		written();
		list("REGED");
		assert.equal(list("DOWN").snippet, "loaded");
		assert.equal(list().snippet, "unknown");
	});

	it("stays loaded if no gateway came of it", () => {
		list();
		written();
		record.loaded();
		assert.equal(list().snippet, "loaded");
	});

	for (const before of [[], ["DOWN"]]) {
		it(`that was removed is not known any more when a gateway comes back after ${before.join() || "none"}`, () => {
			list(...before);
			record.scriptStarted("write");
			record.scriptSucceeded("remove");
			assert.equal(list("TRYING").snippet, "unknown");
		});
	}

	it("that was removed stays removed while its gateway is trying, up, dying and gone", () => {
		list("TRYING");
		record.scriptStarted("write");
		record.scriptSucceeded("remove");
		assert.deepEqual(
			[["TRYING"], ["REGED"], ["UNREGISTER"], ["DOWN"], []].map((states) => list(...states).snippet),
			["removed", "removed", "removed", "removed", "removed"],
		);
	});
});

describe("a room's script", () => {
	it("is not free while it runs", () => {
		assert.equal(record.facts(0).free, true);
		record.scriptStarted("write");
		assert.equal(record.facts(0).free, false);
		record.scriptSucceeded("write");
		assert.equal(record.facts(0).free, true);
	});

	it("is free again after 1, 2, 4 … 60 s of failures in a row", () => {
		let now = 0;
		const waits: number[] = [];
		for (let failure = 0; failure < 8; failure++) {
			record.scriptStarted("write");
			const wait = record.failed(now);
			assert.equal(record.facts(now + wait - 1).free, false);
			assert.equal(record.facts(now + wait).free, true);
			assert.equal(record.isRetry, true);
			waits.push(wait);
			now += wait;
		}
		assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
	});

	it("counts failures on after a success that brought no gateway", () => {
		record.failed(0);
		record.failed(0);
		written();
		record.loaded();
		list();
		assert.equal(record.failed(0), 4_000);
	});

	it("starts counting anew when the gateway is there", () => {
		record.failed(0);
		record.failed(0);
		written();
		list("UNREGED");
		assert.equal(record.isRetry, false);
		assert.equal(record.failed(0), 1_000);
	});

	it("goes on counting while a gateway of old is up and writing the snippet fails", () => {
		list("REGED");
		record.failed(0);
		list("REGED");
		assert.equal(record.failed(0), 2_000);
	});

	it("starts counting anew when it has removed the snippet", () => {
		record.failed(0);
		record.scriptStarted("write");
		record.scriptSucceeded("remove");
		assert.equal(record.isRetry, false);
	});

	for (const running of [true, false]) {
		it(`is free at once when the conference has ${running ? "started" : "ended"}, whatever has failed before`, () => {
			record.observeConference(!running, 0, linger);
			record.failed(0);
			record.failed(0);
			record.observeConference(running, 100, linger);
			assert.equal(record.facts(100).free, true);
			assert.equal(record.isRetry, false);
		});
	}

	it("that still runs when the conference changes is not free", () => {
		record.observeConference(true, 0, linger);
		record.scriptStarted("write");
		record.observeConference(false, 100, 0);
		assert.equal(record.facts(100).free, false);
	});
});

describe("the time of a room's next look", () => {
	const never = Number.POSITIVE_INFINITY;

	it("is never while it is registered and nothing is to be done", () => {
		record.observeConference(true, 0, linger);
		list("REGED");
		assert.equal(record.nextDue(1_000), never);
	});

	it("is the end of its linger", () => {
		record.observeConference(true, 0, linger);
		list("REGED");
		record.observeConference(false, 1_000, linger);
		assert.equal(record.nextDue(1_000), 6_000);
		assert.equal(record.nextDue(5_999), 6_000);
	});

	it("is when its retry is due", () => {
		record.observeConference(true, 0, linger);
		record.failed(1_000);
		assert.equal(record.nextDue(1_500), 2_000);
		assert.equal(record.nextDue(2_000), never);
	});

	it("is a tick later while a running room's gateway dies, or an earlier retry", () => {
		record.observeConference(true, 0, linger);
		for (const states of [["DOWN"], ["REGED", "UNREGISTER"]]) {
			list(...states);
			assert.equal(record.nextDue(10_000), 11_000);
		}
		record.failed(9_500);
		assert.equal(record.nextDue(10_000), 10_500);
	});

	it("is some ticks later while an ended room's gateway is there, in case its delete event gets lost", () => {
		for (const states of [["REGED"], ["DOWN"]]) {
			list(...states);
			assert.equal(record.nextDue(10_000), 13_000);
		}
		list();
		assert.equal(record.nextDue(10_000), never);
	});

	it("is a tick later while an ended room's new gateway is there beside its dying one", () => {
		list("REGED", "UNREGISTER");
		assert.equal(record.nextDue(10_000), 11_000);
	});

	it("is a tick later while an ended room's gateway waits for the registrar's answer", () => {
		list("TRYING");
		assert.equal(record.nextDue(10_000), 11_000);
		record.observeConference(true, 10_000, linger);
		assert.equal(record.nextDue(10_000), never);
	});

	it("is the retry of an ended room's script", () => {
		record.failed(10_000);
		assert.equal(record.nextDue(10_000), 11_000);
	});
});

describe("a room that is to get new settings", () => {
	beforeEach(() => {
		record.observeConference(true, 0, linger);
		written();
		list("REGED");
		record.renewal.ask();
	});

	it("is off the air from when its gateway is dying, whoever killed it, until it is registered again", () => {
		assert.equal(record.renewal.offAir, false);
		list("DOWN");
		assert.equal(record.renewal.offAir, true);
		list();
		assert.equal(record.renewal.offAir, true);
		list("TRYING");
		assert.equal(record.renewal.offAir, true);
		list("REGED");
		assert.equal(record.renewal.offAir, false);
	});

	it("is off the air from the event that tells of it, and until a list shows it registered", () => {
		record.observeState({ state: "UNREGISTER" }, 0);
		assert.equal(record.renewal.offAir, true);
		record.observeState({ state: "REGED" }, 0);
		assert.equal(record.renewal.offAir, true);
		list("REGED");
		assert.equal(record.renewal.offAir, false);
	});

	it("is off the air where its gateway has gone between two looks", () => {
		list();
		assert.equal(record.renewal.offAir, true);
	});

	it("is not where it was not registered before: it may never be", () => {
		list("FAILED");
		list();
		assert.equal(record.renewal.offAir, false);
	});
});

describe("a room that is to get new settings and has no gateway", () => {
	beforeEach(() => {
		record.observeConference(true, 0, linger);
		list();
		record.renewal.ask();
		written();
	});

	it("has got them when its new snippet is loaded", () => {
		list();
		record.loading();
		record.gatewayCameOrWent("gateway-added");
		record.loaded();
		assert.equal(record.renewal.stage, "none");
	});

	it("has not if a gateway came before the new snippet was loaded: another rescan may have made it of the old one", () => {
		record.gatewayCameOrWent("gateway-added");
		record.loading();
		record.loaded();
		assert.equal(record.renewal.stage, "written");
	});
});

describe("a room that is to get no new settings", () => {
	it("holds nobody up when its gateway goes", () => {
		record.observeConference(true, 0, linger);
		list("REGED");
		list("DOWN");
		assert.equal(record.renewal.offAir, false);
	});
});
