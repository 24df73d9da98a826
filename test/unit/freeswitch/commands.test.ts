import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as commands from "../../../src/freeswitch/commands.ts";
import { answersIn, answersTo, recordings } from "../../support/recording-answers.ts";
import "../../support/seed.ts";

const { conferences, conferencesAsJson, ProfileNotRunning, UnexpectedAnswer } = commands;
const external = commands.gateways("external");
const recorded = recordings.flatMap(answersIn);

/** A line of the conferences' list. */
const line = (name: string, rest = "1 member rate: 48000 flags: running|answered|enforce_min|dynamic") =>
	`+OK Conference ${name} (${rest})\n`;

/** `sofia jsonstatus` with one profile, whose gateways are given as the JSON text between their braces. */
function status(gatewaysText: string, profile = "external", state = "RUNNING"): string {
	return `{"profiles":{"${profile}":{"status":{"type":"profile","state":"${state}"},"gateways":{${gatewaysText}},"info":{}}}}`;
}

/** What one gateway of a name looks like in that text. */
const member = (name: string, state: string) =>
	`${JSON.stringify(name)}:{"type":"gateway","state":${JSON.stringify(state)}}`;

describe("the list of conferences", () => {
	it("is read from the recording, where none runs", () => {
		const answers = recorded.filter(({ command }) => command === conferences.command);
		assert.deepEqual(
			answers.map(({ answer }) => conferences.read(answer)),
			[[]],
		);
	});

	it("has a line for each, whoever is in it and whatever is set", () => {
		const busy = line("777", "25 members rate: 48000 locked flags: locked|running|recording");
		const answer = line("12345") + line("07974", "0 members rate: 8000 flags: none") + busy;
		assert.deepEqual(conferences.read(answer), ["12345", "07974", "777"]);
	});

	it("is what was listed, whatever the names are, as long as they have one line", () => {
		const odd = ["echo", "a b", "x (1 member rate: 8000 flags: none)", "ü+OK Conference 7", ""];
		const name = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\n\r\u2028\u2029]/g, ""));
		const lists = fc.property(fc.array(name, { minLength: 1 }), (listed) =>
			assert.deepEqual(conferences.read(listed.map((name) => line(name)).join("")), listed),
		);
		fc.assert(lists, { examples: [[odd]] });
	});
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
				const answer = JSON.stringify(conferences, undefined, indent);
				assert.deepEqual(
					conferencesAsJson.read(answer),
					listed.map(({ name }) => name),
				);
			}),
			{ examples: [[odd.map((name) => ({ name, caller: name })), ""]] },
		);
	});
});

