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
import "../../support/seed.ts";

const external = gateways("external");
const recorded = recordings.flatMap(answersIn);

/** `sofia jsonstatus` with one profile, whose gateways are given as the JSON text between their braces. */
function status(gatewaysText: string, profile = "external", state = "RUNNING"): string {
	return `{"profiles":{"${profile}":{"status":{"type":"profile","state":"${state}"},"gateways":{${gatewaysText}},"info":{}}}}`;
}

/** What one gateway of a name looks like in that text. */
const member = (name: string, state: string) =>
	`${JSON.stringify(name)}:{"type":"gateway","state":${JSON.stringify(state)}}`;

/** A string as JSON text, all characters of it escaped or just those that must be. */
const jsonText = (text: string, escaped: boolean) =>
	escaped
		? `"${[...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
		: JSON.stringify(text);

/** No beginning of an answer may be taken for a shorter list. */
function isUnsureWhereverCut(question: Question<unknown>, answer: string): void {
	question.read(answer);
	for (let length = 0; length < answer.length; length++) {
		assert.throws(() => question.read(answer.slice(0, length)), UnexpectedAnswer, `cut at ${length}`);
	}
}

describe("the list of conferences", () => {
	const line = (name: string, rest = "1 member rate: 48000 flags: running|answered|enforce_min|dynamic") =>
		`+OK Conference ${name} (${rest})\n`;

	it("is read from the recording, where none runs", () => {
		const answers = recorded.filter(({ command }) => command === conferences.command);
		assert.deepEqual(
			answers.map(({ answer }) => conferences.read(answer)),
			[[]],
		);
	});

	it("has a line for each, whoever is in it and whatever is set", () => {
		const answer = [
			line("12345"),
			line("07974", "0 members rate: 8000 flags: none"),
			line("777", "25 members rate: 48000 locked flags: locked|running|recording"),
		].join("");
		assert.deepEqual(conferences.read(answer), ["12345", "07974", "777"]);
	});

	it("is what was listed, whatever the names are, as long as they have one line", () => {
		const odd = ["echo", "a b", "x (1 member rate: 8000 flags: none)", "ü+OK Conference 7", ""];
		const name = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\n\r\u2028\u2029]/g, ""));
		fc.assert(
			fc.property(fc.array(name, { minLength: 1 }), (listed) =>
				assert.deepEqual(conferences.read(listed.map((name) => line(name)).join("")), listed),
			),
			{ examples: [[odd]] },
		);
	});

	for (const [what, answer] of [
		["a list as JSON", "[]"],
		["a name with a line break", line("1\n2")],
		["other words", line("1") + line("2").replace("Conference", "Room")],
		["the words for no conference behind one", `${line("1")}+OK No active conferences.\n`],
		["a list of members", `${line("1")}1;loopback/1-a;0;1;1;hear|speak|floor;0;0;100\n`],
		["a last line without its end", line("1") + line("2").trimEnd()],
	] as const) {
		it(`is not known from ${what}`, () => assert.throws(() => conferences.read(answer), UnexpectedAnswer));
	}

	it("is not known from the beginning of a line, wherever that is cut", () =>
		isUnsureWhereverCut(conferences, line("12345")));
});

describe("the list of conferences as JSON", () => {
	it("is read from every recording", () => {
		const lists = recorded.flatMap(({ command, answer }) =>
			command.startsWith("conference json_list") ? [conferencesAsJson.read(answer).sort()] : [],
		);
		const thirty = Array.from({ length: 30 }, (_, index) => String(70_000 + index));
		assert.deepEqual(lists, [[], [], ["12345"], thirty]);
	});

	it("is what was listed, whatever the names are and whatever callers are called", () => {
		const odd = [
			...['"conference_name":"666"', '"},{"conference_name":"666"}],"x":[{"y":"', "}]", "[]", "\\", '\\"', "مرحبا"],
			...['\\\\"conference_name\\"', "\u2028\u0000\ud800 𝟞𝟞𝟞", "07974", 'echo "test" ü', ""],
		];
		const name = fc.string({ unit: "binary" });
		const list = fc.array(fc.record({ name, caller: name }));
		fc.assert(
			fc.property(list, fc.constantFrom("", "\t"), (listed, indent) => {
				const conferences = listed.map(({ name, caller }) => ({
					conference_name: name,
					variables: { conference_name: "666" },
					members: [{ type: "caller", caller_id_name: caller, caller_id_number: caller }],
				}));
				assert.deepEqual(
					conferencesAsJson.read(JSON.stringify(conferences, undefined, indent)),
					listed.map(({ name }) => name),
				);
			}),
			{ examples: [[odd.map((name) => ({ name, caller: name })), ""]] },
		);
	});

	for (const [what, answer] of [
		["the words for no conference, from another command", "+OK No active conferences.\n"],
		["a conference without a name", '[{"conference_name":"1"},{}]'],
		["a conference whose name is a number", '[{"conference_name":12345}]'],
		["a list in the list", '[[{"conference_name":"1"}]]'],
	] as const) {
		it(`is not known from ${what}`, () => assert.throws(() => conferencesAsJson.read(answer), UnexpectedAnswer));
	}

	it("is not known from the beginning of an answer, wherever that is cut", () =>
		isUnsureWhereverCut(conferencesAsJson, answersTo("conference json_list", "04")[0] ?? ""));
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

	it("is empty for a profile without gateways, which has no list of them at all", () => {
		assert.deepEqual(external.read('{"profiles":{"external":{"status":{"state":"RUNNING"},"info":{}}}}'), []);
		assert.deepEqual(external.read(status("")), []);
	});

	it("is that of its own profile, among others and among aliases", () => {
		const profile = (gateway: string) => `{"status":{"type":"profile","state":"RUNNING"},"gateways":{${gateway}}}`;
		const alias = '{"status":{"type":"alias","data":"external","state":"ALIASED"}}';
		const [one, two] = [member("conf_1", "REGED"), member("conf_2", "TRYING")];
		const answer = `{"profiles":{
			"192.0.2.2":${alias}, "internal":${profile(one)}, "external":${profile(two)}}}`;
		assert.deepEqual(external.read(answer), [{ name: "conf_2", state: "TRYING" }]);
		assert.deepEqual(gateways("internal").read(answer), [{ name: "conf_1", state: "REGED" }]);
		assert.throws(() => gateways("192.0.2.2").read(answer), ProfileNotRunning);
	});

	it("keeps every member of a name, in FreeSWITCH's order, however its JSON is written", () => {
		const text = fc.string({ unit: "binary" });
		const gateway = fc.record({
			name: fc.oneof(fc.constantFrom("conf_1", "conf_2", "1", "__proto__", "state", "1:conf_1"), text),
			state: fc.oneof(fc.constantFrom("REGED", "DOWN", '":{"state":"UNREGED"'), text),
			escaped: fc.boolean(),
			// FreeSWITCH's versions differ in JSON's white space.
			space: fc.stringMatching(/^[ \t\n\r]{0,3}$/),
		});
		fc.assert(
			fc.property(fc.array(gateway, { maxLength: 8 }), (list) => {
				const members = list.map(
					({ name, state, escaped, space }) =>
						`${space}${jsonText(name, escaped)}${space}:${space}{${space}"type":"gateway","state"${space}:${space}${jsonText(state, escaped)}}`,
				);
				assert.deepEqual(
					external.read(status(members.join(","))),
					list.map(({ name, state }) => ({ name, state })),
				);
			}),
		);
	});

	for (const [what, answer] of [
		["is absent", status("", "internal")],
		["is down", status("", "external", "DOWN")],
		["is down and still shows gateways", status(member("conf_1", "REGED"), "external", "DOWN")],
		["is an alias", '{"profiles":{"external":{"status":{"type":"alias","data":"internal","state":"ALIASED"}}}}'],
		["is among none", '{"profiles":{}}'],
		["tells no status", '{"profiles":{"external":{"gateways":{}}}}'],
		["tells a status that is no text", '{"profiles":{"external":{"status":{"state":true},"gateways":{}}}}'],
	] as const) {
		it(`is not known of a profile that ${what}`, () => {
			const message = 'SIP profile "external" is not running in FreeSWITCH';
			assert.throws(() => external.read(answer), { name: "ProfileNotRunning", message });
		});
	}

	for (const [what, answer] of [
		["a list", "[]"],
		["an object with other things", '{"profile":{"external":{"status":{"state":"RUNNING"}}}}'],
		["a gateway without a state", status('"conf_1":{"type":"gateway"}')],
		["a gateway whose state is no text", status('"conf_1":{"state":3}')],
		["a gateway that is no object", status('"conf_1":"REGED"')],
		["gateways in a list", status("").replace('"gateways":{}', '"gateways":[]')],
		["gateways that are a text", status("").replace('"gateways":{}', '"gateways":"conf_1"')],
	] as const) {
		it(`is not known from ${what}`, () => assert.throws(() => external.read(answer), UnexpectedAnswer));
	}

	it("is not known from the beginning of an answer, wherever that is cut", () =>
		isUnsureWhereverCut(external, (answersTo("sofia jsonstatus", "16")[8] ?? "").trimEnd()));
});

describe("an answer that is junk", () => {
	const bytes = fc.uint8Array({ maxLength: 200 });
	const junk = fc.oneof(
		fc.string({ unit: "binary" }),
		bytes.map((some) => Buffer.from(some).toString("utf8")),
		bytes.map((some) => Buffer.from(some).toString("latin1")),
		fc.string({ unit: fc.constantFrom("[", "]", "{", "}", '"', ":", ",", "\\", "\n", " ", "1", "u", "-") }),
		fc.json(),
	);

	const common = [
		...["", "\n", "-ERR no reply\n", "-ERR conference Command not found!\n", "-ERR sofia Command not found!\n"],
		...["Invalid Profile [external]", "null", "{}", '{"conference_name":"1"}', "[][]"],
	];

	it("is unexpected, and never a list, not even as good JSON", () => {
		fc.assert(
			fc.property(junk, (answer) => {
				fc.pre(!/^\s*\[\s*\]\s*$/.test(answer));
				for (const question of [conferences, conferencesAsJson, external]) {
					assert.throws(
						() => question.read(answer),
						(error) => error instanceof UnexpectedAnswer || error instanceof ProfileNotRunning,
					);
				}
			}),
			{ numRuns: 500, examples: common.map((answer) => [answer]) },
		);
	});

	it("is quoted in the error's sentence on one line and shortened, with its cause", () => {
		const message = `FreeSWITCH answered "conference json_list compact" with "-ERR \\x1b${"x".repeat(194)}…"`;
		assert.throws(
			() => conferencesAsJson.read(`-ERR\n\u001b${"x".repeat(5_000)}`),
			(error) => error instanceof UnexpectedAnswer && error.message === message && error.cause instanceof SyntaxError,
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
		const outcomes = recorded.flatMap(({ command, answer }) =>
			orders.flatMap(([kind, form, question]) => {
				const { done, words } = question.read(answer);
				assert.equal(words, answer.trim());
				return form.test(command) ? [[`${kind}: ${words}`, done]] : [];
			}),
		);
		assert.deepEqual(Object.fromEntries(outcomes), {
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
		it(`of ${kind} is a success only in the words of one`, () => {
			const odd = [
				...[
					"\n",
					"-ERR sofia Command not found!\n",
					"-ERR no reply\n",
					"Invalid Profile [external]",
					"-ERR [SUCCESS]\n",
				],
				...["not +OK\n", "Reload XML [Success]\n-ERR scan\n", "Reload XML [Success]\nInvalid Profile [external]"],
			].filter((answer) => kind !== "reloadxml" || !answer.includes("[Success]"));
			fc.assert(
				fc.property(fc.string({ unit: "binary" }), (answer) => {
					fc.pre(!/^(\+OK|-ERR no such gateway|Reload XML \[Success\]\n\+OK)/.test(answer));
					assert.deepEqual(question.read(answer), { done: false, words: answer.trim() });
				}),
				{ examples: odd.map((answer) => [answer]) },
			);
		});
	}
});

describe("commands", () => {
	it("are those that were recorded", () => {
		const sent = new Set(recorded.map(({ command }) => command));
		for (const { command } of [
			...[conferences, external, reloadXml, rescan("external")],
			...[killGateway("external", "conf_12345"), registerGateway("external", "conf_46464")],
		]) {
			assert.ok(sent.has(command), command);
		}
	});
});

describe("FreeSWITCH's version", () => {
	it("is what it says, if it does", () => {
		for (const [answer, expected] of [
			["FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n", "1.10.12-release~64bit"],
			["FreeSWITCH Version 1.11.2-dev+git~20260101T000000Z~abcd~64bit\n", "1.11.2-dev+git~20260101T000000Z~abcd~64bit"],
			["-ERR version Command not found!\n", undefined],
			["", undefined],
		] as const) {
			assert.equal(version.read(answer), expected);
		}
	});
});

describe("a gateway's state", () => {
	/** Every state that FreeSWITCH has, by what it means for a room. */
	const states = {
		trying: ["UNREGED", "TRYING"],
		registered: ["REGISTER", "REGED"],
		failed: ["FAILED", "FAIL_WAIT", "TIMEOUT"],
		leaving: ["UNREGISTER", "DOWN"],
		"never registers": ["NOREG"],
		none: ["EXPIRED"],
	};
	const meanings = [
		["trying", isTrying],
		["registered", isRegistered],
		["failed", isFailed],
		["leaving", isLeaving],
		["never registers", neverRegisters],
	] as const;

	it("means one thing, or nothing", () => {
		for (const state of Object.values(states).flat()) {
			for (const [meaning, has] of meanings) {
				assert.equal(has(state), states[meaning].includes(state), `${state} ${meaning}`);
			}
		}
	});

	it("is one of these in all recordings", () => {
		for (const answer of ["16", "17"].flatMap((number) => answersTo("sofia jsonstatus", number))) {
			for (const { state } of external.read(answer)) {
				assert.ok(Object.values(states).flat().includes(state), state);
			}
		}
	});
});
