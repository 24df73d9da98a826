/** One connection over real sockets: to the stand-in, and to peers that are no FreeSWITCH. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
	AddressRefused,
	Disconnected,
	NoAnswer,
	NotFreeSwitch,
	NotSubscribed,
	PasswordRefused,
	TooLong,
	Unreachable,
} from "../../src/freeswitch/errors.ts";
import { ConnectionLost } from "../../src/freeswitch/event-socket.ts";
import type { Event } from "../../src/freeswitch/events.ts";
import { openEventSocket, type Session } from "../../src/freeswitch/session.ts";
import { StandIn, type StandInOptions } from "../stand-in/stand-in.ts";
import { until } from "../support/until.ts";

const password = "s3cret & strange";

let standIn: StandIn;
let events: Event[];

async function start(options: StandInOptions = {}): Promise<StandIn> {
	standIn = await StandIn.start({ password, ...options });
	return standIn;
}

function open(more: { password?: string; answerTimeout?: number; port?: number } = {}): Promise<Session> {
	return openEventSocket({ host: "127.0.0.1", port: standIn.port, password, ...more }, (event) => {
		events.push(event);
	});
}

/** Waits for an error and checks that it is of that class and says these words, and never the password. */
async function failsWith(
	promise: Promise<unknown>,
	kind: new (...args: never[]) => ConnectionLost,
	words: RegExp,
): Promise<void> {
	await assert.rejects(promise, (error: unknown) => {
		assert.ok(error instanceof kind, String(error));
		assert.ok(error instanceof ConnectionLost);
		assert.match(error.message, words);
		assert.ok(!JSON.stringify([error, error.message, error.stack, String(error.cause)]).includes(password));
		return true;
	});
}

beforeEach(() => {
	events = [];
});

