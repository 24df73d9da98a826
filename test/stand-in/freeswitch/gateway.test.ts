/** A gateway of the stand-in through everything that the recordings do not show, as FreeSWITCH's source has it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { snippet, TemporaryDirectory } from "../../support/snippets.ts";
import { Registrar } from "../registrar/registrar.ts";
import type { EventRecord } from "./events.ts";
import { FreeSwitch } from "./freeswitch.ts";

const room = "12345";
const gateway = `conf_${room}`;

describe("a gateway", () => {
	let clock: SimulatedClock;
	let registrar: Registrar;
	let directory: TemporaryDirectory;
	let freeswitch: FreeSwitch;
	let events: EventRecord[];

	/** Starts FreeSWITCH with the one gateway, and looks on for `seconds`. */
	const run = async (seconds: number, params: Readonly<Record<string, string>> = {}) => {
		directory.write(room, snippet(room, params));
		freeswitch = new FreeSwitch({
			clock,
			peer: registrar,
			profiles: [{ name: "external", directory: directory.path }],
		});
		freeswitch.events.listen((event) => {
			if (event["Gateway"] === gateway) {
				events.push(event);
			}
		});
		await clock.advance(seconds * 1_000 + 500);
	};
	const profile = (command: string) => freeswitch.api(`sofia profile external ${command}`);
	/** The states that events have told since the last call. */
	const told = () => events.splice(0).map((event) => event["State"] ?? event["Event-Subclass"]);
	const state = () => freeswitch.sofia.gateway(gateway)?.state;

	beforeEach(() => {
		clock = new SimulatedClock();
		registrar = new Registrar({ clock });
		directory = new TemporaryDirectory();
		events = [];
	});

	afterEach(() => {
		freeswitch.kill();
		registrar.close();
		directory.remove();
	});

	it("registers the contact that calls are to be sent to", async () => {
		await run(3);
		const [binding] = registrar.bindingsOf(room);
		assert.equal(binding?.contact, `sip:${room}@127.0.0.2:5080;transport=tcp;gw=${gateway}`);
	});

	it("has its name in the contact where the extension is not wanted there", async () => {
		await run(3, { "extension-in-contact": "false" });
		assert.match(registrar.bindingsOf(room)[0]?.contact ?? "", /^sip:gw\+conf_12345@/);
	});

	it("registers the user of from-user, not the one that it authenticates as", async () => {
		await run(3, { username: "trunk", "from-user": room });
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is refreshed by the SIP stack long before its binding expires, without going through TRYING", async () => {
		await run(3);
		told();
		await clock.advance(60_000);
		assert.ok(told().every((state) => state === "REGISTER" || state === "REGED"));
		assert.ok(registrar.count("bind") >= 2);
		await clock.advance(600_000);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is refreshed in time where the registrar grants less than was asked for", async () => {
		registrar.longest = 30;
		await run(3, { "expire-seconds": "3600" });
		for (let second = 0; second < 200; second += 1) {
			await clock.advance(1_000);
			assert.deepEqual(registrar.bindings(), [room]);
		}
	});

	it("tries again ever later while it is refused", async () => {
		registrar.refuse(room);
		await run(300);
		assert.deepEqual(
			registrar.history.map(({ at }) => Math.round(at / 1_000)),
			// 30 s, 60 s, 90 s after the tick that follows the failure, and one tick more.
			[1, 33, 95, 187],
		);
		assert.equal(events.filter((event) => event["Status"] === "403").length, 4);
	});

	it("tries again every retry-seconds while nobody is there", async () => {
		registrar.reachability = "unreachable";
		await run(3, { "retry-seconds": "10" });
		assert.deepEqual(told(), ["TRYING", "FAILED", "FAIL_WAIT"]);
		await clock.advance(12_000);
		assert.deepEqual(told(), ["UNREGED", "TRYING", "FAILED", "FAIL_WAIT"]);
		registrar.reachability = "up";
		await clock.advance(12_000);
		assert.deepEqual(told(), ["UNREGED", "TRYING", "REGISTER", "REGED"]);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("fails with 408 when nobody has answered for 32 s", async () => {
		registrar.reachability = "silent";
		await run(31);
		assert.equal(state(), "TRYING");
		await clock.advance(2_000);
		const failed = events.find((event) => event["State"] === "FAILED");
		assert.deepEqual([failed?.["Status"], failed?.["Phrase"]], ["408", "Request Timeout"]);
	});

	it("is a TIMEOUT when nobody has answered for timeout-seconds", async () => {
		registrar.reachability = "silent";
		await run(6, { "timeout-seconds": "5" });
		assert.equal(state(), "TIMEOUT");
		await clock.advance(2_000);
		assert.equal(state(), "FAIL_WAIT");
	});

	it("may be bound although it thinks that it failed", async () => {
		registrar.reachability = "unheard";
		await run(40);
		assert.equal(state(), "FAIL_WAIT");
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is DOWN and deleted without a word to the registrar if it is killed before it was ever tried", async () => {
		await run(3);
		directory.write("2", snippet("2"));
		await profile("rescan");
		await profile("killgw conf_2");
		registrar.history.length = 0;
		await clock.advance(2_000);
		assert.deepEqual(registrar.history, []);
		assert.equal(freeswitch.sofia.profile("external")?.gateways.length, 1);
	});

	it("un-registers even while it is refused", async () => {
		registrar.refuse(room);
		await run(5);
		await profile(`killgw ${gateway}`);
		await clock.advance(2_000);
		assert.equal(registrar.count("unbind"), 1);
	});

	it("stays un-registered until it is told to register", async () => {
		await run(3);
		await profile(`unregister ${gateway}`);
		await clock.advance(600_000);
		assert.equal(state(), "DOWN");
		assert.deepEqual(registrar.bindings(), []);
		await profile(`register ${gateway}`);
		await clock.advance(2_000);
		assert.equal(state(), "REGED");
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("fails when its registrar answers no pings, and tries again", async () => {
		await run(10, { ping: "10", "retry-seconds": "10" });
		told();
		registrar.reachability = "unreachable";
		await clock.advance(10_000);
		const [failed] = events;
		assert.deepEqual([failed?.["State"], failed?.["Ping-Status"], failed?.["Status"]], ["FAILED", "DOWN", "503"]);
		registrar.reachability = "up";
		await clock.advance(15_000);
		assert.equal(state(), "REGED");
	});

	it("is not loaded without a password, with a name that FreeSWITCH does not like, or a transport that it has not", async () => {
		directory.write("1", snippet("1", { password: "" }));
		directory.write("2", snippet("2", {}, "conf 2"));
		directory.write("3", snippet("3", { "register-transport": "carrier-pigeon" }));
		await run(3);
		assert.deepEqual(registrar.bindings(), [room]);
		assert.equal(await profile("gwlist"), `${gateway} `);
	});

	it("is never registered where it is only for calling out, and deleted in one tick", async () => {
		await run(3, { register: "false" });
		assert.equal(state(), "NOREG");
		assert.deepEqual(registrar.history, []);
		assert.equal(await profile(`register ${gateway}`), `-ERR NOREG gateway [${gateway}] can't be registered!\n`);
		await profile(`killgw ${gateway}`);
		told();
		await clock.advance(1_000);
		assert.deepEqual(told(), ["sofia::gateway_delete"]);
	});
});
