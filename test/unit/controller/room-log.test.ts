import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Ledger } from "../../../src/controller/ledger.ts";
import type { GatewayState } from "../../../src/controller/registration.ts";
import { RoomLog } from "../../../src/controller/room-log.ts";
import { readEvent } from "../../../src/freeswitch/events.ts";
import { Troubles } from "../../../src/log/troubles.ts";
import { roomOf } from "../../../src/room.ts";
import { room, seen, settings, toRoom } from "../../support/observations.ts";
import { eventsIn } from "../../support/recording-answers.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let now: number;
let ledger: Ledger;
let log: RecordingLog;
let rooms: RoomLog;

beforeEach(() => {
	now = 0;
	log = recordingLog();
	withLinger(5_000);
});

function withLinger(linger: number): void {
	ledger = new Ledger({ linger, timeout: 10_000, generation: settings });
	rooms = new RoomLog(log, linger, new Troubles(log, new SimulatedClock()));
}

/** FreeSWITCH has been looked at. */
function look(what: ReturnType<typeof seen>, first = false): void {
	rooms.observed(what, ledger.observe(what, { now, first, anew: false }), first);
}

/** An event has told a gateway's state. */
function told(name: string, gateway: Omit<GatewayState, "gateway">): void {
	const change = ledger.records.get(room(name))?.observeState({ gateway: `conf_${name}`, ...gateway }, now);
	if (change !== undefined) {
		rooms.registrationChanged(room(name), change);
	}
}

/** What has been said since the last call. */
function said(): string[] {
	return log.lines.splice(0).map(({ level, sentence }) => `${level}: ${sentence}`);
}

/** Room 1 has started, and is registered if it is to be; nothing of that is left in the log. */
function startRoom(registered = false): void {
	look(seen([]), true);
	look(seen(["1"]));
	if (registered) {
		told("1", { state: "REGED" });
	}
	log.lines.length = 0;
}