describe("a session", () => {
	afterEach(async () => {
		await standIn.close();
	});

	it("tells FreeSWITCH's version, executes commands, and delivers the events that matter in order", async () => {
		await start();
		const session = await open();
		assert.equal(session.version, "1.10.12-release~64bit");
		assert.equal(await session.api("reloadxml"), "+OK [Success]\n");
		standIn.freeswitch.conferences.create("12345");
		standIn.freeswitch.conferences.talk("12345");
		standIn.freeswitch.conferences.destroy("12345");
		await session.api("conference json_list compact");
		assert.deepEqual(events, [
			{ kind: "conference-created", conference: "12345" },
			{ kind: "conference-destroyed", conference: "12345" },
		]);
		session.close();
	});

	it("gives answers that begin with a minus as they are", async () => {
		await start();
		const session = await open();
		assert.equal(await session.api("sofia profile external killgw conf_1"), "-ERR no such gateway.\n");
		assert.equal(await session.api("sofia profile nosuch rescan"), "Invalid Profile [nosuch]");
		session.close();
	});

	for (const pieces of [1, 2, 3, 7, 64]) {
		it(`reads frames and characters that are cut into pieces of ${pieces} bytes`, async () => {
			await start();
			standIn.server.faults.pieces = pieces;
			const session = await open();
			standIn.freeswitch.conferences.create("12345", [{ name: 'Zoë 🎧 "quoted" \\ 漢字', number: "1" }]);
			const listed = JSON.parse(await session.api("conference json_list compact")) as {
				members: { caller_id_name: string }[];
			}[];
			assert.equal(listed[0]?.members[0]?.caller_id_name, 'Zoë 🎧 "quoted" \\ 漢字');
			await until(() => events.length === 1, "the event has come");
			session.close();
		});
	}

	it("is not harmed by frames of unknown types, without a type, empty ones by the thousand, with broken JSON or of other events", async () => {
		await start();
		const session = await open();
		for (const frame of [
			"Content-Type: text/strange\nContent-Length: 5\n\nhello",
			"Content-Length: 5\n\nhello",
			"Content-Length: 8\nContent-Type: text/event-json\n\n{broken!",
			"Content-Length: 2\nContent-Type: text/event-json\n\n{}",
			"Content-Length: 4\nContent-Type: text/event-json\n\nnull",
			'Content-Length: 28\nContent-Type: text/event-json\n\n{"Event-Name":"NEVER_HEARD"}',
			'Content-Length: 23\nContent-Type: text/event-json\n\n{"Event-Name":"CUSTOM"}',
			"Content-Type: log/data\nContent-Length: 4\n\nnote",
			"\n".repeat(100_000),
		]) {
			standIn.server.inject(frame);
		}
		standIn.freeswitch.conferences.create("1");
		assert.match(await session.api("conference json_list compact"), /"conference_name":"1"/);
		assert.deepEqual(events, [{ kind: "conference-created", conference: "1" }]);
		session.close();
	});

	it("ends, with the reason, when FreeSWITCH shuts down", async () => {
		await start();
		const session = await open();
		await standIn.shutdown();
		const reason = await session.ended;
		assert.ok(reason instanceof Disconnected);
		assert.match(reason.message, /The system is being shut down/);
		await failsWith(session.api("version"), Disconnected, /shut down/);
	});

	for (const how of ["FIN", "RST"] as const) {
		it(`ends when FreeSWITCH is killed (${how}), and so does the command under way`, async () => {
			await start();
			const session = await open();
			standIn.server.faults.on(/^api version/, { kind: "cut", when: "after", how });
			await failsWith(
				session.api("version"),
				Disconnected,
				/connection to FreeSWITCH lost: (closed|reset) by the other side/,
			);
			assert.ok((await session.ended) instanceof Disconnected);
		});

		it(`ends when the connection is cut in the middle of an answer (${how})`, async () => {
			await start();
			const session = await open();
			standIn.server.faults.on(/^api version/, { kind: "cut", when: "middle", how });
			await failsWith(session.api("version"), Disconnected, /connection to FreeSWITCH lost/);
		});
	}

	for (const fault of [{ kind: "hang" }, { kind: "swallow" }, { kind: "freeze" }] as const) {
		it(`is given up when an answer does not come (${fault.kind}), so that no later answer is taken for it`, async () => {
			await start();
			const session = await open({ answerTimeout: 200 });
			standIn.server.faults.on(/^api conference/, fault);
			const first = failsWith(
				session.api("conference json_list compact"),
				NoAnswer,
				/did not answer "conference json_list compact" within 0.2 s/,
			);
			await first;
			await failsWith(session.api("reloadxml"), NoAnswer, /did not answer "conference/);
			assert.equal(standIn.server.count(/^api reloadxml/), 0);
		});
	}

	it("is given up when an answer has no end", async () => {
		await start();
		const session = await open({ answerTimeout: 90_000 });
		standIn.server.faults.on(/^api version/, {
			kind: "bytes",
			bytes: "Content-Type: api/response\nContent-Length: 99999999999\n\n",
		});
		const answer = failsWith(session.api("version"), TooLong, /more than 32 MiB/);
		const junk = Buffer.alloc(2 ** 20, "x");
		for (let sent = 0; sent <= 33; sent++) {
			standIn.server.inject(junk);
		}
		await answer;
	});
});

describe("opening a session", () => {
	afterEach(async () => {
		await standIn.close();
	});

	it("subscribes before it counts as open, with filters for the events that matter", async () => {
		await start();
		(await open()).close();
		assert.deepEqual(
			standIn.server.received.map(({ text }) => text),
			[
				"auth …",
				"event json CUSTOM conference::maintenance sofia::gateway_add sofia::gateway_state sofia::gateway_delete",
				"filter Action conference-create",
				"filter Action conference-destroy",
				"filter Event-Subclass sofia::gateway_add",
				"filter Event-Subclass sofia::gateway_state",
				"filter Event-Subclass sofia::gateway_delete",
				"api version",
			],
		);
	});

	it("is possible before FreeSWITCH has loaded its modules, then without a version", async () => {
		await start({ modulesAfter: 3_600_000 });
		const session = await open();
		assert.equal(session.version, undefined);
		session.close();
	});

	it("tells a wrong password, and where the right one is", async () => {
		await start();
		await failsWith(open({ password: "wrong" }), PasswordRefused, /EVENTSOCKET_PASSWORD.*event_socket\.conf\.xml/);
	});

	it("takes no other answer for a refusal of the password, which would be final", async () => {
		await start();
		for (const answer of ["", "+", "-", "-ERR", "OK accepted", "+OÿK accepted"]) {
			standIn.server.faults.on(/^auth/, { kind: "text", text: answer }, 1);
			await assert.rejects(open(), (error) => error instanceof ConnectionLost && !error.final);
		}
	});

	it("tells an address that is not in the list, and where that is", async () => {
		await start({ allows: () => false });
		await failsWith(open(), AddressRefused, /apply-inbound-acl.*event_socket\.conf\.xml/);
	});

	it("tells a greeting that never comes", async () => {
		await start();
		standIn.server.faults.greeting = "";
		await failsWith(open({ answerTimeout: 100 }), NoAnswer, /did not answer with its greeting within 0.1 s/);
	});

	it("tells a subscription that is refused", async () => {
		await start();
		standIn.server.faults.on(/^filter/, { kind: "text", text: "-ERR command not found" });
		await failsWith(open(), NotSubscribed, /answered "filter Action conference-create" with "-ERR command not found"/);
	});

	it("tells an answer to the password that never comes, without the password", async () => {
		await start();
		standIn.server.faults.on(/^auth/, { kind: "hang" });
		await failsWith(open({ answerTimeout: 100 }), NoAnswer, /did not answer auth within 0.1 s/);
	});

	for (const how of ["FIN", "RST"] as const) {
		it(`tells a connection that ends at any command (${how})`, async () => {
			await start();
			for (const command of [
				/^auth/,
				/^event/,
				/^filter Action conference-destroy/,
				/^filter Event-Subclass sofia::gateway_delete/,
				/^api version/,
			]) {
				const takeBack = standIn.server.faults.on(command, { kind: "cut", when: "before", how });
				await failsWith(open(), Disconnected, /connection to FreeSWITCH lost/);
				takeBack();
			}
		});
	}
});

describe("a peer that is not FreeSWITCH", () => {
	let server: Server;
	let peers: Socket[];

	async function listen(speak: (socket: Socket) => void): Promise<{ port: number }> {
		peers = [];
		server = createServer((socket) => {
			peers.push(socket);
			socket.on("error", () => {
				// The client hangs up as it likes.
			});
			speak(socket);
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return { port: (server.address() as AddressInfo).port };
	}

	function openAt(port: number): Promise<Session> {
		return openEventSocket({ host: "127.0.0.1", port, password, answerTimeout: 300 }, () => {});
	}

	afterEach(() => {
		for (const peer of peers) {
			peer.destroy();
		}
		server.close();
	});

	for (const [what, banner] of [
		["an SSH server", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n"],
		["a web server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
		["a mail server", "220 mail.example.org ESMTP\r\n"],
		["noise", "\u0000\u0001\u0002\u0003"],
		["something that begins alike", "Content? No.\n\n"],
	] as const) {
		it(`is told by what it says: ${what}`, async () => {
			const { port } = await listen((socket) => socket.write(banner));
			await failsWith(openAt(port), NotFreeSwitch, /is not FreeSWITCH's event socket, it said/);
		});
	}

	it("that hangs up at once is told", async () => {
		const { port } = await listen((socket) => socket.end());
		await failsWith(openAt(port), Disconnected, /closed by the other side/);
	});

	it("that sends headers without end is given up, in time and in memory", async () => {
		const { port } = await listen((socket) => {
			const more = () => {
				while (!socket.destroyed && socket.write("Content-Type: auth/request\nX: ".padEnd(65_536, "x"))) {
					// As fast as it is read.
				}
			};
			socket.on("drain", more);
			more();
		});
		await assert.rejects(openAt(port), (error) => error instanceof TooLong || error instanceof NoAnswer);
	});

	it("that is not there at all is told", async () => {
		const { port } = await listen(() => {});
		server.close();
		await once(server, "close");
		await failsWith(
			openAt(port),
			Unreachable,
			/cannot reach FreeSWITCH's event socket at 127\.0\.0\.1:\d+: connection refused/,
		);
		await failsWith(
			openEventSocket({ host: "localhost", port, password }, () => {}),
			Unreachable,
			/at localhost:\d+: connection refused/,
		);
		await failsWith(
			openEventSocket({ host: "no-such-host.invalid", port, password }, () => {}),
			Unreachable,
			/no-such-host.invalid:\d+: (no such host|the name cannot be looked up now)/,
		);
	});
});
