/** One connection over real sockets: to the stand-in, and to peers that are no FreeSWITCH. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { settings } from "../../src/config/settings.ts";
import { accessOf } from "../../src/freeswitch/access.ts";
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
import { type EventSocketOptions, openEventSocket, type Session } from "../../src/freeswitch/session.ts";
import { StandIn, type StandInOptions } from "../stand-in/stand-in.ts";
import { until } from "../support/until.ts";

const password = "s3cret & strange";

let events: Event[];
/** Ends what a test has started. */
let cleanUp: (() => unknown)[];

beforeEach(() => {
	events = [];
	cleanUp = [];
});

afterEach(async () => {
	for (const clean of cleanUp) {
		await clean();
	}
});

async function start(options: StandInOptions = {}): Promise<StandIn> {
	const standIn = await StandIn.start({ password, ...options });
	cleanUp.push(() => standIn.close());
	return standIn;
}

function open({ port }: { port: number }, more: Partial<EventSocketOptions> = {}): Promise<Session> {
	return openEventSocket({ host: "127.0.0.1", port, password, ...more }, (event) => events.push(event));
}

/** Waits for an error and checks that it is of that class and says these words, and never the password. */
async function failsWith(
	promise: Promise<unknown>,
	kind: new (...args: never[]) => ConnectionLost,
	words: RegExp,
): Promise<void> {
	await assert.rejects(promise, (error: unknown) => {
		assert.ok(error instanceof kind, String(error));
		assert.match(error.message, words);
		assert.ok(!JSON.stringify([error, error.message, error.stack, String(error.cause)]).includes(password));
		return true;
	});
}

describe("a session", () => {
	it("tells FreeSWITCH's version, executes commands, and delivers the events that matter in order", async () => {
		const standIn = await start();
		const session = await open(standIn);
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
		const session = await open(await start());
		assert.equal(await session.api("sofia profile external killgw conf_1"), "-ERR no such gateway.\n");
		assert.equal(await session.api("sofia profile nosuch rescan"), "Invalid Profile [nosuch]");
		session.close();
	});

	for (const pieces of [1, 2, 3, 7, 64]) {
		it(`reads frames and characters that are cut into pieces of ${pieces} bytes`, async () => {
			const standIn = await start();
			standIn.server.faults.pieces = pieces;
			const session = await open(standIn);
			const name = 'Zoë 🎧 "quoted" \\ 漢字';
			standIn.freeswitch.conferences.create("12345", [{ name, number: "1" }]);
			const [listed] = JSON.parse(await session.api("conference json_list compact")) as {
				members: { caller_id_name: string }[];
			}[];
			assert.equal(listed?.members[0]?.caller_id_name, name);
			await until(() => events.length === 1, "the event has come");
			session.close();
		});
	}

	it("is not harmed by frames of unknown types, without a type, empty ones by the thousand, with broken JSON or of other events", async () => {
		const standIn = await start();
		const session = await open(standIn);
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
		const standIn = await start();
		const session = await open(standIn);
		await standIn.shutdown();
		assert.match((await session.ended).message, /The system is being shut down/);
		await failsWith(session.api("version"), Disconnected, /shut down/);
	});

	for (const when of ["after", "middle"] as const) {
		for (const how of ["FIN", "RST"] as const) {
			it(`ends when FreeSWITCH is killed (${when} an answer, ${how}), and so does the command under way`, async () => {
				const standIn = await start();
				const session = await open(standIn);
				standIn.server.faults.on(/^api version/, { kind: "cut", when, how });
				await failsWith(session.api("version"), Disconnected, /FreeSWITCH lost: (closed|reset) by the other side/);
				assert.ok((await session.ended) instanceof Disconnected);
			});
		}
	}

	for (const fault of [{ kind: "hang" }, { kind: "swallow" }, { kind: "freeze" }] as const) {
		it(`is given up when an answer does not come (${fault.kind}), so that no later answer is taken for it`, async () => {
			const standIn = await start();
			const session = await open(standIn, { answerTimeout: 200 });
			standIn.server.faults.on(/^api conference/, fault);
			const why = /did not answer "conference json_list compact" within 0.2 s/;
			await failsWith(session.api("conference json_list compact"), NoAnswer, why);
			await failsWith(session.api("reloadxml"), NoAnswer, why);
			assert.equal(standIn.server.count(/^api reloadxml/), 0);
		});
	}

	it("is given up when an answer has no end", async () => {
		const standIn = await start();
		const session = await open(standIn, { answerTimeout: 90_000 });
		const bytes = "Content-Type: api/response\nContent-Length: 99999999999\n\n";
		standIn.server.faults.on(/^api version/, { kind: "bytes", bytes });
		const answer = failsWith(session.api("version"), TooLong, /more than 32 MiB/);
		const junk = Buffer.alloc(2 ** 20, "x");
		for (let sent = 0; sent <= 33; sent++) {
			standIn.server.inject(junk);
		}
		await answer;
	});
});

