/** The stand-in's SIP profiles: starting, stopping, restarting, and several of them. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { snippet, TemporaryDirectory } from "../../support/snippets.ts";
import { Registrar } from "../registrar/registrar.ts";
import { BrokenConfiguration, FreeSwitch, FreeSwitchEnded, type FreeSwitchOptions } from "./freeswitch.ts";
import { NotModelled } from "./not-modelled.ts";

describe("a FreeSWITCH with its profiles", () => {
	let clock: SimulatedClock;
	let registrar: Registrar;
	let directory: TemporaryDirectory;
	let freeswitch: FreeSwitch | undefined;

	const start = (options: Partial<FreeSwitchOptions> = {}) => {
		const profiles = [{ name: "external", directory: directory.path }];
		freeswitch = new FreeSwitch({ clock, peer: registrar, profiles, ...options });
		return freeswitch;
	};

	beforeEach(() => {
		clock = new SimulatedClock();
		registrar = new Registrar({ clock });
		directory = new TemporaryDirectory();
	});

	afterEach(() => {
		freeswitch?.kill();
		registrar.close();
		directory.remove();
	});

	it("registers whatever lies in the directory when it starts", async () => {
		directory.write("11111");
		directory.write("22222");
		start();
		await clock.advance(2_500);
		assert.deepEqual(registrar.bindings(), ["11111", "22222"]);
	});

	it("does not start with a broken snippet", () => {
		directory.write("11111", "<include>\n<gateway");
		assert.throws(() => start(), BrokenConfiguration);
	});

	it("knows no commands of modules that are not loaded yet", async () => {
		const { api } = bind(start({ modulesAfter: 2_000 }));
		assert.equal(await api("sofia jsonstatus"), "-ERR sofia Command not found!\n");
		assert.equal(await api("conference json_list compact"), "-ERR conference Command not found!\n");
		await clock.advance(2_000);
		assert.equal(await api("conference json_list compact"), "[]");
		assert.match(await api("sofia jsonstatus"), /"state":\t"RUNNING"/);
	});

	it("has no profile where none is configured", async () => {
		const { api } = bind(start({ profiles: [] }));
		assert.equal(await api("sofia profile external rescan"), "Invalid Profile [external]");
		assert.equal(await api("sofia jsonstatus"), '{\n\t"profiles":\t{\n\t}\n}\n');
	});

	it("lists aliases beside profiles", async () => {
		const { api } = bind(start({ profiles: [{ name: "external", aliases: ["outbound"] }] }));
		const { profiles } = JSON.parse(await api("sofia jsonstatus")) as { profiles: Record<string, unknown> };
		assert.deepEqual(Object.keys(profiles), ["external", "outbound"]);
		assert.deepEqual((profiles["outbound"] as { status: unknown }).status, {
			type: "alias",
			data: "external",
			state: "ALIASED",
		});
		assert.equal(await api("sofia profile outbound rescan"), "Reload XML [Success]\n+OK scan complete\n");
	});

	it("does not stop or restart a profile within ten seconds of its start", async () => {
		const { api } = bind(start());
		await clock.advance(9_000);
		assert.equal(
			await api("sofia profile external restart"),
			"Profile external must be up for at least 10 seconds to stop/restart.\nPlease wait 1 second\n",
		);
		await clock.advance(1_000);
		assert.equal(await api("sofia profile external restart"), "Reload XML [Success]\nrestarting: external");
	});

	it("answers that a restarting profile is invalid, and lists it as DOWN, then not at all, then as RUNNING", async () => {
		directory.write("11111");
		const { api } = bind(start());
		await clock.advance(10_500);
		await api("sofia profile external restart");
		assert.equal(await api("sofia profile external rescan"), "Invalid Profile [external]");
		assert.match(await api("sofia jsonstatus"), /"state":\t"DOWN"/);
		await clock.advance(1_000);
		assert.doesNotMatch(await api("sofia jsonstatus"), /external/);
		assert.deepEqual(registrar.bindings(), []);
		await clock.advance(2_500);
		assert.match(await api("sofia jsonstatus"), /"state":\t"RUNNING"/);
		assert.deepEqual(registrar.bindings(), ["11111"]);
	});

	it("starts a stopped profile again when it is told to", async () => {
		directory.write("11111");
		const { api } = bind(start());
		await clock.advance(10_500);
		assert.equal(await api("sofia profile external stop"), "Reload XML [Success]\nstopping: external");
		await assert.rejects(api("sofia profile external start"), NotModelled);
		await clock.advance(60_000);
		assert.deepEqual(registrar.bindings(), []);
		assert.equal(await api("sofia profile external start"), "Reload XML [Success]\nexternal started successfully\n");
		assert.equal(await api("sofia profile nosuch start"), "Reload XML [Success]\nFailure starting nosuch\n");
		await clock.advance(2_500);
		assert.deepEqual(registrar.bindings(), ["11111"]);
	});

	it("kills a gateway of whatever profile by its name, since names are one table", async () => {
		const profiles = [
			{ name: "internal", gateways: snippet("9", {}, "trunk").replaceAll(/<\/?include>/g, "") },
			{ name: "external", directory: directory.path },
		];
		const { api } = bind(start({ profiles }));
		await clock.advance(3_000);
		assert.equal(await api("sofia profile external killgw trunk"), "+OK gateway marked for deletion.\n");
		await clock.advance(2_500);
		assert.deepEqual(registrar.bindings(), []);
	});

	it("adds a gateway whose name another profile has at every rescan, and tells nobody", async () => {
		const profiles = [
			{ name: "internal", gateways: snippet("9", {}, "trunk").replaceAll(/<\/?include>/g, "") },
			{ name: "external", directory: directory.path },
		];
		const { api, events } = bind(start({ profiles }));
		directory.write("9", snippet("9", {}, "trunk"));
		await api("sofia profile external rescan");
		await api("sofia profile external rescan");
		assert.equal(freeswitch?.sofia.profile("external")?.gateways.length, 2);
		assert.deepEqual(events, []);
	});

	it("starts one gateway only, by startgw", async () => {
		const { api } = bind(start());
		directory.write("11111");
		directory.write("22222");
		assert.equal(
			await api("sofia profile external startgw conf_22222"),
			"Reload XML [Success]\n+OK start gateway conf_22222 complete\n",
		);
		await clock.advance(2_500);
		assert.deepEqual(registrar.bindings(), ["22222"]);
	});

	it("leaves the bindings alone when it is killed, and never answers again", async () => {
		directory.write("11111");
		const { api } = bind(start({ latencies: { reloadxml: 25 } }));
		await clock.advance(2_500);
		const unanswered = assert.rejects(api("reloadxml"), FreeSwitchEnded);
		freeswitch?.kill();
		await unanswered;
		await assert.rejects(api("version"), FreeSwitchEnded);
		assert.deepEqual(registrar.bindings(), ["11111"]);
		await clock.advance(60_000);
		assert.deepEqual(registrar.bindings(), []);
		assert.equal(registrar.count("unbind"), 0);
	});

	it("takes its time over commands when it is asked to", async () => {
		const { api } = bind(start({ latencies: { reloadxml: 25 } }));
		let answered = false;
		void api("reloadxml").then(() => {
			answered = true;
		});
		await clock.advance(24);
		assert.equal(answered, false);
		await clock.advance(1);
		assert.equal(answered, true);
	});

	it("ticks when it is told to, if not by itself", async () => {
		directory.write("11111");
		const freeswitch = start({ timing: { ticksByItself: false } });
		await clock.advance(10_000);
		assert.deepEqual(registrar.bindings(), []);
		freeswitch.sofia.tick();
		assert.deepEqual(registrar.bindings(), ["11111"]);
	});

	it("tells its version", async () => {
		const { api } = bind(start());
		assert.equal(await api("version"), "FreeSWITCH Version 1.10.12-release~64bit (-release 64bit)\n");
		assert.equal(await api("version short"), "1.10.12\n");
	});

	it("makes the same run of the same seed, and another of another", () => {
		const ids = [1, 1, 2].map((seed) => {
			const one = start({ seed });
			one.kill();
			return one.coreUuid;
		});
		assert.equal(ids[0], ids[1]);
		assert.notEqual(ids[0], ids[2]);
		assert.match(ids[0] ?? "", /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
	});
});

function bind(freeswitch: FreeSwitch) {
	const events: string[] = [];
	freeswitch.events.listen((event) => {
		events.push(event["Event-Subclass"] ?? event["Event-Name"] ?? "");
	});
	return { api: (command: string) => freeswitch.api(command), events };
}
