import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { observe } from "../../../src/controller/observe.ts";
import { ProfileNotRunning, UnexpectedAnswer } from "../../../src/freeswitch/commands.ts";
import { ConnectionLost, type EventSocket } from "../../../src/freeswitch/event-socket.ts";
import { toRoom } from "../../support/observations.ts";
import { answersTo } from "../../support/recording-answers.ts";

const none = "+OK No active conferences.\n";

function summary(...names: string[]): string {
	return names.map((name) => `+OK Conference ${name} (1 member rate: 48000 flags: running)\n`).join("");
}

/** An event socket with these answers, which notes in `asked` what it was asked. */
function listing(conferences: string, status: string, json = "-ERR no reply\n"): EventSocket & { asked: string[] } {
	const answers = new Map([
		["conference list summary", conferences],
		["conference json_list compact", json],
		["sofia jsonstatus", status],
	]);
	const asked: string[] = [];
	return {
		asked,
		api: (command) => {
			asked.push(command);
			return Promise.resolve(answers.get(command) ?? "-ERR no reply\n");
		},
	};
}

function status(gateways: string): string {
	return `{"profiles":{"external":{"status":{"state":"RUNNING"},"gateways":{${gateways}}},
		"internal":{"status":{"state":"RUNNING"},"gateways":{"conf_99":{"state":"REGED"}}}}}`;
}

describe("an observation", () => {
	it("holds the rooms that run, and apart from them the conferences that are no rooms", async () => {
		const conferences = summary("12345", "07974", "echo-1", "1 2");
		const { running, others } = await observe(listing(conferences, status("")), "external", toRoom);
		assert.deepEqual([...running], ["12345", "07974"]);
		assert.deepEqual([...others], ["echo-1", "1 2"]);
	});

	it("holds each room's gateways of the profile, and nobody else's", async () => {
		const gateways = ["conf_1", "trunk", "conf_07", "conf_trunk", "conf_1", "conf_", "7"].map(
			(name, index) => `"${name}":{"state":"S${index}"}`,
		);
		const seen = await observe(listing(none, status(gateways.join(","))), "external", toRoom);
		const listed = [...seen.gateways].map(([room, found]) => [room, ...found.map(({ state }) => state)]);
		assert.deepEqual(listed, [
			["1", "S0", "S4"],
			["07", "S2"],
		]);
	});

	it("shows the dying gateway beside the new one (recording 16)", async () => {
		const answer = answersTo("sofia jsonstatus", "16")[8] ?? "";
		const { running, gateways } = await observe(listing(none, answer), "external", toRoom);
		assert.equal(running.size, 0);
		const listed = [...gateways].map(([room, found]) => [room, ...found.map(({ state }) => state)]);
		assert.deepEqual(listed, [["45454", "UNREGED", "UNREGISTER"]]);
	});

	it("is made of the list as JSON where the summary cannot be read", async () => {
		const socket = listing("Conferences: 12345 (1 member)\n", status(""), '[{"conference_name":"12345"}]');
		assert.deepEqual([...(await observe(socket, "external", toRoom)).running], ["12345"]);
		assert.deepEqual(socket.asked, ["conference list summary", "conference json_list compact", "sofia jsonstatus"]);
	});

	const unknown: [what: string, socket: EventSocket, error: new (...args: never[]) => Error][] = [
		["conferences are not told", listing("-ERR conference Command not found!\n", status("")), UnexpectedAnswer],
		["gateways are not told", listing(none, "-ERR sofia Command not found!\n"), UnexpectedAnswer],
		["the profile is not there", listing(none, '{"profiles":{}}'), ProfileNotRunning],
		["the connection is lost", { api: () => Promise.reject(new ConnectionLost("lost")) }, ConnectionLost],
	];
	for (const [what, socket, error] of unknown) {
		it(`is none if ${what}`, async () => {
			await assert.rejects(observe(socket, "external", toRoom), error);
		});
	}
});
