/**
 * Behaviour of FreeSWITCH that no recording shows, and on which the daemon's tests and the simulation rely. Sources: sofia_reg.c
 * and nua of sofia-sip for gateways, switch_xml.c for snippets, a real Kamailio for the bindings after the race.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { snippet, TemporaryDirectory } from "../../support/snippets.ts";
import { Registrar } from "../registrar/registrar.ts";
import type { EventRecord } from "./events.ts";
import { BrokenConfiguration, FreeSwitch, FreeSwitchEnded, type FreeSwitchOptions } from "./freeswitch.ts";
import { NotModelled } from "./not-modelled.ts";
import { readSnippets } from "./snippet-directory.ts";

const room = "12345";
const gateway = `conf_${room}`;

let clock: SimulatedClock;
let registrar: Registrar;
let directory: TemporaryDirectory;
let freeswitch: FreeSwitch | undefined;
let events: EventRecord[];

function start(options: Partial<FreeSwitchOptions> = {}): FreeSwitch {
	const { path } = directory;
	const started = new FreeSwitch({ clock, peer: registrar, snippets: () => readSnippets(path), ...options });
	started.events.listen((event) => events.push(event));
	freeswitch = started;
	return started;
}

async function seconds(count: number): Promise<void> {
	await clock.advance(count * 1_000);
}

/** Starts FreeSWITCH with one gateway, and runs it to the middle between two ticks. */
async function run(count: number, params: Readonly<Record<string, string>> = {}): Promise<void> {
	directory.write(room, snippet(room, params));
	start();
	await seconds(count + 0.5);
}

function api(command: string): Promise<string> {
	assert.ok(freeswitch);
	return freeswitch.api(command);
}

const profile = (command: string) => api(`sofia profile external ${command}`);
const gateways = () => freeswitch?.sofia.profile("external")?.gateways ?? [];
const states = () => gateways().map(({ state }) => state);
/** The states in the events since the last call. */
const told = () => events.splice(0).flatMap((event) => event["State"] ?? []);

beforeEach(() => {
	clock = new SimulatedClock();
	registrar = new Registrar({ clock });
	directory = new TemporaryDirectory();
	events = [];
});

afterEach(() => {
	freeswitch?.kill();
	freeswitch = undefined;
	registrar.close();
	directory.remove();
});

describe("a directory of snippets", () => {
	const names = () => gateways().map(({ name }) => name);
	const loads = async (text: string) => {
		directory.write(room, text);
		return (await profile("rescan")).replace(/\d+/, "#").replace(/^Reload XML \[(.*)\]\n.*\n$/, "$1");
	};

	it("is read in the order of the names, without hidden files and others than .xml", () => {
		["b.xml", "a.xml", ".hidden.xml", "c.xml.new"].forEach((name) =>
			writeFileSync(join(directory.path, name), snippet("1", {}, `gw_${name}`)),
		);
		start();
		assert.deepEqual(names(), ["gw_b.xml", "gw_a.xml"], "newest first");
	});

	it("loses a snippet on one line, without an error", async () => {
		start();
		assert.equal(await loads(snippet(room).replaceAll("\n", "")), "Success");
		assert.deepEqual(names(), []);
	});

	it("loses a gateway without a password or with an invalid name", async () => {
		directory.write("1", snippet("1", { password: "" }));
		directory.write("2", snippet("2", {}, "conf 2"));
		await run(0);
		assert.deepEqual(names(), [gateway]);
	});

	it("gives a gateway of two files once, from the first by name, for as long as that one is loaded", async () => {
		const from = () => gateways().map(({ settings, deleted }) => `${settings.password}${deleted ? " killed" : ""}`);
		directory.write(gateway, snippet(room, { password: "second" }));
		directory.write(room, snippet(room, { password: "first" }));
		start();
		await seconds(1.5);
		await profile("rescan");
		assert.deepEqual(from(), ["first"]);
		directory.delete(room);
		await profile("rescan");
		assert.deepEqual(from(), ["first"], "a file that is gone changes nothing");
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		assert.deepEqual(from(), ["second", "first killed"]);
	});

	it("is read with comments, references and either quotes", async () => {
		start();
		const text = `<!-- a <comment> -->\n<gateway name='conf_1'>\n<param value="a&amp;b&lt;c&#34;" name="password"/>`;
		assert.equal(await loads(`${text}\n<param name = 'username' value='1'></param></gateway>\n`), "Success");
		assert.equal(gateways()[0]?.settings.password, 'a&b<c"');
	});

	const broken: readonly (readonly [what: string, text: string, words: string])[] = [
		["cut off in a tag", '<gateway name="a">\n<param name="b" value="c"/', "missing >"],
		["cut off between two", snippet(room).split("\n").slice(0, 4).join("\n"), "unexpected closing tag </gateways>"],
		["whose elements overlap", "<a><b></a></b>\n", "unexpected closing tag </a>"],
		["that has dashes in a comment", "<!-- one -- two -->\n", "missing >"],
	];
	for (const [what, text, words] of broken) {
		it(`is refused because of a snippet ${what}, and nothing new is loaded`, async () => {
			start();
			assert.equal(await loads(text), `[error near line #]: ${words}`);
			directory.write("11111");
			await profile("rescan");
			assert.deepEqual(names(), []);
		});
	}
});

