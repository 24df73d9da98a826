/** The built daemon and something that talks nonsense in place of FreeSWITCH. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { apiResponse, commandReply, eventFrame, greeting } from "../stand-in/event-socket/frames.ts";
import { Random } from "../stand-in/freeswitch/random.ts";
import { eventually, isAlive } from "../support/processes.ts";
import { testSeed } from "../support/seed.ts";
import { changed, until } from "../support/until.ts";
import { damaged, Fuzzer, noise } from "./fuzzer.ts";
import { ChaosNode } from "./node.ts";
import { fewRooms } from "./rooms.ts";

describe("nonsense in place of FreeSWITCH", { concurrency: 4 }, () => {
	it("in place of the answer to the password is told, and borne until it is FreeSWITCH", async () => {
		const random = new Random(testSeed);
		const fuzzer = await Fuzzer.start((socket) => {
			socket.write(Buffer.concat([Buffer.from(greeting), noise(random, 10_000)]));
		});
		await isBorne(fuzzer, 1, /FreeSWITCH did not answer auth within 10 s/);
	});

	it("in every answer changes nothing for good, and never ends the daemon", async () => {
		await ChaosNode.use(async (node) => {
			const random = new Random(testSeed);
			const { server } = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create(...fewRooms);
			await node.reached(fewRooms);
			let answers = 0;
			const end = server.faults.on(/^api /, {
				kind: "text",
				text: (real) => {
					answers += 1;
					changed();
					return damaged(random, real);
				},
			});
			for (let room = 1; answers < 100; room += 1) {
				const before = answers;
				node.create(String(room));
				await until(() => answers > before, "the daemon has asked");
				node.destroy(String(room));
			}
			end();
			await node.reached(fewRooms);
			assert.ok(daemon.count(/^FreeSWITCH answered ".*" with ".*"; retrying, nothing is changed until then/) > 0);
			await daemon.said(/FreeSWITCH tells its conferences and gateways again/);
		});
	});

	it("in place of events changes nothing, and never ends the daemon", async () => {
		await ChaosNode.use(async (node) => {
			const random = new Random(testSeed);
			const { server } = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create(...fewRooms);
			await node.reached(fewRooms);
			for (let count = 0; count < 500; count += 1) {
				const event = damaged(
					random,
					`{"Event-Name":"CUSTOM","Event-Subclass":"sofia::gateway_state","Gateway":"conf_777","State":"FAILED","Status":"403"}`,
				);
				server.inject(`Content-Length: ${Buffer.byteLength(event)}\nContent-Type: text/event-json\n\n${event}`);
			}
			node.create("1");
			await node.reached([...fewRooms, "1"]);
			assert.equal(daemon.count(/connection to FreeSWITCH lost/), 0);
		});
	});

	const frames = [commandReply("+OK accepted"), apiResponse("[]"), eventFrame({ "Event-Name": "CUSTOM" })];
	/** What is said after the greeting, before the connection is closed. */
	const talks: readonly (readonly [what: string, talk: (random: Random) => string | Buffer])[] = [
		["bytes of all values", (random) => noise(random, 100_000)],
		["thousands of empty frames", () => "\n".repeat(100_000)],
		["thousands of answers", () => "Content-Type: command/reply\n\n".repeat(10_000)],
		["damaged frames", (random) => frames.map((frame) => damaged(random, frame)).join("")],
		["a huge number for a length", () => `Content-Type: command/reply\nContent-Length: ${"9".repeat(20)}\n\n`],
		[
			"JSON and headers that are none",
			() => "Content-Type: text/event-json\nContent-Length: 4\n\nnull__proto__: 1\n\n: \n\n",
		],
		["a type of 1 MB", () => `Content-Type: ${"x".repeat(1_000_000)}\n\n`],
		["half a frame", () => "Content-Length: 5\n"],
	];
	for (const [what, talk] of talks) {
		it(`after the greeting is told, and borne until it is FreeSWITCH: ${what}`, async () => {
			const random = new Random(testSeed);
			const fuzzer = await Fuzzer.start((socket) => {
				socket.write(greeting);
				socket.once("data", () => {
					socket.end(talk(random));
				});
			});
			await isBorne(fuzzer, 3, /connection to FreeSWITCH lost: |FreeSWITCH sent more than 32 MiB/);
		});
	}

	it("from its first byte on is told, quoted without control characters, and borne until it is FreeSWITCH", async () => {
		const random = new Random(testSeed);
		const fuzzer = await Fuzzer.start((socket) => {
			socket.write(Buffer.concat([Buffer.from([0]), noise(random, 1_000)]));
		});
		await isBorne(fuzzer, 3, /what listens at .* is not FreeSWITCH's event socket, it said "\\x00\P{Cc}*"; check/u);
	});
});

/** Has a daemon meet a fuzzer in FreeSWITCH's place, so many times at least, say this sentence, and then meet FreeSWITCH. */
async function isBorne(fuzzer: Fuzzer, times: number, sentence: RegExp): Promise<void> {
	await ChaosNode.use(async (node) => {
		node.atEnd(() => fuzzer.close());
		const { port } = fuzzer;
		const daemon = node.startDaemon([], {}, port);
		await daemon.said(sentence);
		await eventually(() => fuzzer.connections > times || !isAlive(daemon.pid), "the daemon has connected again");
		await fuzzer.close();
		await node.startFreeSwitch(port);
		node.create(...fewRooms);
		await node.reached(fewRooms);
		await daemon.said(/connected to FreeSWITCH .*, after \d+\.\d s without/);
	});
}
