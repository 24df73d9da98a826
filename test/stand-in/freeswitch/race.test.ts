/** The race between a killed gateway and its successor happens in the stand-in by itself, as it does in FreeSWITCH. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { TemporaryDirectory } from "../../support/snippets.ts";
import { Registrar } from "../registrar/registrar.ts";
import { FreeSwitch } from "./freeswitch.ts";

const room = "22222";
const gateway = `conf_${room}`;

describe("a gateway that is killed and added again", () => {
	let clock: SimulatedClock;
	let registrar: Registrar;
	let directory: TemporaryDirectory;
	let freeswitch: FreeSwitch;

	const profile = (command: string) => freeswitch.api(`sofia profile external ${command}`);
	const states = () => freeswitch.sofia.profile("external")?.gateways.map(({ state }) => state);

	beforeEach(async () => {
		clock = new SimulatedClock();
		registrar = new Registrar({ clock });
		directory = new TemporaryDirectory();
		directory.write(room);
		freeswitch = new FreeSwitch({
			clock,
			peer: registrar,
			profiles: [{ name: "external", directory: directory.path }],
		});
		await clock.advance(10_500);
	});

	afterEach(() => {
		freeswitch.kill();
		registrar.close();
		directory.remove();
	});

	it("is registered before any of that", () => {
		assert.deepEqual(states(), ["REGED"]);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is REGED in FreeSWITCH and bound to nothing at the registrar, if both happen within a second", async () => {
		await profile(`killgw ${gateway}`);
		assert.equal(await profile("rescan"), "Reload XML [Success]\n+OK scan complete\n");
		assert.deepEqual(states(), ["UNREGED", "UNREGISTER"]);
		await clock.advance(5_000);
		assert.deepEqual(states(), ["REGED"]);
		assert.deepEqual(registrar.bindings(), []);
	});

	it("has its REGISTER sent just before its predecessor's un-REGISTER, for the same contact", async () => {
		registrar.history.length = 0;
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		await clock.advance(1_000);
		const [first, second] = registrar.history;
		assert.deepEqual([first?.expires, second?.expires], [60, 0]);
		assert.equal(first?.contact, second?.contact);
		assert.equal(first?.at, second?.at);
		assert.notEqual(first?.callId, second?.callId);
	});

	it("keeps its binding if it is added only after its predecessor's gateway_delete", async () => {
		let deleted = false;
		freeswitch.events.listen((event) => {
			deleted ||= event["Event-Subclass"] === "sofia::gateway_delete";
		});
		await profile(`killgw ${gateway}`);
		await clock.advanceUntil(() => deleted, "the gateway is deleted", 5_000);
		await profile("rescan");
		await clock.advance(5_000);
		assert.deepEqual(states(), ["REGED"]);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("gets its binding back by the command to register", async () => {
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		await clock.advance(5_000);
		assert.equal(await profile(`register ${gateway}`), "+OK\n");
		await clock.advance(1_000);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("gets its binding back by the next refresh, which comes within expire-seconds", async () => {
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		await clock.advance(5_000);
		assert.deepEqual(registrar.bindings(), []);
		await clock.advance(60_000);
		assert.deepEqual(registrar.bindings(), [room]);
	});

	it("is taken for registered without having sent anything, if an answer to its predecessor comes in between", async () => {
		registrar.latency = 300;
		await profile(`register ${gateway}`);
		await clock.advance(600);
		assert.deepEqual(states(), ["TRYING"]);
		registrar.history.length = 0;
		await profile(`killgw ${gateway}`);
		await profile("rescan");
		await clock.advance(2_000);
		assert.deepEqual(states(), ["REGED"]);
		assert.equal(registrar.count("bind"), 0);
		assert.equal(registrar.count("unbind"), 1);
		assert.deepEqual(registrar.bindings(), []);
	});
});

describe("a gateway that is killed while its REGISTER is under way", () => {
	it("takes nothing back, so the binding that is being made stays until it expires", async () => {
		const clock = new SimulatedClock();
		const registrar = new Registrar({ clock });
		const directory = new TemporaryDirectory();
		directory.write(room);
		const freeswitch = new FreeSwitch({
			clock,
			peer: registrar,
			profiles: [{ name: "external", directory: directory.path }],
		});
		registrar.latency = 3_000;
		await clock.advance(1_500);
		await freeswitch.api(`sofia profile external killgw ${gateway}`);
		await clock.advance(5_000);
		assert.equal(registrar.count("unbind"), 0);
		assert.deepEqual(registrar.bindings(), [room]);
		await clock.advance(60_000);
		assert.deepEqual(registrar.bindings(), []);
		freeswitch.kill();
		registrar.close();
		directory.remove();
	});
});