describe("the list of gateways", () => {
	it("shows a gateway's whole life, and the dying one beside the new one (recording 16)", () => {
		const lists = answersTo("sofia jsonstatus", "16").map((answer) =>
			external.read(answer).own.map(({ name, state }) => `${name} ${state}`),
		);
		const one = (state: string) => [`conf_45454 ${state}`];
		assert.deepEqual(lists, [
			...[[], ...["UNREGED", "REGISTER", "REGED", "UNREGISTER", "DOWN"].map(one), [], one("REGED")],
			...[["UNREGED", "UNREGISTER"].flatMap(one), ["REGISTER", "DOWN"].flatMap(one), one("REGED")],
			...[["conf_403403 FAIL_WAIT"], []],
		]);
	});

	it("is empty for a profile without gateways, which has no list of them at all", () => {
		assert.deepEqual(external.read('{"profiles":{"external":{"status":{"state":"RUNNING"},"info":{}}}}').own, []);
		assert.deepEqual(external.read(status("")).own, []);
	});

	it("is that of its own profile, among others and among aliases", () => {
		const profile = (gateway: string) => `{"status":{"type":"profile","state":"RUNNING"},"gateways":{${gateway}}}`;
		const alias = '{"status":{"type":"alias","data":"external","state":"ALIASED"}}';
		const [one, two] = [member("conf_1", "REGED"), member("conf_2", "TRYING")];
		const answer = `{"profiles":{
			"192.0.2.2":${alias}, "internal":${profile(one)}, "external":${profile(two)}}}`;
		const own = [{ name: "conf_2", state: "TRYING" }];
		const others = [{ name: "conf_1", profile: "internal" }];
		for (const name of ["external", "192.0.2.2"]) {
			assert.deepEqual(commands.gateways(name).read(answer), { own, others });
		}
		assert.deepEqual(commands.gateways("internal").read(answer).own, [{ name: "conf_1", state: "REGED" }]);
	});

	it("shows the mark behind a gateway's user, where its snippet bears one", () => {
		const data = [
			"sip:1:0a1b2.3@sip.example.org:5070",
			"sip:1@sip.example.org:5070",
			"sip:1:@x",
			"sip::1@x",
			"sip:1@a:b",
			"1:a@x",
		];
		const members = data.map((data) => `"conf_1":{"type":"gateway","data":"${data}","state":"REGED"}`);
		const marks = external.read(status(members.join(","))).own.map(({ mark }) => mark);
		assert.deepEqual(marks, ["0a1b2.3", undefined, undefined, "1", undefined, undefined]);
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
		const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
		fc.assert(
			fc.property(fc.array(gateway, { maxLength: 8 }), (list) => {
				const members = list.map(({ name, state, escaped, space }) => {
					const json = (value: string) =>
						space + (escaped ? `"${value.split("").map(escape).join("")}"` : JSON.stringify(value));
					return `${json(name)}${space}:${space}{${space}"type":"gateway",${json("state")}${space}:${json(state)}}`;
				});
				const expected = list.map(({ name, state }) => ({ name, state }));
				assert.deepEqual(external.read(status(members.join(","))).own, expected);
			}),
		);
	});

	it("is not known of a profile that is not running", () => {
		for (const answer of [
			...[status("", "internal"), status("", "external", "DOWN"), '{"profiles":{}}'],
			status(member("conf_1", "REGED"), "external", "DOWN"),
			'{"profiles":{"external":{"status":{"type":"alias","data":"internal","state":"ALIASED"}}}}',
			'{"profiles":{"external":{"gateways":{}}}}',
			'{"profiles":{"external":{"status":{"state":true},"gateways":{}}}}',
		]) {
			const message = 'SIP profile "external" is not running in FreeSWITCH';
			assert.throws(() => external.read(answer), { name: "ProfileNotRunning", message }, answer);
		}
	});
});

describe("a list", () => {
	const lists: [question: commands.Question<unknown>, good: string, bad: string[]][] = [
		[
			conferences,
			line("12345"),
			[
				...["[]", line("1\n2"), line("1") + line("2").replace("Conference", "Room")],
				...[`${line("1")}+OK No active conferences.\n`, line("1") + line("2").trimEnd()],
				`${line("1")}1;loopback/1-a;0;1;1;hear|speak|floor;0;0;100\n`,
			],
		],
		[
			conferencesAsJson,
			answersTo("conference json_list", "04")[0] ?? "",
			[
				...["+OK No active conferences.\n", '[{"conference_name":"1"},{}]', '[{"conference_name":12345}]'],
				'[[{"conference_name":"1"}]]',
			],
		],
		[
			external,
			(answersTo("sofia jsonstatus", "16")[8] ?? "").trimEnd(),
			[
				...["[]", '{"profile":{"external":{"status":{"state":"RUNNING"}}}}'],
				...['"conf_1":{"type":"gateway"}', '"conf_1":{"state":3}', '"conf_1":"REGED"'].map((text) => status(text)),
				...["[]", '"conf_1"'].map((text) => status("").replace('"gateways":{}', `"gateways":${text}`)),
			],
		],
	];

	for (const [question, good, bad] of lists) {
		it(`is not known from another answer to "${question.command}", or from the beginning of one, wherever it is cut`, () => {
			assert.ok(question.read(good));
			for (const answer of [...bad, ...good.split("").map((_, length) => good.slice(0, length))]) {
				assert.throws(() => question.read(answer), UnexpectedAnswer, answer);
			}
		});
	}
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
const orders: readonly [kind: string, form: RegExp, question: commands.Question<commands.Outcome>][] = [
	["reloadxml", /^reloadxml$/, commands.reloadXml],
	["rescan", /^sofia profile \w+ rescan$/, commands.rescan("external")],
	["killgw", /^sofia profile \w+ killgw( \w+)?$/, commands.killGateway("external", "conf_1")],
	["register", /^sofia profile \w+ register \w+$/, commands.registerGateway("external", "conf_1")],
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
			const scans = ["Reload XML [Success]\n-ERR scan\n", "Reload XML [Success]\nInvalid Profile [external]"];
			const odd = [
				...["\n", "-ERR sofia Command not found!\n", "-ERR no reply\n", "Invalid Profile [external]"],
				...["-ERR [SUCCESS]\n", "not +OK\n", ...(kind === "reloadxml" ? [] : scans)],
			];
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
		const { reloadXml, rescan, killGateway, registerGateway } = commands;
		const orders = [reloadXml, rescan("external"), killGateway("external", "conf_12345")];
		const used = [conferences, external, ...orders, registerGateway("external", "conf_46464")];
		const sent = new Set(recorded.map(({ command }) => command));
		assert.deepEqual(
			used.filter(({ command }) => !sent.has(command)),
			[],
		);
	});
});

