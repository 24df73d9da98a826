/** Everything that can be made to go wrong on the stand-in's event socket. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { TemporaryDirectory } from "../../support/snippets.ts";
import { until } from "../../support/until.ts";
import { StandIn } from "../stand-in.ts";
import { RawClient } from "./raw-client.ts";

describe("faults of the event socket", () => {
	let clock: SimulatedClock;
	let standIn: StandIn;
	let client: RawClient;
	let directory: TemporaryDirectory;

	const actions = () => client.events.map((event) => `${event["Conference-Name"] ?? ""} ${event["Action"] ?? ""}`);
	const create = (name: string) => standIn.freeswitch.conferences.create(name);
	const subscribe = () => client.ask("event json CUSTOM conference::maintenance");
	const ended = () => until(() => client.ended !== undefined, "the connection has ended");
	/** Resolves when everything written so far has arrived. */
	const flushed = async () => {
		await client.ask("nosuchverb");
	};

	beforeEach(async () => {
		clock = new SimulatedClock();
		directory = new TemporaryDirectory();
		standIn = await StandIn.start({ clock, directory: directory.path, latencies: { list: 10 } });
		client = await RawClient.login(standIn.port);
	});

	afterEach(async () => {
		await client.close();
		await standIn.close();
		directory.remove();
	});

	it("greet with nothing or with another server's words", async () => {
		const { faults } = standIn.server;
		faults.greeting = "";
		const silent = await RawClient.connect(standIn.port);
		await standIn.until(() => standIn.server.connectionCount === 2, "it is accepted");
		faults.greeting = "SSH-2.0-OpenSSH_9.6\r\n";
		const ssh = await RawClient.connect(standIn.port);
		await until(() => ssh.text === "SSH-2.0-OpenSSH_9.6\r\n", "the banner has come");
		assert.equal(silent.text, "");
		await silent.close();
		await ssh.close();
	});

	it("leave a command unanswered and the connection stuck", async () => {
		standIn.server.faults.on(/^filter Action a/, { kind: "hang" }, 1);
		await subscribe();
		client.send("filter Action a");
		client.send("nosuchverb");
		await standIn.server.until(/^filter/);
		create("1");
		const other = await RawClient.login(standIn.port);
		await other.ask("nosuchverb");
		assert.equal(client.answers.length, 2);
		assert.deepEqual(client.events, []);
		await other.close();
	});

	it("have an unanswered command carried out or not", async () => {
		directory.write("12345");
		const gateways = () => standIn.freeswitch.sofia.profile("external")?.gateways.length;
		for (const run of [false, true]) {
			standIn.server.faults.on(/rescan/, { kind: "hang", run }, 1);
			const other = await RawClient.login(standIn.port);
			other.send("api sofia profile external rescan");
			await standIn.server.until(/rescan/, run ? 2 : 1);
			await standIn.until(() => gateways() === (run ? 1 : 0), "it is carried out, or not");
			await other.close();
		}
	});

	it("swallow an answer, so that the next one comes to the wrong question", async () => {
		standIn.server.faults.on(/^filter/, { kind: "swallow" }, 1);
		client.send("filter Action a");
		assert.equal(await client.ask("nosuchverb"), "-ERR command not found");
		assert.equal(client.answers.length, 2);
	});

	it("answer late", async () => {
		standIn.server.faults.on(/^nosuchverb/, { kind: "late", ms: 5_000 });
		client.send("nosuchverb");
		await standIn.server.until(/^nosuchverb/);
		await clock.advance(4_999);
		assert.equal(client.answers.length, 1);
		await clock.advance(1);
		await until(() => client.answers.length === 2, "it is answered");
	});

	it("answer something else, in a sound frame or not", async () => {
		const { faults } = standIn.server;
		faults.on(/^api version/, { kind: "text", text: (real) => `${real.slice(0, 10)}…` }, 1);
		faults.on(/^api version/, { kind: "bytes", bytes: "Content-Type: api/response\nContent-Length: 3\n\nxyz" }, 1);
		for (const expected of ["FreeSWITCH…", "xyz"]) {
			const count = client.answers.length;
			client.send("api version");
			await standIn.server.until(/^api version/, count);
			await clock.advance(10);
			await until(() => client.answers.length > count, "it is answered");
			assert.equal(client.answers.at(-1), expected);
		}
	});

	for (const how of ["FIN", "RST"] as const) {
		it(`end the connection before, after or within a command, by ${how}`, async () => {
			for (const when of ["before", "after", "middle"] as const) {
				standIn.server.faults.on(/^filter/, { kind: "cut", when, how }, 1);
				const length = client.text.length;
				client.send("filter Action a");
				await ended();
				const more = client.text.length - length;
				if (when === "middle") {
					// Half an answer and a reset in one go are seen as an end, or the half is lost.
					assert.ok(more < 60 && (how === "RST" || more > 0));
				} else {
					assert.deepEqual([client.ended, more], [how, 0], when);
				}
				client = await RawClient.login(standIn.port);
			}
		});
	}

	it("freeze a connection, which stays open", async () => {
		await subscribe();
		standIn.server.faults.on(/^filter/, { kind: "freeze" }, 1);
		client.send("filter Action a");
		await standIn.server.until(/^filter/);
		create("1");
		client.send("nosuchverb");
		const other = await RawClient.login(standIn.port);
		await other.ask("nosuchverb");
		assert.equal(client.answers.length, 2);
		assert.equal(client.ended, undefined);
		await other.close();
	});

	it("freeze and thaw all connections", async () => {
		await subscribe();
		standIn.server.frozen = true;
		create("1");
		client.send("nosuchverb");
		standIn.server.frozen = false;
		await until(() => client.answers.length === 3 && client.events.length === 2, "all has come after all");
	});

	it("write in pieces of any size, within characters too", async () => {
		await subscribe();
		standIn.server.faults.pieces = 1;
		standIn.freeswitch.conferences.create("Ωß🎉", [{ name: "Ω", number: "ß" }]);
		await until(() => client.events.length === 2, "both events have come");
		assert.deepEqual(actions(), ["Ωß🎉 conference-create", "Ωß🎉 add-member"]);
	});

	it("drop, double and delay events", async () => {
		await subscribe();
		const fates = ["drop", "double", { delay: 5_000 }, "send"] as const;
		let count = 0;
		standIn.server.faults.fate = () => {
			count += 1;
			return fates[count - 1] ?? "send";
		};
		for (const name of ["1", "2", "3", "4"]) {
			standIn.freeswitch.conferences.create(name, []);
		}
		await clock.advance(5_000);
		await flushed();
		assert.deepEqual(
			client.events.map((event) => event["Conference-Name"]),
			["2", "2", "4", "3"],
		);
	});

	it("inject bytes of whatever kind, cut all connections, and are all over when cleared", async () => {
		standIn.server.inject("Content-Type: text/nosuch\n\n");
		await until(() => client.frames.at(-1)?.type === "text/nosuch", "the frame has come");
		standIn.server.cut("RST");
		await ended();
		standIn.server.faults.greeting = "";
		standIn.server.faults.on(/./, { kind: "hang" });
		standIn.server.faults.clear();
		client = await RawClient.login(standIn.port);
	});

	it("can be taken back", async () => {
		const takeBack = standIn.server.faults.on(/^nosuchverb/, { kind: "hang" });
		takeBack();
		assert.equal(await client.ask("nosuchverb"), "-ERR command not found");
	});
});
