import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionLost, type EventSocket } from "../src/ask.ts";
import { ProfileNotRunning, UnexpectedAnswer } from "../src/freeswitch.ts";
import { observe } from "../src/observe.ts";
import { roomsMatching } from "../src/room.ts";
import { answersTo } from "./support/recording-answers.ts";

const toRoom = roomsMatching("[0-9]+");

/** An event socket that answers with these two lists. */
function listing(conferences: string, status: string): EventSocket {
	return {
		api: (command) => {
			const answers: Record<string, string> = {
				"conference json_list compact": conferences,
				"sofia jsonstatus": status,
			};
			return Promise.resolve(answers[command] ?? "-ERR no reply\n");
		},
	};
}

function status(gateways: string): string {
	return `{"profiles":{"external":{"status":{"state":"RUNNING"},"gateways":{${gateways}}},
		"internal":{"status":{"state":"RUNNING"},"gateways":{"conf_99":{"state":"REGED"}}}}}`;
}

describe("an observation", () => {
	it("holds the rooms that run, and apart from them the conferences that are no rooms", async () => {
		const conferences = ["12345", "07974", "echo-1", "1 2"].map((conference_name) => ({ conference_name }));
		const { running, others } = await observe(listing(JSON.stringify(conferences), status("")), "external", toRoom);
		assert.deepEqual([...running], ["12345", "07974"]);
		assert.deepEqual([...others], ["echo-1", "1 2"]);
	});

	it("holds each room's gateways of the profile, and nobody else's", async () => {
		const gateways = ["conf_1", "trunk", "conf_07", "conf_trunk", "conf_1", "conf_", "7"].map(
			(name, index) => `"${name}":{"state":"S${index}"}`,
		);
		const seen = await observe(listing("[]", status(gateways.join(","))), "external", toRoom);
		assert.deepEqual(
			[...seen.gateways],
			[
				[
					"1",
					[
						{ name: "conf_1", state: "S0" },
						{ name: "conf_1", state: "S4" },
					],
				],
				["07", [{ name: "conf_07", state: "S2" }]],
			],
		);
	});

	it("shows the dying gateway beside the new one (recording 16)", async () => {
		const answer = answersTo("sofia jsonstatus", "16")[8] ?? "";
		const { running, gateways } = await observe(listing("[]", answer), "external", toRoom);
		assert.equal(running.size, 0);
		assert.deepEqual(
			[...gateways].map(([room, listed]) => [room, listed.map(({ state }) => state)]),
			[["45454", ["UNREGED", "UNREGISTER"]]],
		);
	});

	const unknown: [what: string, socket: EventSocket, error: new (...args: never[]) => Error][] = [
		["conferences are not told", listing("-ERR conference Command not found!\n", status("")), UnexpectedAnswer],
		["gateways are not told", listing("[]", "-ERR sofia Command not found!\n"), UnexpectedAnswer],
		["the profile is not there", listing("[]", '{"profiles":{}}'), ProfileNotRunning],
		["the connection is lost", { api: () => Promise.reject(new ConnectionLost("lost")) }, ConnectionLost],
	];
	for (const [what, socket, error] of unknown) {
		it(`is none if ${what}`, async () => {
			await assert.rejects(observe(socket, "external", toRoom), error);
		});
	}
});
