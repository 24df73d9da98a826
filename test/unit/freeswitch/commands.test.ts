import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	conferences,
	conferencesAsJson,
	gateways,
	isFailed,
	isLeaving,
	isRegistered,
	isTrying,
	killGateway,
	neverRegisters,
	type Outcome,
	ProfileNotRunning,
	type Question,
	registerGateway,
	reloadXml,
	rescan,
	UnexpectedAnswer,
	version,
} from "../../../src/freeswitch/commands.ts";
import { answersIn, answersTo, recordings } from "../../support/recording-answers.ts";

const external = gateways("external");

/** `sofia jsonstatus` with one profile, whose gateways are given as the JSON text between their braces. */
function status(gatewaysText: string, profile = "external", state = "RUNNING"): string {
	return `{"profiles":{"${profile}":{"status":{"type":"profile","state":"${state}"},"gateways":{${gatewaysText}},"info":{}}}}`;
}

/** What one gateway of a name looks like in that text. */
const member = (name: string, state: string) =>
	`${JSON.stringify(name)}:{"type":"gateway","state":${JSON.stringify(state)}}`;

/** JSON's white space, as FreeSWITCH's versions differ in it. */
const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);

/** A string as JSON text, some characters of it escaped that need not be. */
const jsonText = (text: string, escaped: boolean) =>
	escaped
		? `"${[...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
		: JSON.stringify(text);

describe("the list of conferences", () => {
	const line = (name: string, rest = "1 member rate: 48000 flags: running|answered|enforce_min|dynamic") =>
		`+OK Conference ${name} (${rest})\n`;

	it("is read from the recording, where none runs", () => {
		const lists = recordings.flatMap((number) =>
			answersIn(number).flatMap(({ command, answer }) =>
				command === conferences.command ? [conferences.read(answer)] : [],
			),
		);
		assert.deepEqual(lists, [[]]);
	});

	it("has a line for each, whoever is in it and whatever is set", () => {
		const answer = [
			line("12345"),
			line("07974", "0 members rate: 8000 flags: none"),
			line("777", "25 members rate: 48000 locked flags: locked|running|recording"),
		].join("");
		assert.deepEqual(conferences.read(answer), ["12345", "07974", "777"]);
	});

	it("keeps names that are no rooms", () => {
		const names = ["echo", "a b", "x (1 member rate: 8000 flags: none)", "ü+OK Conference 7", ""];
		assert.deepEqual(conferences.read(names.map((name) => line(name)).join("")), names);
	});

	it("is what was listed, whatever the names are, as long as they have one line", () => {
		const names = fc.array(fc.string({ unit: "binary" }).map((name) => name.replaceAll(/[\n\r\u2028\u2029]/g, "")));
		fc.assert(
			fc.property(names, (listed) => {
				fc.pre(listed.length > 0);
				assert.deepEqual(conferences.read(listed.map((name) => line(name)).join("")), listed);
			}),
		);
	});

	const unsure: [what: string, answer: string][] = [
		["nothing", ""],
		["an empty line", "\n"],
		["a refusal", "-ERR no reply\n"],
		["a module that is not loaded", "-ERR conference Command not found!\n"],
		["a list as JSON", "[]"],
		["a name with a line break", line("1\n2")],
		["other words", line("1") + line("2").replace("Conference", "Room")],
		["the words for no conference behind one", `${line("1")}+OK No active conferences.\n`],
		["a list of members", `${line("1")}1;loopback/1-a;0;1;1;hear|speak|floor;0;0;100\n`],
		["a last line without its end", line("1") + line("2").trimEnd()],
	];
	for (const [what, answer] of unsure) {
		it(`is not known from ${what}`, () => {
			assert.throws(() => conferences.read(answer), UnexpectedAnswer);
		});
	}

	it("is not known from the beginning of a line, wherever that is cut", () => {
		const answer = line("12345");
		for (let length = 0; length < answer.length; length++) {
			assert.throws(() => conferences.read(answer.slice(0, length)), UnexpectedAnswer, `cut at ${length}`);
		}
	});
});

describe("the list of conferences as JSON", () => {
	it("is read from every recording", () => {
		const lists = recordings.flatMap((number) =>
			answersIn(number).flatMap(({ command, answer }) =>
				command.startsWith("conference json_list") ? [conferencesAsJson.read(answer).sort()] : [],
			),
		);
		const thirty = Array.from({ length: 30 }, (_, index) => String(70_000 + index));
		assert.deepEqual(lists, [[], [], ["12345"], thirty]);
	});

	it("keeps leading zeros, and names that are no rooms", () => {
		const answer = '[{"conference_name":"07974"},{"conference_name":"echo \\"test\\" ü"},{"conference_name":""}]';
		assert.deepEqual(conferencesAsJson.read(answer), ["07974", 'echo "test" ü', ""]);
	});

	it("takes no caller for a conference, whatever a caller is called", () => {
		const names = [
			'"conference_name":"666"',
			'"},{"conference_name":"666"}],"x":[{"y":"',
			"}]",
			"[]",
			"\\",
			'\\"',
			'\\\\"conference_name\\"',
			"\u2028\u0000\ud800 𝟞𝟞𝟞",
			"مرحبا",
		];
		const members = names.map((caller_id_name) => ({
			type: "caller",
			caller_id_name,
			caller_id_number: caller_id_name,
		}));
		const list = [
			{ conference_name: "1", members },
			{ conference_name: "2", variables: { conference_name: "666" }, members },
		];
		assert.deepEqual(conferencesAsJson.read(JSON.stringify(list)), ["1", "2"]);
		assert.deepEqual(conferencesAsJson.read(JSON.stringify(list, undefined, "\t")), ["1", "2"]);
	});

	it("is what was listed, whatever the names are", () => {
		const list = fc.array(fc.record({ name: fc.string({ unit: "binary" }), caller: fc.string({ unit: "binary" }) }));
		fc.assert(
			fc.property(list, (listed) => {
				const answer = JSON.stringify(
					listed.map(({ name, caller }) => ({ conference_name: name, members: [{ caller_id_name: caller }] })),
				);
				assert.deepEqual(
					conferencesAsJson.read(answer),
					listed.map(({ name }) => name),
				);
			}),
		);
	});

	const unsure: [what: string, answer: string][] = [
		["nothing", ""],
		["a refusal", "-ERR no reply\n"],
		["a module that is not loaded", "-ERR conference Command not found!\n"],
		["the words for no conference, from another command", "+OK No active conferences.\n"],
		["null", "null"],
		["an object", '{"conference_name":"1"}'],
		["a conference without a name", '[{"conference_name":"1"},{}]'],
		["a conference whose name is a number", '[{"conference_name":12345}]'],
		["a list in the list", '[[{"conference_name":"1"}]]'],
		["two answers", "[][]"],
	];
	for (const [what, answer] of unsure) {
		it(`is not known from ${what}`, () => {
			assert.throws(() => conferencesAsJson.read(answer), UnexpectedAnswer);
		});
	}

	it("is not known from the beginning of an answer, wherever that is cut", () => {
		const [answer = ""] = answersTo("conference json_list", "04");
		for (let length = 0; length < answer.length; length++) {
			assert.throws(() => conferencesAsJson.read(answer.slice(0, length)), UnexpectedAnswer, `cut at ${length}`);
		}
		assert.deepEqual(conferencesAsJson.read(answer), ["12345"]);
	});
});

describe("the list of gateways", () => {
	it("shows a gateway's whole life, and the dying one beside the new one (recording 16)", () => {
		const lists = answersTo("sofia jsonstatus", "16").map((answer) =>
			external.read(answer).map(({ name, state }) => `${name} ${state}`),
		);
		assert.deepEqual(lists, [
			[],
			["conf_45454 UNREGED"],
			["conf_45454 REGISTER"],
			["conf_45454 REGED"],
			["conf_45454 UNREGISTER"],
			["conf_45454 DOWN"],
			[],
			["conf_45454 REGED"],
			["conf_45454 UNREGED", "conf_45454 UNREGISTER"],
			["conf_45454 REGISTER", "conf_45454 DOWN"],
			["conf_45454 REGED"],
			["conf_403403 FAIL_WAIT"],
			[],
		]);
	});

	it("shows one that was un-registered by hand (recording 17)", () => {
		assert.deepEqual(
			answersTo("sofia jsonstatus", "17").map((answer) => external.read(answer)),
			[[{ name: "conf_46464", state: "REGED" }], [{ name: "conf_46464", state: "DOWN" }]],
		);
	});

	it("is empty for a profile without gateways, which has no list of them at all", () => {
		assert.deepEqual(external.read('{"profiles":{"external":{"status":{"state":"RUNNING"},"info":{}}}}'), []);
		assert.deepEqual(external.read(status("")), []);
	});

	it("is that of its own profile", () => {
		const answer = `{"profiles":{
			"internal":{"status":{"type":"profile","state":"RUNNING"},"gateways":{${member("conf_1", "REGED")}}},
			"external":{"status":{"type":"profile","state":"RUNNING"},"gateways":{${member("conf_2", "TRYING")}}}}}`;
		assert.deepEqual(external.read(answer), [{ name: "conf_2", state: "TRYING" }]);
		assert.deepEqual(gateways("internal").read(answer), [{ name: "conf_1", state: "REGED" }]);
	});

	it("is found among aliases", () => {
		const alias = '{"status":{"type":"alias","data":"external","state":"ALIASED"}}';
		const answer = status(member("conf_1", "REGED")).replace('{"external"', `{"192.0.2.2":${alias},"external"`);
		assert.deepEqual(external.read(answer), [{ name: "conf_1", state: "REGED" }]);
		assert.throws(() => gateways("192.0.2.2").read(answer), { name: "ProfileNotRunning", profile: "192.0.2.2" });
	});

	it("keeps every member of a name, in FreeSWITCH's order, however its JSON is written", () => {
		const listed = fc.array(
			fc.record({
				name: fc.oneof(
					fc.constantFrom("conf_1", "conf_2", "1", "__proto__", "state", "1:conf_1"),
					fc.string({ unit: "binary" }),
				),
				state: fc.oneof(fc.constantFrom("REGED", "DOWN", '":{"state":"UNREGED"'), fc.string({ unit: "binary" })),
				escaped: fc.boolean(),
				space,
			}),
			{ maxLength: 8 },
		);
		fc.assert(
			fc.property(listed, (list) => {
				const text = list.map(
					({ name, state, escaped, space }) =>
						`${space}${jsonText(name, escaped)}${space}:${space}{${space}"type":"gateway","state"${space}:${space}${jsonText(state, escaped)}}`,
				);
				assert.deepEqual(
					external.read(status(text.join(","))),
					list.map(({ name, state }) => ({ name, state })),
				);
			}),
		);
	});

	const notRunning: [what: string, answer: string][] = [
		["is absent", status("", "internal")],
		["is down", status("", "external", "DOWN")],
		["is down and still shows gateways", status(member("conf_1", "REGED"), "external", "DOWN")],
		["is an alias", '{"profiles":{"external":{"status":{"type":"alias","data":"internal","state":"ALIASED"}}}}'],
		["is among none", '{"profiles":{}}'],
		["tells no status", '{"profiles":{"external":{"gateways":{}}}}'],
		["tells a status that is no text", '{"profiles":{"external":{"status":{"state":true},"gateways":{}}}}'],
	];
	for (const [what, answer] of notRunning) {
		it(`is not known of a profile that ${what}`, () => {
			assert.throws(
				() => external.read(answer),
				(error) =>
					error instanceof ProfileNotRunning && error.profile === "external" && error.message.includes('"external"'),
			);
		});
	}

	const unsure: [what: string, answer: string][] = [
		["nothing", ""],
		["sofia not being loaded", "-ERR sofia Command not found!\n"],
		["a profile that is not there", "Invalid Profile [external]"],
		["a refusal", "-ERR no reply\n"],
		["a list", "[]"],
		["null", "null"],
		["an object with other things", '{"profile":{"external":{"status":{"state":"RUNNING"}}}}'],
		["a gateway without a state", status('"conf_1":{"type":"gateway"}')],
		["a gateway whose state is no text", status('"conf_1":{"state":3}')],
		["a gateway that is no object", status('"conf_1":"REGED"')],
		["gateways in a list", status("").replace('"gateways":{}', '"gateways":[]')],
		["gateways that are a text", status("").replace('"gateways":{}', '"gateways":"conf_1"')],
	];
	for (const [what, answer] of unsure) {
		it(`is not known from ${what}`, () => {
			assert.throws(() => external.read(answer), UnexpectedAnswer);
		});
	}

	it("is not known from the beginning of an answer, wherever that is cut", () => {
		const answer = (answersTo("sofia jsonstatus", "16")[8] ?? "").trimEnd();
		for (let length = 0; length < answer.length; length++) {
			assert.throws(() => external.read(answer.slice(0, length)), UnexpectedAnswer, `cut at ${length}`);
		}
		assert.equal(external.read(answer).length, 2);
	});
});

describe("an answer that is junk", () => {
	const junk = fc.oneof(
		fc.string({ unit: "binary" }),
		fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("utf8")),
		fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
		fc.string({ unit: fc.constantFrom("[", "]", "{", "}", '"', ":", ",", "\\", "\n", " ", "1", "u", "-") }),
	);

	it("is unexpected, and never a list", () => {
		fc.assert(
			fc.property(junk, (answer) => {
				fc.pre(!/^\s*\[\s*\]\s*$/.test(answer));
				assert.throws(() => conferences.read(answer), { name: "UnexpectedAnswer", answer });
				assert.throws(() => conferencesAsJson.read(answer), { name: "UnexpectedAnswer", answer });
				assert.throws(() => external.read(answer), UnexpectedAnswer);
			}),
			{ numRuns: 500 },
		);
	});

	it("is never a list, not even as good JSON", () => {
		fc.assert(
			fc.property(fc.json(), (answer) => {
				fc.pre(answer !== "[]");
				assert.throws(() => conferences.read(answer), UnexpectedAnswer);
				assert.throws(() => conferencesAsJson.read(answer), UnexpectedAnswer);
				assert.throws(() => external.read(answer));
			}),
		);
	});

	it("is quoted in the error's sentence on one line and shortened, with the facts in its fields", () => {
		const answer = `-ERR\n\u001b${"x".repeat(5_000)}`;
		assert.throws(
			() => conferencesAsJson.read(answer),
			(error) => {
				assert.ok(error instanceof UnexpectedAnswer && error.cause instanceof SyntaxError);
				assert.deepEqual([error.command, error.answer], ["conference json_list compact", answer]);
				assert.match(error.message, /^FreeSWITCH answered "conference json_list compact" with "-ERR \\x1bx{194}…"$/);
				return true;
			},
		);
	});
});

/** A question for every command that changes something, by how its command begins. */
const orders: readonly [kind: string, form: RegExp, question: Question<Outcome>][] = [
	["reloadxml", /^reloadxml$/, reloadXml],
	["rescan", /^sofia profile \w+ rescan$/, rescan("external")],
	["killgw", /^sofia profile \w+ killgw( \w+)?$/, killGateway("external", "conf_1")],
	["register", /^sofia profile \w+ register \w+$/, registerGateway("external", "conf_1")],
];

describe("the outcome of an order", () => {
	it("is told from every recorded answer", () => {
		const outcomes: Record<string, boolean> = {};
		for (const { command, answer } of recordings.flatMap(answersIn)) {
			for (const [kind, form, question] of orders) {
				if (form.test(command)) {
					const { done, words } = question.read(answer);
					assert.equal(words, answer.trim());
					outcomes[`${kind}: ${words}`] = done;
				}
			}
		}
		assert.deepEqual(outcomes, {
			"reloadxml: +OK [Success]": true,
			"reloadxml: +OK [[error near line 2926]: missing >]": false,
			"rescan: Reload XML [Success]\n+OK scan complete": true,
			"rescan: Reload XML [[error near line 2926]: missing >]\n+OK scan complete": false,
			"rescan: Invalid Profile [nosuch]": false,
			"killgw: +OK gateway marked for deletion.": true,
			"killgw: -ERR no such gateway.": true,
			"killgw: -ERR missing gw name": false,
			"killgw: Invalid Profile [nosuch]": false,
			"register: +OK": true,
			"register: Invalid gateway!": false,
		});
	});

	for (const [kind, , question] of orders) {
		for (const answer of [
			"",
			"\n",
			"-ERR sofia Command not found!\n",
			"-ERR no reply\n",
			"Invalid Profile [external]",
			"-ERR [SUCCESS]\n",
			"not +OK\n",
			"Reload XML [Success]\n-ERR scan\n",
			"Reload XML [Success]\nInvalid Profile [external]",
		]) {
			if (!(kind === "reloadxml" && answer.includes("[Success]"))) {
				it(`of ${kind} is no success if FreeSWITCH says ${JSON.stringify(answer)}`, () => {
					assert.deepEqual(question.read(answer), { done: false, words: answer.trim() });
				});
			}
		}
	}

	it("is never a success for junk", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (answer) => {
				fc.pre(!/^(\+OK|-ERR no such gateway|Reload XML)/.test(answer) && !answer.includes("[Success]"));
				for (const [, , question] of orders) {
					assert.equal(question.read(answer).done, false);
				}
			}),
		);
	});
});

describe("commands", () => {
	it("are those that were recorded", () => {
		const sent = new Set(recordings.flatMap(answersIn).map(({ command }) => command));
		for (const command of [
			conferences.command,
			external.command,
			reloadXml.command,
			rescan("external").command,
			killGateway("external", "conf_12345").command,
			registerGateway("external", "conf_46464").command,
		]) {
			assert.ok(sent.has(command), command);
		}
	});
});

describe("FreeSWITCH's version", () => {
	const answers: [answer: string, version: string | undefined][] = [
		["FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n", "1.10.12-release~64bit"],
		[
			"FreeSWITCH Version 1.11.2-dev+git~20260101T000000Z~abcdef~64bit\n",
			"1.11.2-dev+git~20260101T000000Z~abcdef~64bit",
		],
		["-ERR version Command not found!\n", undefined],
		["", undefined],
	];
	for (const [answer, expected] of answers) {
		it(`is ${String(expected)} where it says ${JSON.stringify(answer)}`, () => {
			assert.equal(version.read(answer), expected);
		});
	}
});

describe("a gateway's state", () => {
	/** Every state that FreeSWITCH has, and what it means for a room. */
	const meanings: Record<string, "registered" | "failed" | "leaving" | "never registers" | "trying" | "on its way"> = {
		UNREGED: "trying",
		TRYING: "trying",
		REGISTER: "registered",
		REGED: "registered",
		EXPIRED: "on its way",
		FAILED: "failed",
		FAIL_WAIT: "failed",
		TIMEOUT: "failed",
		UNREGISTER: "leaving",
		DOWN: "leaving",
		NOREG: "never registers",
	};
	for (const [state, meaning] of Object.entries(meanings)) {
		it(`${state} means that it is ${meaning}`, () => {
			assert.deepEqual(
				{
					registered: isRegistered(state),
					failed: isFailed(state),
					leaving: isLeaving(state),
					"never registers": neverRegisters(state),
					trying: isTrying(state),
				},
				{
					registered: meaning === "registered",
					failed: meaning === "failed",
					leaving: meaning === "leaving",
					"never registers": meaning === "never registers",
					trying: meaning === "trying",
				},
			);
		});
	}

	it("is one of these in all recordings", () => {
		const seen = ["16", "17"].flatMap((number) =>
			answersTo("sofia jsonstatus", number).flatMap((answer) => external.read(answer).map(({ state }) => state)),
		);
		for (const state of seen) {
			assert.ok(state in meanings, state);
		}
	});
});