describe("the log of rooms", () => {
	it("sums up what is found on connecting", () => {
		const found = seen(["1", "2", "3"], {
			"1": ["REGED"],
			"2": ["TRYING"],
			"7": ["DOWN"],
			"8": ["REGED"],
			"9": ["FAIL_WAIT"],
		});
		look(found, true);
		const { fields, sentence = "" } = log.lines[0] ?? {};
		assert.deepEqual(fields, { running: 3, registered: 1, stale: 3 });
		assert.match(sentence, /^3 rooms\b.*\b1\b.*\b3\b/);
	});

	it("tells how long a room took to be registered since its create event", () => {
		now = 1_000;
		ledger.noteCreated(room("1"), 750);
		look(seen(["1"]));
		now = 1_600;
		told("1", { state: "TRYING" });
		told("1", { state: "REGISTER", status: "200", phrase: "OK" });
		told("1", { state: "REGED" });
		assert.deepEqual(log.lines.at(-1)?.fields, { room: "1", afterMs: 850 });
		assert.deepEqual(said(), ["info: room 1 started", "info: room 1 is registered, after 0.8 s"]);
	});

	it("tells each change once, whether an event or a list brings it", () => {
		startRoom();
		told("1", { state: "REGISTER" });
		look(seen(["1"], { "1": ["REGED"] }));
		told("1", { state: "REGED" });
		assert.deepEqual(said(), ["info: room 1 is registered, after 0.0 s"]);
		look(seen(["1"], { "1": ["DOWN"] }));
		told("1", { state: "DOWN" });
		look(seen(["1"]));
		assert.deepEqual(said(), ["info: room 1 is un-registered"]);
	});

	it("is silent about the refreshes of a registration", () => {
		startRoom(true);
		for (const state of ["EXPIRED", "UNREGED", "TRYING", "REGISTER", "REGED"]) {
			told("1", { state });
			look(seen(["1"], { "1": [state] }));
		}
		assert.deepEqual(said(), []);
	});

	it("warns once of a refusal, with its status and phrase (recordings 06 and 07)", () => {
		for (const [number, name, sentence] of [
			["06", "33333", "503 Service Unavailable, or the registrar cannot be reached"],
			["07", "403403", "the registrar answered 403 Forbidden"],
		] as const) {
			look(seen([name]));
			for (const event of eventsIn(number).map((fields) => readEvent(fields))) {
				if (event?.kind === "gateway-state") {
					told(roomOf(event.gateway, toRoom) ?? "", event);
				}
			}
			assert.deepEqual(said().slice(-2), [
				`info: room ${name} started`,
				`warn: room ${name} is not registered, callers cannot reach it: ${sentence}; FreeSWITCH tries again by itself`,
			]);
		}
	});

	it("warns again only when the refusal changes, and tells when it is over, after the time since the first", () => {
		startRoom();
		const refuse = (status: string, phrase: string) => {
			told("1", { state: "TRYING" });
			told("1", { state: "FAILED", status, phrase });
			told("1", { state: "FAIL_WAIT" });
			look(seen(["1"], { "1": ["FAIL_WAIT"] }));
		};
		refuse("403", "Forbidden");
		refuse("403", "Forbidden");
		now = 30_000;
		refuse("404", "Not Found");
		now = 61_000;
		told("1", { state: "REGED" });
		now = 3_600_000;
		refuse("404", "Not Found");
		now += 2_000;
		told("1", { state: "REGED" });
		assert.deepEqual(
			said().map((line) => /403|404|registered again.*/.exec(line)?.[0]),
			["403", "404", "registered again, after 61.0 s", "404", "registered again, after 2.0 s"],
		);
	});

	it("warns once of a room that it finds refused without an answer of the registrar's", () => {
		for (const [state, reason] of [
			["TIMEOUT", "the registrar did not answer"],
			["FAIL_WAIT", "its gateway is in state FAIL_WAIT"],
		] as const) {
			withLinger(5_000);
			startRoom();
			look(seen(["1"], { "1": [state] }));
			look(seen(["1"], { "1": [state] }));
			const about = "room 1 is not registered, callers cannot reach it";
			assert.deepEqual(said(), [`warn: ${about}: ${reason}; FreeSWITCH tries again by itself`]);
		}
	});

	it("shows the new gateway's state while an old one is dying beside it", () => {
		startRoom();
		look(seen(["1"], { "1": ["DOWN", "REGISTER"] }));
		assert.deepEqual(said(), ["info: room 1 is registered, after 0.0 s"]);
		look(seen(["1"], { "1": ["DOWN", "REGED"] }));
		look(seen(["1"], { "1": ["REGED", "UNREGISTER"] }));
		assert.deepEqual(said(), []);
	});

	it("tells an end with what follows of it, and a return as no more than that", () => {
		startRoom(true);
		look(seen([], { "1": ["REGED"] }));
		look(seen(["1"], { "1": ["REGED"] }));
		assert.deepEqual(said(), [
			"info: room 1 ended; it stays registered for 5 s, in case it comes back",
			"info: room 1 is back",
		]);
	});

	it("does not say that a room stays registered which is not, or not for long", () => {
		startRoom();
		told("1", { state: "FAILED", status: "403", phrase: "Forbidden" });
		look(seen([], { "1": ["FAIL_WAIT"] }));
		assert.equal(said().at(-1), "info: room 1 ended");
		withLinger(0);
		startRoom(true);
		look(seen([], { "1": ["REGED"] }));
		assert.deepEqual(said(), ["info: room 1 ended"]);
	});

	it("says of the rooms it finds on connecting that they are running, and which are registered already", () => {
		look(seen(["1", "2"], { "1": ["REGED"] }), true);
		told("1", { state: "REGED" });
		assert.deepEqual(said().slice(1), ["info: room 1 is running and is registered already", "info: room 2 is running"]);
	});

	it("tells the un-registration by a FreeSWITCH that was started anew, and that of a room that ended while nobody looked", () => {
		startRoom(true);
		look(seen(["1"], { "1": ["TRYING"] }), true);
		told("1", { state: "REGED" });
		assert.deepEqual(said().slice(1), ["info: room 1 is un-registered", "info: room 1 is registered, after 0.0 s"]);
		withLinger(5_000);
		look(seen([], { "9": ["REGED"] }), true);
		look(seen([], { "9": ["DOWN"] }));
		look(seen([]));
		assert.deepEqual(said().slice(1), ["info: room 9 is un-registered"]);
	});

	it("says neither that a room is missed that is over nor that it is there, whatever its gateway's state", () => {
		for (const state of ["FAIL_WAIT", "TIMEOUT", "TRYING", "REGED"]) {
			withLinger(5_000);
			look(seen([], { "9": [state] }), true);
			told("9", { state });
			assert.equal(said().length, 1);
		}
	});

	it("says nothing of gateways whose rooms it has never heard of, or no more", () => {
		told("1", { state: "REGED" });
		told("1", { state: "FAILED", status: "403", phrase: "Forbidden" });
		startRoom();
		ledger.forget(room("1"));
		told("1", { state: "REGED" });
		assert.deepEqual(said(), []);
	});

	it("names a conference that is no room once, at debug level, and again when it comes again", () => {
		look(seen([], {}, ["echo\n1"]));
		look(seen([], {}, ["echo\n1"]));
		assert.deepEqual(said(), ['debug: conference "echo\\n1" is not a room and is left alone']);
		look(seen([]));
		look(seen([], {}, ["echo\n1"]));
		assert.equal(said().length, 1);
	});
});
