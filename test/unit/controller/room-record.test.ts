import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Generation } from "../../../src/controller/generation.ts";
import type { RoomFacts } from "../../../src/controller/plan.ts";
import { RoomRecord } from "../../../src/controller/room-record.ts";

const linger = 5_000;
const never = Number.POSITIVE_INFINITY;

let record: RoomRecord;
let generation: Generation;

beforeEach(() => {
	generation = new Generation("a");
	record = new RoomRecord("conf_1", () => generation, 10_000);
});

/** What happens to a record, by the names that the tables below use. */
const happenings: Readonly<Record<string, () => unknown>> = {
	running: () => record.observeConference(true, 0, linger),
	started: () => record.scriptStarted("write", 0),
	written: () => {
		record.scriptStarted("write", 0);
		record.scriptSucceeded("write");
	},
	removed: () => {
		record.scriptStarted("remove", 0);
		record.scriptSucceeded("remove");
	},
	failed: () => record.failed(0),
	loading: () => record.loading(),
	loaded: () => record.loaded(),
	"registered anew": () => record.gateways.registeredAnew("conf_1"),
	killed: () => record.gateways.killed("conf_1", 0),
	added: () => record.gateways.cameOrWent("conf_1", "gateway-added"),
	deleted: () => record.gateways.cameOrWent("conf_1", "gateway-deleted"),
	reload: () => {
		generation = new Generation("a", generation.number + 1);
	},
	"told UNREGISTER": () => record.observeState({ gateway: "conf_1", state: "UNREGISTER" }, 0),
	"told REGED": () => record.observeState({ gateway: "conf_1", state: "REGED" }, 0),
};

/**
 * Lets things happen, separated by commas: those above, and lists of the room's gateways, as "none" or by their states with
 * a plus between them.
 */
function after(story: string): RoomFacts {
	for (const part of story.split(", ").filter((text) => text !== "")) {
		const happening = happenings[part];
		if (happening === undefined) {
			const states = part === "none" ? [] : part.split("+");
			assert.match(part, /^(none|[A-Z_+]+)$/);
			record.observeGateways(
				states.map((state) => ({ name: "conf_1", state })),
				0,
				false,
			);
		} else {
			happening();
		}
	}
	return record.facts(0);
}

describe("a room's conference", () => {
	it("has ended, without any linger, as long as it has not been seen", () => {
		assert.equal(record.observeConference(false, 0, linger), undefined);
		assert.equal(record.facts(0).conference, "ended");
	});

	it("starts, lingers after its end however often it is looked for, and has ended when that is over", () => {
		assert.equal(record.observeConference(true, 1_000, linger), "started");
		assert.equal(record.observeConference(true, 2_000, linger), undefined);
		assert.equal(record.facts(2_000).conference, "running");
		assert.equal(record.observeConference(false, 3_000, linger), "ended");
		assert.equal(record.observeConference(false, 7_000, linger), undefined);
		assert.deepEqual([record.facts(7_999).conference, record.facts(8_000).conference], ["lingering", "ended"]);
	});

	it("that comes back within its linger has returned, one that comes later has started", () => {
		const looks: [boolean, number][] = [
			[true, 0],
			[false, 0],
			[true, 4_999],
			[false, 10_000],
			[true, 15_000],
		];
		assert.deepEqual(
			looks.map(([running, at]) => record.observeConference(running, at, linger)),
			["started", "ended", "returned", "ended", "started"],
		);
	});

	it("ends at once where nothing lingers", () => {
		record.observeConference(true, 0, 0);
		record.observeConference(false, 1_000, 0);
		assert.equal(record.facts(1_000).conference, "ended");
	});
});