describe("FreeSWITCH's version", () => {
	it("is what it says, if it does", () => {
		const answers = ["1.10.12-release~64bit (-release 64bit)\n", "1.11.2-dev+git~20260101T000000Z~abcd~64bit\n"];
		assert.deepEqual(
			[...answers.map((rest) => `FreeSWITCH Version ${rest}`), "-ERR version Command not found!\n", ""].map((answer) =>
				commands.version.read(answer),
			),
			["1.10.12-release~64bit", "1.11.2-dev+git~20260101T000000Z~abcd~64bit", undefined, undefined],
		);
	});
});

describe("FreeSWITCH's Core-UUID", () => {
	it("is what it says, if that is one", () => {
		const uuid = "8c5a6e5e-7a1b-4d39-9f3c-0e7a5b1d2c44";
		const answers = [
			uuid,
			`${uuid}\n`,
			"-ERR global_getvar Command not found!\n",
			"",
			"-ERR no reply\n",
			`${uuid}0`,
			"{}",
		];
		assert.deepEqual(
			answers.map((answer) => commands.coreUuid.read(answer)),
			[uuid, uuid, undefined, undefined, undefined, undefined, undefined],
		);
	});
});

describe("a gateway's state", () => {
	/** Every state that FreeSWITCH has, and what it means for a room. */
	const meanings: Record<string, string[]> = {
		...{ UNREGED: ["isAboutToRegister"], TRYING: ["isTrying"], REGISTER: ["isRegistered"], REGED: ["isRegistered"] },
		...{ FAILED: ["isFailed"], FAIL_WAIT: ["isFailed"], TIMEOUT: ["isFailed"] },
		...{ UNREGISTER: ["isLeaving"], DOWN: ["isLeaving"], NOREG: ["neverRegisters"], EXPIRED: [] },
	};

	const kindsOfStates = [
		...(["isTrying", "isAboutToRegister", "isRegistered", "isFailed", "isLeaving", "neverRegisters"] as const),
	];

	it("means one thing, or nothing", () => {
		const found = Object.keys(meanings).map((state) => {
			const kinds = kindsOfStates.filter((kind) => commands[kind](state));
			return [state, kinds];
		});
		assert.deepEqual(Object.fromEntries(found), meanings);
	});

	it("is one of these in all recordings", () => {
		for (const answer of ["16", "17"].flatMap((number) => answersTo("sofia jsonstatus", number))) {
			for (const { state } of external.read(answer).own) {
				assert.ok(state in meanings, state);
			}
		}
	});
});
