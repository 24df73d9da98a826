/** The stand-in's event socket: who is told what, and in which order. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { until } from "../../support/until.ts";
import { StandIn } from "../stand-in.ts";
import { goodbye } from "./frames.ts";
import { RawClient } from "./raw-client.ts";

describe("the event socket", () => {
	let clock: SimulatedClock;
	let standIn: StandIn;
	let client: RawClient;

	const actions = () => client.events.map((event) => `${event["Conference-Name"] ?? ""} ${event["Action"] ?? ""}`);
	const create = (...names: string[]) => {
		for (const name of names) {
			standIn.freeswitch.conferences.create(name);
		}
	};
	const subscribe = () => client.ask("event json CUSTOM conference::maintenance");
	const ended = () => until(() => client.ended !== undefined, "the connection has ended");
	/** Resolves when everything written so far has arrived. */
	const flushed = async () => {
		await client.ask("nosuchverb");
	};

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

	describe("subscriptions", () => {
		it("bring nothing before and nothing else than what was asked for", async () => {
			create("1");
			await client.ask("event json HEARTBEAT CUSTOM sofia::gateway_add");
			create("2");
			await flushed();
			assert.deepEqual(client.events, []);
			await subscribe();
			create("3");
			await flushed();
			assert.deepEqual(actions(), ["3 conference-create", "3 add-member"]);
		});

		it("bring everything when ALL is asked for, and less again when it is taken back", async () => {
			await client.ask("event json ALL");
			create("1");
			assert.equal(await client.ask("nixevent CUSTOM conference::maintenance"), "+OK events nixed");
			assert.equal(await client.ask("nixevent HEARTBEAT"), "+OK events nixed");
			create("2");
			await flushed();
			assert.deepEqual(actions(), ["1 conference-create", "1 add-member"]);
		});

		it("end with noevents", async () => {
			await subscribe();
			assert.equal(await client.ask("noevents"), "+OK no longer listening for events");
			assert.equal(await client.ask("noevents"), "-ERR not listening for events");
			create("1");
			await flushed();
			assert.deepEqual(client.events, []);
		});

		it("need at least one name that FreeSWITCH knows", async () => {
			assert.equal(await client.ask("event json"), "-ERR no keywords supplied");
			assert.equal(await client.ask("event json NOSUCHEVENT"), "-ERR no keywords supplied");
			assert.equal(await client.ask("nixevent"), "-ERR no keywords supplied");
		});

		it("are each connection's own", async () => {
			await subscribe();
			const other = await RawClient.login(standIn.port);
			create("1");
			await other.ask("nosuchverb");
			await flushed();
			assert.equal(client.events.length, 2);
			assert.equal(other.events.length, 0);
			await other.close();
		});
	});

	describe("filters", () => {
		const filters: readonly (readonly [what: string, filters: string[], passing: string[]])[] = [
			["let pass what any of them matches", ["Action conference-create", "Conference-Name 2"], ["1 c", "2 c", "2 a"]],
			["look at names and values without regard to case", ["ACTION Conference-CREATE"], ["1 c", "2 c"]],
			["keep out what one with a minus matches", ["Conference-Name -1"], []],
			["need a match of another beside one with a minus", ["Action conference-create", "Conference-Name -1"], ["2 c"]],
			["can be regular expressions", ["Action /^conference-/"], ["1 c", "2 c"]],
			["are added by `add` as well", ["add Action add-member"], ["1 a", "2 a"]],
			["are taken back by `delete`", ["Action add-member", "Conference-Name 1", "delete Action"], ["1 c", "1 a"]],
			["are taken back one by one", ["Action a", "Action add-member", "delete Action a"], ["1 a", "2 a"]],
			["are all gone after `delete all`", ["Action nosuch", "delete all"], ["1 c", "1 a", "2 c", "2 a"]],
			["keep out everything that has no such header", ["Nosuch-Header 1"], []],
		];

		for (const [what, commands, passing] of filters) {
			it(what, async () => {
				await subscribe();
				for (const command of commands) {
					assert.match(await client.ask(`filter ${command}`), /^\+OK filter (added|deleted)\./);
				}
				create("1", "2");
				await flushed();
				assert.deepEqual(
					actions().map((text) => text.replace(/(\d \w).*/, "$1")),
					passing,
				);
			});
		}

		it("need a value", async () => {
			assert.equal(await client.ask("filter Action"), "-ERR invalid syntax");
		});
	});

	describe("order", () => {
		it("has events wait for the answer of a command that is being carried out", async () => {
			await subscribe();
			client.send("api conference list summary");
			await standIn.server.until(/^api/);
			create("1");
			standIn.freeswitch.conferences.destroy("1");
			await clock.advance(10);
			await until(() => client.events.length === 3, "the events have come");
			assert.deepEqual(
				client.frames.slice(-4).map(({ type }) => type),
				["api/response", "text/event-json", "text/event-json", "text/event-json"],
			);
			assert.deepEqual(actions(), ["1 conference-create", "1 add-member", "1 conference-destroy"]);
		});

		it("has commands answered in theirs, and events wait for commands that have come", async () => {
			await subscribe();
			client.sendRaw("api version\n\napi conference list summary\n\nfilter Action nosuch\n\n");
			await standIn.server.until(/^api version/);
			create("1");
			await clock.advance(20);
			await until(() => client.answers.length === 5, "all is answered");
			await until(() => client.events.length === 2, "the events have come");
			const [version, list, filter] = client.answers.slice(2);
			assert.match(version ?? "", /^FreeSWITCH Version/);
			assert.match(list ?? "", /^\+OK Conference 1/);
			assert.equal(filter, "+OK filter added. [Action]=[nosuch]");
			assert.equal(client.frames.at(-1)?.type, "text/event-json");
		});

		it("takes commands in pieces, with carriage returns and with idle line ends between them", async () => {
			client.sendRaw("\n\r\n\nfilter Act");
			client.sendRaw("ion x\r\n\r");
			client.sendRaw("\n");
			await until(() => client.answers.length === 2, "the filter is answered");
			assert.equal(client.answers[1], "+OK filter added. [Action]=[x]");
		});

		it("has a job's answer come in an event after the reply", async () => {
			await client.ask("event json BACKGROUND_JOB");
			const reply = await client.ask("bgapi version");
			await clock.advance(10);
			await until(() => client.events.length === 1, "the job is done");
			const [event] = client.events;
			assert.equal(reply, `+OK Job-UUID: ${event?.["Job-UUID"] ?? ""}`);
			assert.match(event?.["_body"] ?? "", /^FreeSWITCH Version/);
		});
	});

	describe("a connection", () => {
		it("that does not authenticate is ended after 25 s", async () => {
			const other = await RawClient.connect(standIn.port);
			await until(() => other.frames.length === 1, "it is greeted");
			await clock.advance(25_000);
			await until(() => other.ended === "FIN", "it has ended");
			assert.ok(other.text.endsWith(goodbye));
		});

		it("carries out nothing before it is authenticated", async () => {
			const other = await RawClient.connect(standIn.port);
			assert.equal(await other.ask("api version"), "-ERR command not found");
			assert.equal(await other.ask("auth ClueCon"), "+OK accepted");
			await other.close();
		});

		it("leaves no password in the log of commands", () => {
			assert.deepEqual(
				standIn.server.received.map(({ text }) => text),
				["auth …"],
			);
		});

		it("ends like a killed process's when FreeSWITCH is killed, and the next one listens on the same port", async () => {
			const { port } = standIn;
			await standIn.kill();
			await ended();
			assert.equal(client.ended, "FIN");
			await assert.rejects(RawClient.connect(port));
			await standIn.start();
			assert.equal(standIn.port, port);
			client = await RawClient.login(port);
			assert.equal(await client.ask("nosuchverb"), "-ERR command not found");
		});
	});
});