describe("a room's gateway", () => {
	const lists: [states: string, gateway: RoomFacts["gateway"], raced: boolean][] = [
		["none", "none", false],
		["UNREGED", "new", false],
		["TRYING", "trying", false],
		["TRYING+DOWN", "doubled", true],
		["REGED", "up", false],
		["FAIL_WAIT", "up", false],
		["NOREG", "up", false],
		["UNREGISTER", "dying", false],
		["DOWN", "dying", false],
		["DOWN+UNREGISTER", "dying", false],
		["UNREGED+UNREGISTER", "doubled", true],
		["DOWN+REGED", "doubled", true],
		// Told to register, a gateway that never does would lock up FreeSWITCH's profile.
		["NOREG+DOWN", "doubled", false],
	];
	for (const [states, gateway, raced] of lists) {
		it(`listed as ${states} is ${gateway}${raced ? ", and has raced" : ""}`, () => {
			const facts = after(states);
			assert.deepEqual([facts.gateway, facts.raced], [gateway, raced]);
		});
	}

	const races: [what: string, story: string, raced: boolean][] = [
		["was doubled", "REGED+DOWN, REGED", true],
		["was doubled and has been registered anew", "REGED+DOWN, REGED, registered anew, REGED", false],
		["is up where one was dying at the last look", "DOWN, REGED", true],
		["is such a one and has been registered anew", "DOWN, REGED, registered anew, REGED", false],
		["was un-registered by hand and has been registered anew", "REGED, DOWN, registered anew, REGED", false],
		["was doubled and is gone", "REGED+DOWN, none", false],
		["was doubled, is gone and has been loaded anew", "REGED+DOWN, none, loaded", false],
		["was not added since a deletion, so was there before it", "REGED, deleted, REGED", true],
		["was added after a deletion", "REGED, deleted, added, UNREGED", false],
		["comes after a deletion that left none", "DOWN, deleted, none, UNREGED", false],
		["never registers", "deleted, NOREG", false],
	];
	for (const [what, story, raced] of races) {
		it(`that ${what} ${raced ? "has" : "has not"} raced`, () => {
			assert.equal(after(story).raced, raced);
		});
	}
});

describe("a room's snippet", () => {
	const stories: [when: string, story: string, snippet: RoomFacts["snippet"]][] = [
		["at first", "", "unknown"],
		["while a script runs", "written, started", "unknown"],
		["after a script has failed", "written, failed", "unknown"],
		["after its script has succeeded", "written", "written"],
		["after a rescan", "written, loaded", "loaded"],
		["when somebody else has made a gateway of it", "written, loaded, written, UNREGED", "loaded"],
		["after a rescan of which no gateway came", "none, written, loaded, none", "loaded"],
		["while its gateway is dying", "written, REGED, DOWN", "loaded"],
		["when somebody else has taken its gateway away", "written, REGED, DOWN, none", "unknown"],
		["after its script has removed it", "removed, none", "removed"],
		["when it was removed and a gateway comes all the same", "none, removed, TRYING", "unknown"],
		["when it was removed and its gateway comes back", "DOWN, removed, TRYING", "unknown"],
		["when it was removed, while its gateway is trying", "TRYING, removed, TRYING", "removed"],
		["when it was removed, while its gateway is up", "TRYING, removed, REGED", "removed"],
		["when it was removed, while its gateway is dying", "TRYING, removed, REGED, UNREGISTER, DOWN", "removed"],
		["when it was removed, and its gateway is gone", "TRYING, removed, REGED, DOWN, none", "removed"],
	];
	for (const [when, story, snippet] of stories) {
		it(`is ${snippet} ${when}`, () => {
			assert.equal(after(story).snippet, snippet);
			assert.equal(record.isWritten, snippet === "written");
		});
	}
});

describe("a room's script", () => {
	it("is not free while it runs", () => {
		assert.deepEqual([after("").free, after("started").free, after("written").free], [true, false, true]);
	});

	it("that still runs when the conference changes is not free", () => {
		after("running, started");
		record.observeConference(false, 100, 0);
		assert.equal(record.facts(100).free, false);
	});

	it("is free again after 1, 2, 4 … 60 s of failures in a row", () => {
		let now = 0;
		for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
			record.scriptStarted("write", 0);
			assert.equal(record.failed(now), wait);
			assert.deepEqual([record.facts(now + wait - 1).free, record.isRetry], [false, true]);
			now += wait;
			assert.equal(record.facts(now).free, true);
		}
	});

	const failures: [what: string, story: string, wait: number][] = [
		["on after a success that brought no gateway", "failed, failed, written, loaded, none", 4_000],
		["on while a gateway of old is up and writing the snippet fails", "REGED, failed, REGED", 2_000],
		["anew when the gateway is there", "failed, failed, written, UNREGED", 1_000],
		["anew when it has removed the snippet", "failed, failed, removed", 1_000],
	];
	for (const [what, story, wait] of failures) {
		it(`counts its failures ${what}`, () => {
			after(story);
			assert.equal(record.isRetry, wait !== 1_000);
			assert.equal(record.failed(0), wait);
		});
	}

	for (const running of [true, false]) {
		it(`is free at once when the conference has ${running ? "started" : "ended"}, whatever has failed before`, () => {
			record.observeConference(!running, 0, linger);
			after("failed, failed");
			record.observeConference(running, 100, linger);
			assert.deepEqual([record.facts(100).free, record.isRetry], [true, false]);
		});
	}
});