describe("a gateway", () => {
	it("is refreshed by the SIP stack before its binding expires, without going through TRYING", async () => {
		await run(3);
		told();
		await seconds(60);
		assert.ok(told().every((state) => state === "REGISTER" || state === "REGED"));
		assert.ok(registrar.count("bind") >= 2);
		await seconds(600);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("registers the user of from-user, with the extension in the contact", async () => {
		await run(3, { username: "trunk", "from-user": room });
		const [binding] = registrar.bindingsOf(room);
		assert.equal(binding?.contact, `sip:${room}@127.0.0.2:5080;transport=tcp;gw=${gateway}`);
	});

	it("registers FreeSWITCH's own address, by which nodes differ", async () => {
		directory.write(room);
		start({ ip: "127.0.0.3" });
		await seconds(3);
		assert.deepEqual(
			registrar.bindingsOf(room).map(({ contact }) => contact),
			[`sip:${room}@127.0.0.3:5080;transport=tcp;gw=${gateway}`],
		);
		assert.match(await api("sofia jsonstatus"), /mod_sofia@127\.0\.0\.3:5080/);
	});

	it("waits longer after each refusal", async () => {
		registrar.refuse(room);
		await run(300);
		const tries = registrar.history.map(({ at }) => Math.round(at / 1_000));
		// 30 s, 60 s, 90 s after the tick that follows the failure, and one tick more.
		assert.deepEqual(tries, [1, 33, 95, 187]);
	});

	it("tries again every retry-seconds while the registrar is unreachable", async () => {
		registrar.reachability = "unreachable";
		await run(3, { "retry-seconds": "10" });
		assert.deepEqual(told(), ["TRYING", "FAILED", "FAIL_WAIT"]);
		await seconds(12);
		assert.deepEqual(told(), ["UNREGED", "TRYING", "FAILED", "FAIL_WAIT"]);
		registrar.reachability = "up";
		await seconds(12);
		assert.deepEqual(told(), ["UNREGED", "TRYING", "REGISTER", "REGED"]);
	});

	it("fails with 408 after 32 s without an answer, and may be bound nevertheless", async () => {
		registrar.reachability = "unheard";
		await run(31);
		assert.deepEqual(states(), ["TRYING"]);
		await seconds(2);
		const failed = events.find((event) => event["State"] === "FAILED");
		assert.deepEqual([failed?.["Status"], failed?.["Phrase"]], ["408", "Request Timeout"]);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is a TIMEOUT after timeout-seconds without an answer", async () => {
		registrar.reachability = "silent";
		await run(6, { "timeout-seconds": "5" });
		assert.deepEqual(states(), ["TIMEOUT"]);
		await seconds(2);
		assert.deepEqual(states(), ["FAIL_WAIT"]);
	});

	it("sends nothing if it is killed before its first REGISTER", async () => {
		start();
		await seconds(3.5);
		directory.write(room);
		await profile("rescan");
		await profile(`killgw ${gateway}`);
		await seconds(2);
		assert.deepEqual([registrar.history, gateways()], [[], []]);
	});

	it("sends nothing if it is un-registered before its first REGISTER, and stays loaded", async () => {
		start();
		await seconds(3.5);
		directory.write(room);
		await profile("rescan");
		await profile(`unregister ${gateway}`);
		await seconds(600);
		assert.deepEqual([registrar.history, states()], [[], ["DOWN"]]);
		await profile("rescan");
		assert.equal(gateways().length, 1, "one that is un-registered keeps another of its name out");
	});

	it("goes without another un-REGISTER if it is killed while it is un-registered", async () => {
		await run(3);
		await profile(`unregister ${gateway}`);
		await seconds(2);
		assert.equal(await profile(`killgw ${gateway}`), "+OK gateway marked for deletion.\n");
		await seconds(2);
		assert.deepEqual([gateways(), registrar.count("unbind")], [[], 1]);
	});

	it("un-registers even if the registrar refused it", async () => {
		registrar.refuse();
		await run(5);
		await profile(`killgw ${gateway}`);
		await seconds(2);
		assert.equal(registrar.count("unbind"), 1);
	});

	it("does not un-register if it is killed while its REGISTER is under way, and the binding stays until it expires", async () => {
		registrar.latency = 3_000;
		await run(1);
		await profile(`killgw ${gateway}`);
		await seconds(5);
		assert.equal(registrar.count("unbind"), 0);
		assert.deepEqual(registrar.bindings(), [room]);
		await seconds(60);
		assert.deepEqual(registrar.bindings(), []);
	});

	it("stays un-registered until the command to register", async () => {
		await run(3);
		await profile(`unregister ${gateway}`);
		await seconds(600);
		assert.deepEqual([states(), registrar.bindings()], [["DOWN"], []]);
		await profile(`register ${gateway}`);
		await seconds(2);
		assert.deepEqual([states(), registrar.bindings()], [["REGED"], [room]]);
	});

	it("fails when the registrar answers no pings, and tries again", async () => {
		await run(10, { ping: "10", "retry-seconds": "10" });
		told();
		registrar.reachability = "unreachable";
		await seconds(10);
		const [failed] = events;
		assert.deepEqual([failed?.["State"], failed?.["Ping-Status"], failed?.["Status"]], ["FAILED", "DOWN", "503"]);
		registrar.reachability = "up";
		await seconds(15);
		assert.deepEqual(states(), ["REGED"]);
	});
});

describe("the race: a gateway that is killed and added again within a tick", () => {
	beforeEach(async () => {
		await run(10);
	});

	it("leaves the gateway REGED in FreeSWITCH and without a binding at the registrar, until its next refresh", async () => {
		registrar.history.length = 0;
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		assert.deepEqual(states(), ["UNREGED", "UNREGISTER"]);
		await seconds(5);
		const [first, second] = registrar.history;
		assert.deepEqual([first?.expires, second?.expires], [60, 0]);
		assert.deepEqual([first?.contact, first?.at], [second?.contact, second?.at]);
		assert.deepEqual([states(), registrar.bindings()], [["REGED"], []]);
		await seconds(60);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("does not happen if the gateway is added after the old one's gateway_delete", async () => {
		await profile(`killgw ${gateway}`);
		const deleted = () => events.some((event) => event["Event-Subclass"] === "sofia::gateway_delete");
		await clock.advanceUntil(deleted, "the gateway is deleted", 5_000);
		await profile("rescan");
		await seconds(5);
		assert.deepEqual([states(), registrar.bindings()], [["REGED"], [room]]);
	});

	it("makes the new gateway REGED without a REGISTER, if an answer to the old one arrives in between", async () => {
		registrar.latency = 300;
		await profile(`register ${gateway}`);
		await seconds(0.6);
		assert.deepEqual(states(), ["TRYING"]);
		registrar.history.length = 0;
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		await seconds(2);
		assert.deepEqual(states(), ["REGED"]);
		assert.deepEqual([registrar.count("bind"), registrar.count("unbind")], [0, 1]);
		assert.deepEqual(registrar.bindings(), []);
	});
});

describe("FreeSWITCH", () => {
	it("does not start with a broken snippet", () => {
		directory.write("11111", "<include>\n<gateway");
		assert.throws(() => start(), BrokenConfiguration);
	});

	it("does not know the commands of modules that are not loaded yet", async () => {
		start({ modulesAfter: 2_000 });
		assert.equal(await api("sofia jsonstatus"), "-ERR sofia Command not found!\n");
		await seconds(2);
		assert.match(await api("sofia jsonstatus"), /"state":\t"RUNNING"/);
	});

	it("restarts no profile in the first ten seconds after its start", async () => {
		start();
		await seconds(9);
		assert.match(await profile("restart"), /must be up for at least 10 seconds .*\nPlease wait 1 second\n$/);
	});

	it("lists a restarting profile as DOWN, then not at all, then as RUNNING", async () => {
		await run(10);
		await profile("restart");
		assert.equal(await profile("rescan"), "Invalid Profile [external]");
		assert.match(await api("sofia jsonstatus"), /"state":\t"DOWN"/);
		await seconds(1);
		assert.equal(await api("sofia jsonstatus"), '{\n\t"profiles":\t{\n\t}\n}\n');
		await seconds(2.5);
		assert.match(await api("sofia jsonstatus"), /"state":\t"RUNNING"/);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("neither un-registers nor hears, tells or answers anything after it is killed", async () => {
		registrar.latency = 3_000;
		directory.write(room);
		start({ latencies: { reloadxml: 25 } });
		await seconds(2.5);
		const before = events.length;
		const unanswered = assert.rejects(api("reloadxml"), FreeSwitchEnded);
		freeswitch?.kill();
		await unanswered;
		assert.deepEqual(registrar.bindings(), [room]);
		await seconds(60);
		assert.deepEqual([registrar.bindings(), registrar.history.length, events.length], [[], 1, before]);
	});

	it("lists a conference before its create event, and no longer at its destroy event", () => {
		const { conferences, events } = start();
		const listed: number[] = [];
		events.listen(() => listed.push(conferences.running.length));
		conferences.create("07974", []);
		conferences.destroy("07974");
		assert.deepEqual(listed, [1, 0]);
	});

	it("lists conferences in lines, and as JSON whatever the callers' names", async () => {
		const { conferences } = start();
		const name = 'Ada "\\\u0007\n<b>&amp; }],"conference_name":"1" Ωß 🎉';
		conferences.create(room, [{ name, number: "+4930" }]);
		conferences.join(room);
		const line = "+OK Conference 12345 (2 members rate: 8000 flags: running|answered|enforce_min|dynamic|exit_sound|";
		assert.equal(await api("conference list summary"), `${line}enter_sound)\n`);
		for (const command of ["conference json_list", "conference json_list compact"]) {
			const [conference] = JSON.parse(await api(command)) as { members: { caller_id_name: string }[] }[];
			assert.equal(conference?.members[1]?.caller_id_name, name);
		}
	});

	it("ends conferences without events when it is shut down", async () => {
		const standing = start();
		standing.conferences.create(room, []);
		standing.shutdown(() => {});
		await seconds(10);
		assert.deepEqual([standing.alive, events.length], [false, 1]);
	});

	it("throws where the stand-in would have to invent an answer", async () => {
		start().conferences.create(room);
		for (const command of ["conference 12345 kick all", "sofia status", "sofia profile external stop"]) {
			await assert.rejects(api(command), NotModelled);
		}
	});
});
