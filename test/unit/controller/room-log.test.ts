import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { RoomChange } from "../../../src/controller/ledger.ts";
import type { Observation } from "../../../src/controller/observe.ts";
import { RoomLog } from "../../../src/controller/room-log.ts";
import { readEvent } from "../../../src/freeswitch/events.ts";
import { type Room, roomOf, roomsMatching } from "../../../src/room.ts";
import { eventsIn } from "../../support/recording-answers.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

const toRoom = roomsMatching("[0-9]+");

function room(name: string): Room {
	const found = toRoom(name);
	assert.ok(found);
	return found;
}

function seen(running: string[], gateways: Record<string, string[]> = {}, others: string[] = []): Observation {
	const listed = Object.entries(gateways).map(
		([name, states]) => [room(name), states.map((state) => ({ name: `conf_${name}`, state }))] as const,
	);
	return { running: new Set(running.map(room)), gateways: new Map(listed), others: new Set(others) };
}

const change = (name: string, what: RoomChange["change"], at = 0): RoomChange => ({
	room: room(name),
	change: what,
	at,
});

let clock: SimulatedClock;
let log: RecordingLog;
let rooms: RoomLog;

beforeEach(() => {
	clock = new SimulatedClock();
	log = recordingLog();
	rooms = new RoomLog(clock, log, 5_000);
});

/** What has been said since the last call. */
function said(): string[] {
	return log.lines.splice(0).map(({ level, sentence }) => `${level}: ${sentence}`);
}

/** Room 1 has started, and nothing of that is left in the log. */
function startRoom(): void {
	rooms.observed(seen([]), [], true);
	rooms.observed(seen(["1"]), [change("1", "started")], false);
	log.lines.length = 0;
}