describe("the time of a room's next look", () => {
	const times: [when: string, story: string, due: number][] = [
		["never while it is registered and nothing is to be done", "running, REGED", never],
		["a tick later while a running room's gateway is dying", "running, DOWN", 11_000],
		["a tick later while a running room has two gateways", "running, REGED+UNREGISTER", 11_000],
		["some ticks later while an ended room's gateway is up, in case its delete event gets lost", "REGED", 13_000],
		["some ticks later while it is dying, for the same reason", "REGED, killed, DOWN", 13_000],
		["never once it is gone", "DOWN, none", never],
		["a tick later while an ended room's new gateway is there beside its dying one", "REGED+UNREGISTER", 11_000],
		["a tick later while an ended room's gateway waits for the registrar's answer", "TRYING", 11_000],
		["never while a running room's gateway does", "TRYING, running", never],
	];
	for (const [when, story, due] of times) {
		it(`is ${when}`, () => {
			after(story);
			assert.equal(record.nextDue(10_000), due);
		});
	}

	it("is the end of its linger", () => {
		after("running, REGED");
		record.observeConference(false, 1_000, linger);
		assert.deepEqual([record.nextDue(1_000), record.nextDue(5_999)], [6_000, 6_000]);
	});

	it("is when its retry is due, of a room that has ended too, and although a tick would be later", () => {
		for (const story of ["", "running", "DOWN"]) {
			after(story);
			record.failed(9_500);
			assert.equal(record.nextDue(10_000), 10_500);
			record = new RoomRecord("conf_1", () => generation, 10_000);
		}
		after("running");
		record.failed(9_000);
		assert.equal(record.nextDue(10_000), never);
	});
});

describe("a room that is to get new settings", () => {
	const stories: [what: string, story: string, offAir: boolean][] = [
		["is on the air until its gateway is dying", "", false],
		["is off the air when that is dying, whoever killed it", "DOWN", true],
		["is off the air while it has no gateway", "DOWN, none", true],
		["is off the air while the new one waits for the registrar", "DOWN, none, TRYING", true],
		["is on the air once it is registered again", "DOWN, none, TRYING, REGED", false],
		["is off the air from the event that tells of it", "told UNREGISTER", true],
		["is off the air until a list shows it registered", "told UNREGISTER, told REGED", true],
		["is on the air when a list shows it registered", "told UNREGISTER, told REGED, REGED", false],
		["is off the air where its gateway has gone between two looks", "none", true],
	];
	for (const [what, story, offAir] of stories) {
		it(what, () => {
			after(`running, written, REGED, reload, ${story}`);
			assert.equal(record.renewal.offAir, offAir);
		});
	}

	it("is not called off the air where it was not registered before: it may never be", () => {
		after("running, written, REGED, reload, FAILED, none");
		assert.equal(record.renewal.offAir, false);
	});

	it("holds nobody up when its gateway goes before that", () => {
		after("running, REGED, DOWN");
		assert.equal(record.renewal.offAir, false);
	});

	it("and has no gateway has got them when its new snippet is loaded", () => {
		after("running, none, reload, written, none, loading, added, loaded");
		assert.equal(record.renewal.stage, "none");
	});

	it("and whose gateway came before that has not: another rescan may have made it of the old snippet", () => {
		after("running, none, reload, written, added, loading, loaded");
		assert.equal(record.renewal.stage, "written");
	});
});
