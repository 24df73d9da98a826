/**
 * Behaviour that no recording shows, and whose loss other tests would not notice. Sources: mod_event_socket.c for the order of
 * answers and events, Kamailio's usrloc with matching_mode 0 for the registrar. Faults and child processes have no model.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { TemporaryDirectory } from "../support/snippets.ts";
import { NeverHappened, until } from "../support/until.ts";
import { StandInChild } from "./child.ts";
import { scaledClock } from "./clocks.ts";
import { RawClient } from "./event-socket/raw-client.ts";
import { type RegisterRequest, Registrar, type SipAnswer } from "./registrar/registrar.ts";
import { RegistrarServer } from "./registrar/server.ts";
import { StandIn } from "./stand-in.ts";

describe("the event socket", () => {
	let clock: SimulatedClock;
	let standIn: StandIn;
	let client: RawClient;

	const actions = () => client.events.map((event) => `${event["Conference-Name"] ?? ""} ${event["Action"] ?? ""}`);
	const create = (name: string) => standIn.freeswitch.conferences.create(name);
	const subscribe = () => client.ask("event json CUSTOM conference::maintenance");
	const ended = () => until(() => client.ended !== undefined, "the connection has ended");
	const received = (command: RegExp) => standIn.until(() => standIn.server.count(command) > 0, "the command has come");

	beforeEach(async () => {
		clock = new SimulatedClock();
		standIn = await StandIn.start({ clock, latencies: { list: 10 } });
		client = await RawClient.login(standIn.port);
	});

	afterEach(async () => {
		await client.close();
		await standIn.close();
		assert.equal(clock.timers, 0);
	});

	it("answers commands in order, and sends events after the answers to all received commands", async () => {
		await subscribe();
		client.sendRaw("api version\n\napi conference list summary\n\nfilter Action nosuch\n\n");
		await received(/^api version/);
		create("1");
		await clock.advance(20);
		await until(() => client.events.length === 2, "the events have come");
		const [, , version, list, filter] = client.answers;
		assert.match(version ?? "", /^FreeSWITCH Version/);
		assert.match(list ?? "", /^\+OK Conference 1/);
		assert.equal(filter, "+OK filter added. [Action]=[nosuch]");
		assert.equal(client.frames.at(-1)?.type, "text/event-json");
	});

	it("writes in pieces of any size, even within characters", async () => {
		await subscribe();
		standIn.server.faults.pieces = 1;
		const { chunks } = client;
		standIn.freeswitch.conferences.create("Ωß🎉", []);
		await until(() => client.events.length === 1, "the event has come");
		assert.deepEqual(actions(), ["Ωß🎉 conference-create"]);
		assert.ok(client.chunks - chunks > 100, `${client.chunks - chunks} chunks`);
	});

	it("swallows an answer, so that the next one meets the wrong command", async () => {
		standIn.server.faults.on(/^filter/, { kind: "swallow" }, 1);
		client.send("filter Action a");
		assert.equal(await client.ask("nosuchverb"), "-ERR command not found");
		assert.equal(client.answers.length, 2);
	});

	it("freezes and thaws", async () => {
		await subscribe();
		standIn.server.frozen = true;
		create("1");
		client.send("nosuchverb");
		const other = await RawClient.login(standIn.port);
		await other.close();
		assert.deepEqual([client.answers.length, client.events], [2, []]);
		standIn.server.frozen = false;
		await until(() => client.answers.length === 3 && client.events.length === 2, "all has come after all");
	});

	for (const how of ["FIN", "RST"] as const) {
		it(`ends a connection before, after or within a command, by ${how}`, async () => {
			for (const when of ["before", "after", "middle"] as const) {
				standIn.server.faults.on(/^filter/, { kind: "cut", when, how }, 1);
				const { bytes } = client;
				client.send("filter Action a");
				await ended();
				const more = client.bytes - bytes;
				if (when === "middle") {
					// A reset right after half an answer may look like an end in order, or swallow the half.
					assert.ok(more < 60 && (how === "RST" || more > 0));
				} else {
					assert.deepEqual([client.ended, more], [how, 0], when);
				}
				client = await RawClient.login(standIn.port);
			}
		});
	}

	it("ends with a killed FreeSWITCH, and returns with it on the same port", async () => {
		const { port } = standIn;
		await standIn.kill();
		await ended();
		await assert.rejects(RawClient.connect(port));
		await standIn.start();
		client = await RawClient.login(port);
		assert.equal(await client.ask("nosuchverb"), "-ERR command not found");
	});

	it("fails tests that wait: with the state of everything, or with the command that is not modelled", async () => {
		create("12345");
		await assert.rejects(
			standIn.until(() => false, "pigs fly", { deadline: 1 }),
			(error) => error instanceof NeverHappened && error.message.includes("conferences: 12345"),
		);
		client.send("api sofia loglevel all 9");
		await received(/loglevel/);
		await clock.advance(10);
		await assert.rejects(
			standIn.until(() => false, "pigs fly"),
			/does not do "sofia loglevel all 9"/,
		);
	});
});

describe("the registrar", () => {
	let clock: SimulatedClock;
	let registrar: Registrar;

	const register = async (changes: Partial<RegisterRequest> = {}): Promise<SipAnswer | undefined> => {
		const contact = "sip:12345@127.0.0.2:5080";
		let answer: SipAnswer | undefined;
		registrar.register({ user: "12345", host: "h", contact, callId: "one", expires: 60, ...changes }, (received) => {
			answer = received;
		});
		await clock.advance(0);
		return answer;
	};

	beforeEach(() => {
		clock = new SimulatedClock();
		registrar = new Registrar({ clock });
	});

	it("binds a contact until it expires", async () => {
		assert.equal((await register())?.expires, 60);
		await clock.advance(59_999);
		assert.deepEqual(registrar.bindings(), ["12345"]);
		await clock.advance(1);
		assert.deepEqual(registrar.bindings(), []);
		assert.equal(clock.timers, 0);
	});

	it("removes the binding of a contact, whichever dialog asks, and no other", async () => {
		await register();
		await register({ contact: "sip:12345@127.0.0.3:5080" });
		await register({ callId: "another", expires: 0 });
		const contacts = registrar.bindingsOf("12345").map(({ contact }) => contact);
		assert.deepEqual(contacts, ["sip:12345@127.0.0.3:5080"]);
		registrar.restart();
		assert.deepEqual(registrar.bindings(), []);
	});

	it("keeps one contact of a user if the newest wins, and removes it for no other contact's sake", async () => {
		registrar = new Registrar({ clock, newestWins: true });
		await register();
		await register({ contact: "sip:12345@127.0.0.3:5080" });
		await register({ expires: 0 });
		const contacts = registrar.bindingsOf("12345").map(({ contact }) => contact);
		assert.deepEqual(contacts, ["sip:12345@127.0.0.3:5080"]);
	});

	it("refuses one user and accepts the others", async () => {
		registrar.refuse("12345");
		assert.deepEqual(await register(), { status: 403, phrase: "Forbidden", network: { ip: "h", port: 5060 } });
		assert.equal((await register({ user: "2" }))?.status, 200);
		registrar.accept();
		assert.equal((await register())?.status, 200);
	});

	it("loses requests while silent, and answers while unheard", async () => {
		registrar.reachability = "silent";
		assert.equal(await register(), undefined);
		assert.deepEqual(registrar.bindings(), []);
		registrar.reachability = "unheard";
		assert.equal(await register(), undefined);
		assert.deepEqual(registrar.bindings(), ["12345"]);
	});
});

describe("the stand-in in a process of its own", () => {
	it("leaves its bindings behind at SIGKILL, and starts again on the same port and directory", async () => {
		const second = 20;
		const directory = new TemporaryDirectory();
		const registrar = new Registrar({ clock: scaledClock(systemClock, 1_000 / second) });
		const server = await RegistrarServer.start(registrar);
		const bound = (...rooms: string[]) =>
			until(() => registrar.bindings().join() === rooms.join(), `just these are bound: ${rooms.join()}`);
		directory.write("11111");
		const child = await StandInChild.start({
			directory: directory.path,
			registrar: `127.0.0.1:${server.port}`,
			second,
		});
		try {
			await bound("11111");
			const { port } = child;
			await child.order({ do: "create", rooms: ["11111", "22222"] });
			assert.match(await child.order({ do: "state" }), /conferences: 11111 22222/);
			await assert.rejects(child.order({ do: "destroy", rooms: ["3"] }), /is not running/);
			await child.kill();
			assert.deepEqual([registrar.bindings(), registrar.count("unbind")], [["11111"], 0]);

			directory.write("33333");
			await child.start();
			assert.equal(child.port, port);
			await bound("11111", "33333");
			assert.match(await child.order({ do: "state" }), /conferences: \n/);
		} finally {
			await child.kill();
			await server.close();
			registrar.close();
			directory.remove();
		}
	});
});