describe("the log of rooms", () => {
	it("sums up what is found on connecting", () => {
		const found = seen(["1", "2", "3"], { "1": ["REGED"], "2": ["TRYING"], "8": ["REGED"], "9": ["FAIL_WAIT"] });
		rooms.observed(found, [], true);
		const [summary] = log.lines;
		assert.ok(summary);
		assert.deepEqual(summary.fields, { running: 3, registered: 1, stale: 2 });
		assert.match(summary.sentence, /^3 rooms\b.*\b1\b.*\b2\b/);
	});

	it("tells how long a room took to be registered since its create event", async () => {
		rooms.observed(seen([]), [], true);
		log.lines.length = 0;
		await clock.advance(1_000);
		rooms.observed(seen(["1"]), [change("1", "started", 750)], false);
		await clock.advance(600);
		rooms.saw(room("1"), { state: "TRYING" });
		rooms.saw(room("1"), { state: "REGISTER", status: "200", phrase: "OK" });
		rooms.saw(room("1"), { state: "REGED" });
		assert.deepEqual(log.lines.at(-1)?.fields, { room: "1", afterMs: 850 });
		assert.deepEqual(said(), ["info: room 1 started", "info: room 1 is registered, after 0.8 s"]);
	});

	it("tells each change once, whether an event or a list brings it", () => {
		startRoom();
		rooms.saw(room("1"), { state: "REGISTER" });
		rooms.observed(seen(["1"], { "1": ["REGED"] }), [], false);
		rooms.saw(room("1"), { state: "REGED" });
		assert.deepEqual(said(), ["info: room 1 is registered, after 0.0 s"]);
		rooms.observed(seen(["1"], { "1": ["DOWN"] }), [], false);
		rooms.saw(room("1"), { state: "DOWN" });
		rooms.gone(room("1"));
		rooms.forget(room("1"));
		assert.deepEqual(said(), ["info: room 1 is un-registered"]);
	});

	it("is silent about the refreshes of a registration", () => {
		startRoom();
		rooms.saw(room("1"), { state: "REGED" });
		log.lines.length = 0;
		for (const state of ["EXPIRED", "UNREGED", "TRYING", "REGISTER", "REGED"]) {
			rooms.saw(room("1"), { state });
		}
		assert.deepEqual(said(), []);
	});

	const refusals: [number: string, room: string, sentence: string][] = [
		["06", "33333", "503 Service Unavailable, or the registrar cannot be reached"],
		["07", "403403", "the registrar answered 403 Forbidden"],
	];
	for (const [number, name, sentence] of refusals) {
		it(`warns once of a refusal, with its status and phrase (recording ${number})`, () => {
			for (const event of eventsIn(number).map((fields) => readEvent(fields))) {
				if (event?.kind === "conference-created") {
					rooms.observed(seen([name]), [change(name, "started")], false);
				} else if (event?.kind === "gateway-state") {
					const named = roomOf(event.gateway, toRoom);
					assert.ok(named);
					rooms.saw(named, event);
				}
			}
			assert.deepEqual(said(), [
				`info: room ${name} started`,
				`warn: room ${name} is not registered, callers cannot reach it: ${sentence}; FreeSWITCH tries again by itself`,
			]);
		});
	}

	it("warns again only when the refusal changes, and tells when it is over", async () => {
		startRoom();
		const refuse = (status: string, phrase: string) => {
			rooms.saw(room("1"), { state: "TRYING" });
			rooms.saw(room("1"), { state: "FAILED", status, phrase });
			rooms.saw(room("1"), { state: "FAIL_WAIT" });
		};
		refuse("403", "Forbidden");
		refuse("403", "Forbidden");
		await clock.advance(30_000);
		refuse("404", "Not Found");
		await clock.advance(31_000);
		rooms.saw(room("1"), { state: "REGED" });
		refuse("404", "Not Found");
		assert.deepEqual(
			said().map((line) => /403|404|registered again.*/.exec(line)?.[0]),
			["403", "404", "registered again, after 61.0 s", "404"],
		);
	});

	it("counts the time to a second registration from when the first was lost", async () => {
		startRoom();
		rooms.saw(room("1"), { state: "REGED" });
		await clock.advance(3_600_000);
		rooms.saw(room("1"), { state: "FAILED", status: "503", phrase: "Service Unavailable" });
		await clock.advance(2_000);
		rooms.saw(room("1"), { state: "REGED" });
		assert.equal(said().at(-1), "info: room 1 is registered again, after 2.0 s");
	});

	for (const [state, reason] of [
		["TIMEOUT", "the registrar did not answer"],
		["FAIL_WAIT", "its gateway is in state FAIL_WAIT"],
	] as const) {
		it(`warns of a room that it finds in state ${state} without an answer of the registrar's`, () => {
			startRoom();
			rooms.observed(seen(["1"], { "1": [state] }), [], false);
			rooms.observed(seen(["1"], { "1": [state] }), [], false);
			const [line, ...more] = said();
			assert.ok(line?.startsWith("warn: ") && line.includes(reason), line);
			assert.deepEqual(more, []);
		});
	}

	it("shows the new gateway's state while an old one is dying beside it", () => {
		startRoom();
		rooms.observed(seen(["1"], { "1": ["DOWN", "REGISTER"] }), [], false);
		assert.deepEqual(said(), ["info: room 1 is registered, after 0.0 s"]);
		rooms.observed(seen(["1"], { "1": ["DOWN", "REGED"] }), [], false);
		rooms.observed(seen(["1"], { "1": ["REGED", "UNREGISTER"] }), [], false);
		assert.deepEqual(said(), []);
	});

	it("tells an end with what follows of it, and a return", () => {
		startRoom();
		rooms.observed(seen([]), [change("1", "ended")], false);
		rooms.observed(seen(["1"]), [change("1", "returned")], false);
		assert.deepEqual(said(), [
			"info: room 1 ended; it stays registered for 5 s, in case it comes back",
			"info: room 1 is back",
		]);
		rooms = new RoomLog(clock, log, 0);
		rooms.observed(seen([]), [change("1", "ended")], false);
		assert.deepEqual(said(), ["info: room 1 ended"]);
	});

	it("says no more than that of a room that is back and has stayed registered", () => {
		startRoom();
		rooms.saw(room("1"), { state: "REGED" });
		rooms.observed(seen([], { "1": ["REGED"] }), [change("1", "ended")], false);
		log.lines.length = 0;
		rooms.observed(seen(["1"], { "1": ["REGED"] }), [change("1", "returned")], false);
		assert.deepEqual(said(), ["info: room 1 is back"]);
	});

	it("says of the rooms it finds on connecting that they are running, and which are registered already", () => {
		rooms.observed(seen(["1", "2"], { "1": ["REGED"] }), [change("1", "started"), change("2", "started")], true);
		rooms.saw(room("1"), { state: "REGED" });
		assert.deepEqual(said().slice(1), ["info: room 1 is running and is registered already", "info: room 2 is running"]);
	});

	it("tells the un-registration of a room that ended while nobody looked", () => {
		rooms.observed(seen([], { "9": ["REGED"] }), [], true);
		log.lines.length = 0;
		rooms.observed(seen([], { "9": ["DOWN"] }), [], false);
		rooms.gone(room("9"));
		assert.deepEqual(said(), ["info: room 9 is un-registered"]);
	});

	for (const state of ["FAIL_WAIT", "TIMEOUT", "TRYING"]) {
		it(`does not call a room missing that is over, though its gateway is in state ${state}`, () => {
			rooms.observed(seen([], { "9": [state] }), [], true);
			assert.deepEqual(
				log.lines.map(({ level }) => level),
				["info"],
			);
			assert.deepEqual(log.said(/is un-registered|callers cannot reach/), []);
		});
	}

	it("says nothing of gateways whose rooms it has never heard of, or no more", () => {
		rooms.saw(room("1"), { state: "REGED" });
		rooms.saw(room("1"), { state: "FAILED", status: "403", phrase: "Forbidden" });
		rooms.gone(room("1"));
		rooms.forget(room("1"));
		assert.deepEqual(said(), []);
		startRoom();
		rooms.forget(room("1"));
		rooms.saw(room("1"), { state: "REGED" });
		assert.deepEqual(said(), []);
	});

	it("names a conference that is no room once, at debug level, and again when it comes again", () => {
		rooms.observed(seen([], {}, ["echo\n1"]), [], false);
		rooms.observed(seen([], {}, ["echo\n1"]), [], false);
		assert.deepEqual(said(), ['debug: conference "echo\\n1" is not a room and is left alone']);
		rooms.observed(seen([]), [], false);
		rooms.observed(seen([], {}, ["echo\n1"]), [], false);
		assert.equal(said().length, 1);
	});
});
