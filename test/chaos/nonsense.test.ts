/** The built daemon and something that talks nonsense in FreeSWITCH's place, all of it drawn from the seed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe } from "node:test";
import { apiResponse, commandReply, eventFrame, greeting } from "../stand-in/event-socket/frames.ts";
import { Random } from "../stand-in/freeswitch/random.ts";
import { isAlive } from "../support/processes.ts";
import { testSeed } from "../support/seed.ts";
import { changed, eventually, until } from "../support/until.ts";
import { fewRooms, itOnNode } from "./node.ts";

/** Bytes of all values. */
function noise(random: Random, length: number): Buffer {
	return Buffer.from(Array.from({ length }, () => random.between(0, 255)));
}

/** The text with something wrong in it: a part missing, repeated or replaced by noise, or its end cut off. */
function damaged(random: Random, text: string): string {
	const from = random.between(0, text.length);
	const to = Math.min(text.length, from + random.between(1, 20));
	const instead = ["", text.slice(from, to).repeat(2), noise(random, to - from).toString("latin1")];
	const middle = instead[random.between(0, 3)];
	return text.slice(0, from) + (middle === undefined ? "" : middle + text.slice(to));
}

type Talk = (socket: Socket, random: Random) => void;

/** Greets as FreeSWITCH does, and answers the password with `text` and the end of the connection. */
function greeted(text: (random: Random) => string | Buffer): Talk {
	return (socket, random) => {
		socket.write(greeting);
		socket.once("data", () => socket.end(text(random)));
	};
}

const lost = /connection to FreeSWITCH lost: |FreeSWITCH sent more than 32 MiB/;
const frames = [commandReply("+OK accepted"), apiResponse("[]"), eventFrame({ "Event-Name": "CUSTOM" })];
const type = "Content-Type: command/reply\n";

const talks: readonly [what: string, talk: Talk, sentence: RegExp, connections: number][] = [
	[
		"noise from the first byte on",
		(socket, random) => socket.write(Buffer.concat([Buffer.from([0]), noise(random, 1_000)])),
		/what listens at .* is not FreeSWITCH's event socket, it said "\\x00\P{Cc}*"; check/u,
		4,
	],
	[
		"a greeting and noise, without an end",
		(socket, random) => socket.write(Buffer.concat([Buffer.from(greeting), noise(random, 10_000)])),
		/FreeSWITCH did not answer auth within 10 s/,
		2,
	],
	["bytes of all values", greeted((random) => noise(random, 100_000)), lost, 4],
	["thousands of empty frames", greeted(() => "\n".repeat(100_000)), lost, 4],
	["thousands of answers", greeted(() => `${type}\n`.repeat(10_000)), lost, 4],
	["damaged frames", greeted((random) => frames.map((frame) => damaged(random, frame)).join("")), lost, 4],
	["a huge length", greeted(() => `${type}Content-Length: ${"9".repeat(20)}\n\n`), lost, 4],
	[
		"malformed JSON and headers",
		greeted(() => "Content-Type: text/event-json\nContent-Length: 4\n\nnull__proto__: 1\n\n: \n\n"),
		lost,
		4,
	],
	["a type of 1 MB", greeted(() => `Content-Type: ${"x".repeat(1_000_000)}\n\n`), lost, 4],
	["half a frame", greeted(() => "Content-Length: 5\n"), lost, 4],
];

describe("nonsense in FreeSWITCH's place", { concurrency: 4 }, () => {
	for (const [what, talk, sentence, connections] of talks) {
		itOnNode(`is reported, and borne until FreeSWITCH is there: ${what}`, async (node) => {
			const random = new Random(testSeed);
			const sockets: Socket[] = [];
			const server = createServer((socket) => {
				sockets.push(socket);
				socket.on("error", () => {
					// The daemon has closed the connection; what is written to it is lost.
				});
				talk(socket, random);
			}).listen(0, "127.0.0.1");
			const close = async () => {
				const closed = new Promise((resolve) => server.close(resolve));
				for (const socket of sockets) {
					socket.destroy();
				}
				await closed;
			};
			node.atEnd(close);
			await once(server, "listening");
			const { port } = server.address() as AddressInfo;
			const daemon = node.startDaemon([], node.environment(port));
			await daemon.said(sentence);
			await eventually(() => sockets.length >= connections || !isAlive(daemon.pid), "the daemon has connected again");
			await close();
			await node.startFreeSwitch(port);
			await node.create(...fewRooms);
			await node.converged();
			await daemon.said(/connected to FreeSWITCH .*, after \d+\.\d s without/);
		});
	}

	itOnNode("in every answer changes nothing for good, and never ends the daemon", async (node) => {
		const random = new Random(testSeed);
		const { server, daemon } = await node.startWith(...fewRooms);
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
			await node.create(String(room));
			await until(() => answers > before, "the daemon has asked");
			await node.destroy(String(room));
		}
		end();
		await node.converged();
		assert.ok(daemon.count(/^FreeSWITCH answered ".*" with ".*"; retrying, nothing is changed until then/) > 0);
		await daemon.said(/FreeSWITCH tells its conferences and gateways again/);
	});

	itOnNode("in place of events changes nothing, and costs no connection", async (node) => {
		const random = new Random(testSeed);
		const { server, daemon } = await node.startWith(...fewRooms);
		for (let count = 0; count < 500; count += 1) {
			const event = damaged(
				random,
				`{"Event-Name":"CUSTOM","Event-Subclass":"sofia::gateway_state","Gateway":"conf_777","State":"FAILED","Status":"403"}`,
			);
			server.inject(`Content-Length: ${Buffer.byteLength(event)}\nContent-Type: text/event-json\n\n${event}`);
		}
		await node.create("1");
		await node.converged();
		assert.equal(daemon.count(/connection to FreeSWITCH lost/), 0);
	});
});
