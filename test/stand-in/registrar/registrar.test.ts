/** The registrar of the stand-in, in the same process and over TCP. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../src/clock.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { until } from "../../support/until.ts";
import { type RegisterRequest, Registrar, type SipAnswer } from "./registrar.ts";
import { RegistrarServer, RemoteRegistrar } from "./server.ts";

const request: RegisterRequest = {
	user: "12345",
	host: "127.0.0.100",
	contact: "sip:12345@127.0.0.2:5080;transport=tcp;gw=conf_12345",
	callId: "one",
	expires: 60,
};

describe("the registrar", () => {
	let clock: SimulatedClock;
	let registrar: Registrar;

	const register = async (changes: Partial<RegisterRequest> = {}): Promise<SipAnswer | undefined> => {
		let answer: SipAnswer | undefined;
		registrar.register({ ...request, ...changes }, (received) => {
			answer = received;
		});
		await clock.advance(0);
		return answer;
	};

	beforeEach(() => {
		clock = new SimulatedClock();
		registrar = new Registrar({ clock });
	});

	afterEach(() => {
		registrar.close();
		assert.equal(clock.timers, 0);
	});

	it("binds a contact until it expires", async () => {
		const network = { ip: "127.0.0.100", port: 5060 };
		assert.deepEqual(await register(), { status: 200, phrase: "OK", expires: 60, network });
		assert.deepEqual(registrar.bindings(), ["12345"]);
		await clock.advance(59_999);
		assert.deepEqual(registrar.bindings(), ["12345"]);
		await clock.advance(1);
		assert.deepEqual(registrar.bindings(), []);
	});

	it("takes a binding away by its contact, from whatever dialog that is asked", async () => {
		await register();
		await register({ callId: "another", expires: 0 });
		assert.deepEqual(registrar.bindings(), []);
	});

	it("leaves other contacts of a user alone", async () => {
		await register();
		await register({ contact: "sip:12345@127.0.0.3:5080" });
		await register({ expires: 0 });
		assert.deepEqual(
			registrar.bindingsOf("12345").map(({ contact }) => contact),
			["sip:12345@127.0.0.3:5080"],
		);
	});

	it("grants no more than it is told to", async () => {
		registrar.longest = 30;
		assert.equal((await register())?.expires, 30);
		await clock.advance(30_000);
		assert.deepEqual(registrar.bindings(), []);
	});

	it("refuses one user and accepts the others", async () => {
		registrar.refuse("12345");
		assert.equal((await register())?.phrase, "Forbidden");
		assert.equal((await register({ user: "2" }))?.status, 200);
		assert.deepEqual(registrar.bindings(), ["2"]);
		registrar.accept();
		assert.equal((await register())?.status, 200);
	});

	it("refuses everybody with what it is told", async () => {
		registrar.refuse(undefined, 500, "Server Internal Error");
		assert.deepEqual((await register())?.phrase, "Server Internal Error");
	});

	it("forgets everything when it restarts", async () => {
		await register();
		registrar.restart();
		assert.deepEqual(registrar.bindings(), []);
	});

	it("has its connections refused when it is unreachable, or at an address that is not its own", async () => {
		registrar.reachability = "unreachable";
		assert.deepEqual(await register(), { status: 503, phrase: "Service Unavailable" });
		registrar = new Registrar({ clock, address: "127.0.0.100" });
		assert.equal((await register({ host: "127.0.0.77" }))?.status, 503);
		assert.equal((await register())?.status, 200);
	});

	it("loses requests when it is silent, and answers when it is unheard", async () => {
		registrar.reachability = "silent";
		assert.equal(await register(), undefined);
		assert.deepEqual(registrar.bindings(), []);
		registrar.reachability = "unheard";
		assert.equal(await register(), undefined);
		assert.deepEqual(registrar.bindings(), ["12345"]);
	});

	it("counts what has come", async () => {
		await register();
		await register({ user: "2" });
		await register({ expires: 0 });
		assert.deepEqual([registrar.count("bind"), registrar.count("unbind"), registrar.count("bind", "2")], [2, 1, 1]);
	});
});

describe("a registrar in another process", () => {
	it("answers through TCP, and keeps bindings when the connection goes", async () => {
		const registrar = new Registrar({ clock: systemClock });
		const server = await RegistrarServer.start(registrar);
		const remote = new RemoteRegistrar(server.port);
		const registered = await new Promise<SipAnswer>((resolve) => {
			remote.register(request, resolve);
		});
		assert.equal(registered.status, 200);
		const pinged = await new Promise<SipAnswer>((resolve) => {
			remote.ping("127.0.0.100", resolve);
		});
		assert.equal(pinged.status, 200);
		remote.close();
		await server.close();
		assert.deepEqual(registrar.bindings(), ["12345"]);
		registrar.close();
	});

	it("is silent when nobody is there", async () => {
		const registrar = new Registrar({ clock: systemClock });
		const server = await RegistrarServer.start(registrar);
		const { port } = server;
		await server.close();
		const remote = new RemoteRegistrar(port);
		let answered = false;
		remote.register(request, () => {
			answered = true;
		});
		await until(() => remote.closed, "the connection has been refused");
		assert.equal(answered, false);
		registrar.close();
	});
});
