import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Event, readEvent, subscription } from "../../../src/freeswitch/events.ts";
import { eventsIn, recordings, repliesIn } from "../../support/recording-answers.ts";

/** An event in a few words. */
function inWords(event: Event | undefined): string {
	switch (event?.kind) {
		case "conference-created":
		case "conference-destroyed":
			return `${event.kind} ${event.conference}`;
		case "gateway-added":
		case "gateway-deleted":
			return `${event.kind} ${event.gateway}`;
		case "gateway-state":
			return [event.gateway, event.state, event.status, event.phrase].filter((part) => part !== undefined).join(" ");
		case undefined:
			return "nothing";
	}
}

const read = (number: string) => eventsIn(number).map((fields) => inWords(readEvent(fields)));

describe("recorded events", () => {
	it("tell a room from its start to its end (recording 04)", () => {
		assert.deepEqual(read("04"), [
			"conference-created 12345",
			"gateway-added conf_12345",
			"conf_12345 TRYING",
			"conf_12345 REGISTER 200 OK",
			"conf_12345 REGED",
			"conference-destroyed 12345",
			"conf_12345 DOWN",
			"gateway-deleted conf_12345",
		]);
	});

	it("tell the old gateway's end among the new one's registration (recording 05)", () => {
		assert.deepEqual(read("05").slice(5, 13), [
			"conference-destroyed 22222",
			"conference-created 22222",
			"gateway-added conf_22222",
			"conf_22222 TRYING",
			"conf_22222 DOWN",
			"conf_22222 REGISTER 200 OK",
			"gateway-deleted conf_22222",
			"conf_22222 REGED",
		]);
	});

	for (const [number, room, refusal] of [
		["06", "33333", "503 Service Unavailable"],
		["07", "403403", "403 Forbidden"],
	] as const) {
		it(`tell the registrar's answer once, with its status and phrase (recording ${number})`, () => {
			assert.deepEqual(read(number).slice(2, 5), [
				`conf_${room} TRYING`,
				`conf_${room} FAILED ${refusal}`,
				`conf_${room} FAIL_WAIT`,
			]);
		});
	}

	it("tell what a restart of the profile does to every gateway (recording 10)", () => {
		const told = read("10");
		for (const room of ["61001", "61002"]) {
			const life = ["TRYING", "REGISTER 200 OK", "REGED", "DOWN"].map((state) => `conf_${room} ${state}`);
			const whole = [`gateway-added conf_${room}`, ...life, `gateway-deleted conf_${room}`];
			assert.deepEqual(
				told.filter((words) => words.includes(room)),
				[...whole, ...whole],
			);
		}
	});

	it("tell thirty rooms, one frame cut and joined wherever the socket did (recording 11)", () => {
		const rooms = Array.from({ length: 30 }, (_, index) => String(70_000 + index));
		const told = read("11");
		for (const [what, prefix] of [
			["conference-created", ""],
			["conference-destroyed", ""],
			["gateway-added", "conf_"],
			["gateway-deleted", "conf_"],
		] as const) {
			assert.deepEqual(
				told.filter((words) => words.startsWith(what)).sort(),
				rooms.map((room) => `${what} ${prefix}${room}`),
			);
		}
		assert.equal(told.filter((words) => / REGISTER 200 OK$/.test(words)).length, 30);
	});

	it("say nothing when FreeSWITCH's heart beats (recording 12)", () => {
		assert.deepEqual(read("12"), ["nothing", "nothing"]);
	});

	it("tell the new conference before the end of the old one (recording 15)", () => {
		assert.deepEqual(read("15"), [
			"conference-created 93001",
			"conference-created 93001",
			"conference-destroyed 93001",
		]);
	});

	it("are all understood", () => {
		for (const number of recordings.filter((recording) => recording !== "12")) {
			assert.ok(!read(number).includes("nothing"), number);
		}
	});
});

describe("an event", () => {
	const conference = { "Event-Subclass": "conference::maintenance", "Conference-Name": "12345" };

	for (const action of ["start-talking", "add-member", "del-member", "conference-create ", undefined]) {
		it(`of a conference with action ${String(action)} is none to act on`, () => {
			assert.equal(readEvent({ ...conference, ...(action !== undefined && { Action: action }) }), undefined);
		});
	}

	it("of a conference keeps its name, leading zeros and all", () => {
		const fields = { ...conference, "Conference-Name": '07974 "ü"', Action: "conference-create" };
		assert.deepEqual(readEvent(fields), { kind: "conference-created", conference: '07974 "ü"' });
	});

	const incomplete: Record<string, unknown>[] = [
		{},
		{ "Event-Subclass": "conference::maintenance", Action: "conference-create" },
		{ "Event-Subclass": "sofia::gateway_add" },
		{ "Event-Subclass": "sofia::gateway_delete", "profile-name": "external" },
		{ "Event-Subclass": "sofia::gateway_state", Gateway: "conf_1" },
		{ "Event-Subclass": "sofia::gateway_state", State: "REGED" },
		{ "Event-Subclass": "sofia::gateway_state", Gateway: "conf_1", State: 3 },
		{ "Event-Subclass": "sofia::gateway_add", Gateway: ["conf_1"] },
		{ ...conference, "Conference-Name": 12345, Action: "conference-create" },
		{ "Event-Subclass": "sofia::register", Gateway: "conf_1" },
		{ Gateway: "conf_1", State: "REGED" },
	];
	for (const fields of incomplete) {
		it(`that says ${JSON.stringify(fields)} is none to act on`, () => {
			assert.equal(readEvent(fields), undefined);
		});
	}

	it("without the registrar's answer has no status, not an undefined one", () => {
		const event = readEvent({ "Event-Subclass": "sofia::gateway_state", Gateway: "conf_1", State: "FAIL_WAIT" });
		assert.deepEqual(Object.keys(event ?? {}), ["kind", "gateway", "state"]);
	});

	it("can hold anything without doing harm", () => {
		const name = fc.constantFrom("Event-Subclass", "Action", "Conference-Name", "Gateway", "State", "Status", "Phrase");
		const value = fc.oneof(
			fc.constantFrom("conference::maintenance", "conference-create", "sofia::gateway_state", "sofia::gateway_add"),
			fc.anything(),
		);
		fc.assert(
			fc.property(fc.dictionary(name, value), (fields) => {
				const event = readEvent(fields);
				for (const text of Object.values(event ?? {})) {
					assert.equal(typeof text, "string");
				}
			}),
		);
	});
});

describe("the subscription", () => {
	it("is the recorded one, all of which FreeSWITCH accepted", () => {
		const recorded = repliesIn("04").filter(({ command }) => /^(event|filter) /.test(command));
		// In which order classes are named and filters set makes no difference.
		const sorted = (commands: readonly string[]) =>
			commands.map((command) => command.split(" ").sort().join(" ")).sort();
		assert.deepEqual(sorted(subscription), sorted(recorded.map(({ command }) => command)));
		assert.ok(recorded.every(({ reply }) => reply.startsWith("+OK")));
	});

	it("comes before its filters", () => {
		assert.deepEqual(
			subscription.map((command) => command.split(" ")[0]),
			["event", "filter", "filter", "filter", "filter", "filter"],
		);
	});
});