describe("opening a session", () => {
	it("subscribes before it counts as open, with filters for the events that matter", async () => {
		const standIn = await start();
		(await open(standIn)).close();
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
		const session = await open(await start({ modulesAfter: 3_600_000 }));
		assert.equal(session.version, undefined);
		session.close();
	});

	it("takes no other answer for a refusal of the password, which would be final", async () => {
		const standIn = await start();
		for (const answer of ["", "+", "-", "-ERR", "OK accepted", "+OÿK accepted"]) {
			standIn.server.faults.on(/^auth/, { kind: "text", text: answer }, 1);
			await assert.rejects(open(standIn), (error) => error instanceof ConnectionLost && !error.final);
		}
	});

	it("tells a wrong password, and where the right one is", async () => {
		const opening = open(await start(), { password: "wrong" });
		await failsWith(opening, PasswordRefused, /EVENTSOCKET_PASSWORD.*event_socket\.conf\.xml/);
	});

	it("tells an address that is not in the list, and where that is", async () => {
		const opening = open(await start({ allows: () => false }));
		await failsWith(opening, AddressRefused, /apply-inbound-acl.*event_socket\.conf\.xml/);
	});

	it("tells a greeting and an answer to the password that never come", async () => {
		const standIn = await start();
		standIn.server.faults.on(/^auth/, { kind: "hang" });
		await failsWith(open(standIn, { answerTimeout: 100 }), NoAnswer, /did not answer auth within 0.1 s/);
		standIn.server.faults.greeting = "";
		await failsWith(open(standIn, { answerTimeout: 100 }), NoAnswer, /not answer with its greeting within 0.1 s/);
	});

	it("tells a subscription that is refused", async () => {
		const standIn = await start();
		standIn.server.faults.on(/^filter/, { kind: "text", text: "-ERR command not found" });
		const words = /answered "filter Action conference-create" with "-ERR command not found"/;
		await failsWith(open(standIn), NotSubscribed, words);
	});

	it("tells a connection that ends at any command", async () => {
		const standIn = await start();
		const last = /^filter Event-Subclass sofia::gateway_delete/;
		for (const how of ["FIN", "RST"] as const) {
			for (const command of [/^auth/, /^event/, /^filter Action conference-destroy/, last, /^api version/]) {
				const takeBack = standIn.server.faults.on(command, { kind: "cut", when: "before", how });
				await failsWith(open(standIn), Disconnected, /connection to FreeSWITCH lost/);
				takeBack();
			}
		}
	});

	it("tells a file of FreeSWITCH's that is a named pipe, and does not wait for somebody who writes", async () => {
		const directory = mkdtempSync(join(tmpdir(), "conf-"));
		cleanUp.push(() => rmSync(directory, { recursive: true }));
		const conf = join(directory, "pipe");
		execFileSync("mkfifo", [conf]);
		const access = accessOf({ host: "", port: 1, password, conf, unset: { host: settings.host } });
		await assert.rejects(access, /it is not a file$/);
	});
});

describe("a peer that is not FreeSWITCH", () => {
	async function listen(speak: (socket: Socket) => void): Promise<AddressInfo> {
		const server = createServer((socket) => {
			cleanUp.push(() => socket.destroy());
			socket.on("error", () => {
				// The client hangs up as it likes.
			});
			speak(socket);
		});
		cleanUp.push(() => server.close());
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return server.address() as AddressInfo;
	}

	const answerTimeout = 300;

	for (const [what, banner] of [
		["an SSH server", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n"],
		["a web server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
		["a mail server", "220 mail.example.org ESMTP\r\n"],
		["noise", "\u0000\u0001\u0002\u0003"],
		["something that begins alike", "Content? No.\n\n"],
	] as const) {
		it(`is told by what it says: ${what}`, async () => {
			const peer = await listen((socket) => socket.write(banner));
			await failsWith(open(peer, { answerTimeout }), NotFreeSwitch, /is not FreeSWITCH's event socket, it said/);
		});
	}

	it("that hangs up at once is told", async () => {
		const peer = await listen((socket) => socket.end());
		await failsWith(open(peer, { answerTimeout }), Disconnected, /closed by the other side/);
	});

	it("that sends headers without end is given up, in time and in memory", async () => {
		const peer = await listen((socket) => {
			const more = () => {
				while (!socket.destroyed && socket.write("Content-Type: auth/request\nX: ".padEnd(65_536, "x"))) {
					// As fast as it is read.
				}
			};
			socket.on("drain", more);
			more();
		});
		const opening = open(peer, { answerTimeout });
		await assert.rejects(opening, (error) => error instanceof TooLong || error instanceof NoAnswer);
	});

	it("that is not there at all is told", async () => {
		const standIn = await start();
		await standIn.close();
		for (const [host, words] of [
			["127.0.0.1", /cannot reach FreeSWITCH's event socket at 127\.0\.0\.1:\d+: connection refused/],
			["localhost", /at localhost:\d+: connection refused/],
			["no-such-host.invalid", /no-such-host.invalid:\d+: (no such host|the name cannot be looked up now)/],
		] as const) {
			await failsWith(open(standIn, { host }), Unreachable, words);
		}
	});
});
