import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Event, readEvent, subscription } from "../../../src/freeswitch/events.ts";
import { eventsIn, recordings, repliesIn } from "../../support/recording-answers.ts";
import "../../support/seed.ts";

/** An event in a few words. */
const inWords = (event: Event | undefined) =>
	Object.values(event ?? { none: "nothing" })
		.filter((word) => word !== "gateway-state")
		.join(" ");

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

	it("tell the registrar's answer once, with its status and phrase (recordings 06 and 07)", () => {
		for (const [number, gateway, refusal] of [
			["06", "conf_33333", "503 Service Unavailable"],
			["07", "conf_403403", "403 Forbidden"],
		] as const) {
			const states = ["TRYING", `FAILED ${refusal}`, "FAIL_WAIT"].map((state) => `${gateway} ${state}`);
			assert.deepEqual(read(number).slice(2, 5), states);
		}
	});

	it("are all understood, but for FreeSWITCH's heartbeat (recording 12), which says nothing", () => {
		for (const number of recordings) {
			const said = new Set(read(number).map((words) => words === "nothing"));
			assert.equal(said.has(true), number === "12", number);
		}
	});
});

describe("an event", () => {
	const conference = { "Event-Subclass": "conference::maintenance", "Conference-Name": "12345" };

	it("of a conference keeps its name, leading zeros and all", () => {
		const fields = { ...conference, "Conference-Name": '07974 "ü"', Action: "conference-create" };
		assert.deepEqual(readEvent(fields), { kind: "conference-created", conference: '07974 "ü"' });
	});

	it("that is incomplete or about something else is none to act on", () => {
		const [add, state] = ["sofia::gateway_add", "sofia::gateway_state"];
		for (const fields of [
			...[{}, conference, { Gateway: "conf_1", State: "REGED" }, { "Event-Subclass": add }],
			...["start-talking", "add-member", "conference-create ", add].map((Action) => ({
				...conference,
				Gateway: "conf_1",
				Action,
			})),
			{ "Event-Subclass": "conference::maintenance", Action: "conference-create" },
			{ ...conference, "Conference-Name": 12345, Action: "conference-create" },
			{ ...conference, "Event-Subclass": "conference-create" },
			{ "Event-Subclass": add, Gateway: ["conf_1"] },
			{ "Event-Subclass": "sofia::gateway_delete", "profile-name": "external" },
			...[{ Gateway: "conf_1" }, { State: "REGED" }, { Gateway: "conf_1", State: 3 }].map((some) => ({
				"Event-Subclass": state,
				...some,
			})),
			{ "Event-Subclass": "sofia::register", Gateway: "conf_1" },
		]) {
			assert.equal(readEvent(fields), undefined, JSON.stringify(fields));
		}
	});

	it("without the registrar's answer has no status, not an undefined one", () => {
		const event = readEvent({ "Event-Subclass": "sofia::gateway_state", Gateway: "conf_1", State: "FAIL_WAIT" });
		assert.deepEqual(Object.keys(event ?? {}), ["kind", "gateway", "state"]);
	});

	it("can hold anything without doing harm", () => {
		const name = fc.constantFrom("Event-Subclass", "Action", "Conference-Name", "Gateway", "State", "Status", "Phrase");
		const known = ["conference::maintenance", "conference-create", "sofia::gateway_state", "sofia::gateway_add"];
		fc.assert(
			fc.property(fc.dictionary(name, fc.oneof(fc.constantFrom(...known), fc.anything())), (fields) => {
				for (const text of Object.values(readEvent(fields) ?? {})) {
					assert.equal(typeof text, "string");
				}
			}),
		);
	});
});

describe("the subscription", () => {
	it("is the recorded one, all of which FreeSWITCH accepted, with the filters last", () => {
		const recorded = repliesIn("04").filter(({ command }) => /^(event|filter) /.test(command));
		// In which order classes are named and filters set makes no difference.
		const sorted = (commands: readonly string[]) =>
			commands.map((command) => command.split(" ").sort().join(" ")).sort();
		assert.deepEqual(sorted(subscription), sorted(recorded.map(({ command }) => command)));
		assert.ok(recorded.every(({ reply }) => reply.startsWith("+OK")));
		assert.deepEqual(
			subscription.map((command) => command.split(" ")[0]),
			["event", "filter", "filter", "filter", "filter", "filter"],
		);
	});
});
