/** The stand-in with real time and real processes: what the daemon's own tests stand on. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import { TemporaryDirectory } from "../support/snippets.ts";
import { NeverHappened, until } from "../support/until.ts";
import { StandInChild } from "./child.ts";
import { scaledClock } from "./clocks.ts";
import { RawClient } from "./event-socket/raw-client.ts";
import { Registrar } from "./registrar/registrar.ts";
import { RegistrarServer } from "./registrar/server.ts";
import { StandIn } from "./stand-in.ts";

/** ms that a second of FreeSWITCH lasts here. */
const second = 20;

describe("the stand-in in real time", () => {
	let directory: TemporaryDirectory;
	let standIn: StandIn;

	beforeEach(async () => {
		directory = new TemporaryDirectory();
		standIn = await StandIn.start({ directory: directory.path, second });
	});

	afterEach(async () => {
		await standIn.close();
		directory.remove();
	});

	it("registers a room, and tells a test that waits for it", async () => {
		const client = await RawClient.login(standIn.port);
		directory.write("12345");
		assert.equal(await client.ask("api sofia profile external rescan"), "Reload XML [Success]\n+OK scan complete\n");
		await standIn.until(() => standIn.registrar.bindings().includes("12345"), "12345 is registered");
		assert.equal(standIn.server.count(/rescan$/), 1);
		await client.close();
	});

	it("tells how things stand when a test waits in vain", async () => {
		standIn.freeswitch.conferences.create("12345");
		await assert.rejects(
			standIn.until(() => false, "pigs fly", 1),
			(error) => error instanceof NeverHappened && error.message.includes("conferences: 12345"),
		);
	});

	it("fails a test that asks for what it does not do", async () => {
		const client = await RawClient.login(standIn.port);
		client.send("api sofia loglevel all 9");
		await assert.rejects(
			standIn.until(() => false, "pigs fly"),
			/does not do "sofia loglevel all 9"/,
		);
		await client.close();
	});

	it("un-registers and says why when it shuts down, and starts anew on the same port", async () => {
		directory.write("12345");
		const client = await RawClient.login(standIn.port);
		await client.ask("api sofia profile external rescan");
		await standIn.until(() => standIn.registrar.bindings().length === 1, "12345 is registered");
		await standIn.shutdown();
		await until(() => client.ended !== undefined, "the connection has ended");
		assert.match(client.frames.at(-1)?.body ?? "", /shut down/);
		assert.deepEqual(standIn.registrar.bindings(), []);
		await standIn.start();
		await standIn.until(() => standIn.registrar.bindings().length === 1, "12345 is registered again");
	});
});

describe("the stand-in in a process of its own", () => {
	let directory: TemporaryDirectory;
	let registrar: Registrar;
	let server: RegistrarServer;
	let child: StandInChild | undefined;

	const bound = (...rooms: string[]) =>
		until(() => registrar.bindings().join() === rooms.join(), `just these are bound: ${rooms.join()}`, {
			describe: () => `bound: ${registrar.bindings().join()}`,
		});

	beforeEach(async () => {
		directory = new TemporaryDirectory();
		registrar = new Registrar({ clock: scaledClock(systemClock, 1_000 / second) });
		server = await RegistrarServer.start(registrar);
	});

	afterEach(async () => {
		await child?.close();
		child = undefined;
		await server.close();
		registrar.close();
		directory.remove();
	});

	it("leaves its bindings behind when it is killed with -9, and starts again on the same port and directory", async () => {
		directory.write("11111");
		child = await StandInChild.start({
			directory: directory.path,
			registrar: `127.0.0.1:${server.port}`,
			password: "tr0ub4dor",
			second,
		});
		await bound("11111");
		const { port } = child;
		const client = await RawClient.login(port, "tr0ub4dor");
		await child.order({ do: "create", rooms: ["11111", "22222"] });
		assert.match(await child.order({ do: "state" }), /conferences: 11111 22222/);
		await child.kill();
		await until(() => client.ended !== undefined, "the connection has ended");
		assert.deepEqual(registrar.bindings(), ["11111"]);
		assert.equal(registrar.count("unbind"), 0);

		directory.write("33333");
		await child.start();
		assert.equal(child.port, port);
		// The stale snippet is loaded with the new one; conferences are gone.
		await bound("11111", "33333");
		assert.equal(await child.order({ do: "api", command: "conference json_list compact" }), "[]");
		assert.deepEqual(child.commands, ["auth …"]);
		await client.close();
	});

	it("brings its own registrar if it is told of none, which can be told to refuse", async () => {
		child = await StandInChild.start({ directory: directory.path, second });
		const { reports } = child;
		await child.order({ do: "registrar", refuse: ["12345"] });
		directory.write("12345");
		await child.order({ do: "api", command: "sofia profile external rescan" });
		await until(
			() => reports.some((report) => report.report === "register" && report.status === 403),
			"the room is refused",
		);
		await until(
			() =>
				reports.some(
					(report) =>
						report.report === "event" && report.name === "sofia::gateway_state" && report.fields["Status"] === "403",
				),
			"the event tells so",
		);
		await child.order({ do: "create", rooms: ["12345"] });
		await child.order({ do: "destroy", rooms: ["12345"] });
		await assert.rejects(child.order({ do: "destroy", rooms: ["12345"] }), /is not running/);
	});

	it("un-registers when it is shut down in order", async () => {
		directory.write("12345");
		child = await StandInChild.start({
			directory: directory.path,
			registrar: `127.0.0.1:${server.port}`,
			second,
		});
		await bound("12345");
		await child.shutdown();
		await bound();
	});

	it("ends when whoever started it is gone", async () => {
		child = await StandInChild.start({ directory: directory.path });
		const client = await RawClient.connect(child.port);
		await child.close();
		await until(() => client.ended !== undefined, "the connection has ended");
		await assert.rejects(RawClient.connect(child.port));
	});
});
