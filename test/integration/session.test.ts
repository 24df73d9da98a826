/** One connection over real sockets: to the stand-in, and to peers that are no FreeSWITCH. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { settings } from "../../src/config/settings.ts";
import { accessOf } from "../../src/freeswitch/access.ts";
import { coreUuid } from "../../src/freeswitch/commands.ts";
import * as errors from "../../src/freeswitch/errors.ts";
import { ask, ConnectionLost } from "../../src/freeswitch/event-socket.ts";
import type { Event } from "../../src/freeswitch/events.ts";
import { type EventSocketOptions, openEventSocket, type Session } from "../../src/freeswitch/session.ts";
import { StandIn, type StandInOptions } from "../stand-in/stand-in.ts";
import { until } from "../support/until.ts";

const password = "s3cret & strange";

let standIn: StandIn;
let events: Event[];
/** Closes what a test has opened. */
let cleanUp: (() => void)[];

beforeEach(async () => {
	standIn = await StandIn.start({ password });
	events = [];
	cleanUp = [];
});

afterEach(async () => {
	for (const clean of cleanUp) {
		clean();
	}
	await standIn.close();
});

/** Starts the stand-in again, not like others. */
async function restart(options: StandInOptions): Promise<void> {
	await standIn.close();
	standIn = await StandIn.start({ password, ...options });
}

async function open(more: Partial<EventSocketOptions> = {}): Promise<Session> {
	const options = { host: "127.0.0.1", port: standIn.port, password, ...more };
	const session = await openEventSocket(options, (event) => events.push(event));
	cleanUp.push(() => session.close());
	return session;
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
	it("tells FreeSWITCH's version, gives answers to commands as they are, and delivers the events that matter in order", async () => {
		const session = await open();
		assert.equal(session.version, "1.10.12-release~64bit");
		assert.equal(await session.api("reloadxml"), "+OK [Success]\n");
		assert.equal(await session.api("sofia profile external killgw conf_1"), "-ERR no such gateway.\n");
		assert.equal(await session.api("sofia profile nosuch rescan"), "Invalid Profile [nosuch]");
		standIn.freeswitch.conferences.create("12345");
		standIn.freeswitch.conferences.talk("12345");
		standIn.freeswitch.conferences.destroy("12345");
		await session.api("conference json_list compact");
		assert.deepEqual(events, [
			{ kind: "conference-created", conference: "12345" },
			{ kind: "conference-destroyed", conference: "12345" },
		]);
	});

	for (const pieces of [1, 2, 3, 7, 64]) {
		it(`reads frames and characters that are cut into pieces of ${pieces} bytes`, async () => {
			standIn.server.faults.pieces = pieces;
			const session = await open();
			const name = 'Zoë 🎧 "quoted" \\ 漢字';
			standIn.freeswitch.conferences.create("12345", [{ name, number: "1" }]);
			const [listed] = JSON.parse(await session.api("conference json_list compact")) as {
				members: { caller_id_name: string }[];
			}[];
			assert.equal(listed?.members[0]?.caller_id_name, name);
			await until(() => events.length === 1, "the event has come");
		});
	}

	it("is not harmed by frames of unknown types, without a type, empty ones by the thousand, with broken JSON or of other events", async () => {
		const session = await open();
		for (const frame of [
			...["", "Content-Type: text/event-json\n", "Content-Type: text/strange\n"].flatMap((type) =>
				["hello", "{broken!", "{}", "null", '{"Event-Name":"NEVER_HEARD"}', '{"Event-Name":"CUSTOM"}'].map(
					(body) => `${type}Content-Length: ${body.length}\n\n${body}`,
				),
			),
			"\n".repeat(100_000),
		]) {
			standIn.server.inject(frame);
		}
		standIn.freeswitch.conferences.create("1");
		assert.match(await session.api("conference json_list compact"), /"conference_name":"1"/);
		assert.deepEqual(events, [{ kind: "conference-created", conference: "1" }]);
	});

	it("ends, with the reason, when FreeSWITCH shuts down", async () => {
		const session = await open();
		await standIn.shutdown();
		assert.match((await session.ended).message, /The system is being shut down/);
		await failsWith(session.api("version"), errors.Disconnected, /shut down/);
	});

	for (const when of ["after", "middle"] as const) {
		for (const how of ["FIN", "RST"] as const) {
			it(`ends when FreeSWITCH is killed (${when} an answer, ${how}), and so does the command under way`, async () => {
				const session = await open();
				standIn.server.faults.on(/^api version/, { kind: "cut", when, how });
				const words = /FreeSWITCH lost: (closed|reset) by the other side/;
				await failsWith(session.api("version"), errors.Disconnected, words);
				assert.ok((await session.ended) instanceof errors.Disconnected);
			});
		}
	}

	for (const fault of [{ kind: "hang" }, { kind: "swallow" }, { kind: "freeze" }] as const) {
		it(`is given up when an answer does not come (${fault.kind}), so that no later answer is taken for it`, async () => {
			const session = await open({ answerTimeout: 200 });
			standIn.server.faults.on(/^api conference/, fault);
			const why = /did not answer "conference json_list compact" within 0.2 s/;
			await failsWith(session.api("conference json_list compact"), errors.NoAnswer, why);
			await failsWith(session.api("reloadxml"), errors.NoAnswer, why);
			assert.equal(standIn.server.count(/^api reloadxml/), 0);
		});
	}

	it("is given up when an answer has no end", async () => {
		const session = await open({ answerTimeout: 90_000 });
		const bytes = "Content-Type: api/response\nContent-Length: 99999999999\n\n";
		standIn.server.faults.on(/^api version/, { kind: "bytes", bytes });
		const answer = failsWith(session.api("version"), errors.TooLong, /more than 32 MiB/);
		const junk = Buffer.alloc(2 ** 20, "x");
		for (let sent = 0; sent <= 33; sent++) {
			standIn.server.inject(junk);
		}
		await answer;
	});
});

describe("opening a session", () => {
	it("subscribes before it counts as open, with filters for the events that matter", async () => {
		await open();
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
		await restart({ modulesAfter: 3_600_000 });
		assert.equal((await open()).version, undefined);
	});

	it("tells the Core-UUID that FreeSWITCH's events bear, which every start changes", async () => {
		const uuids: unknown[] = [];
		standIn.freeswitch.events.listen((event) => uuids.push(event["Core-UUID"]));
		standIn.freeswitch.conferences.create("1");
		const core = async () => await ask(await open(), coreUuid);
		const [first, again] = [await core(), await core()];
		assert.deepEqual([first, again], [uuids[0], uuids[0]]);
		await standIn.kill();
		await standIn.start();
		assert.notEqual(await core(), first);
	});

	it("takes no other answer for a refusal of the password, which would be final", async () => {
		for (const answer of ["", "+", "-", "-ERR", "OK accepted", "+OÿK accepted"]) {
			standIn.server.faults.on(/^auth/, { kind: "text", text: answer }, 1);
			await assert.rejects(open(), (error) => error instanceof ConnectionLost && !error.final);
		}
	});

	it("tells a wrong password and an address that is not in the list, and where the right ones are", async () => {
		const words = /EVENTSOCKET_PASSWORD.*event_socket\.conf\.xml/;
		await failsWith(open({ password: "wrong" }), errors.PasswordRefused, words);
		await restart({ allows: () => false });
		await failsWith(open(), errors.AddressRefused, /apply-inbound-acl.*event_socket\.conf\.xml/);
	});

	it("tells a greeting and an answer to the password that never come", async () => {
		standIn.server.faults.on(/^auth/, { kind: "hang" });
		await failsWith(open({ answerTimeout: 100 }), errors.NoAnswer, /did not answer auth within 0.1 s/);
		standIn.server.faults.greeting = "";
		await failsWith(open({ answerTimeout: 100 }), errors.NoAnswer, /not answer with its greeting within 0.1 s/);
	});

	it("tells a subscription that is refused", async () => {
		standIn.server.faults.on(/^filter/, { kind: "text", text: "-ERR command not found" });
		const words = /answered "filter Action conference-create" with "-ERR command not found"/;
		await failsWith(open(), errors.NotSubscribed, words);
	});

	it("tells a connection that ends at any command", async () => {
		const last = /^filter Event-Subclass sofia::gateway_delete/;
		for (const how of ["FIN", "RST"] as const) {
			for (const command of [/^auth/, /^event/, /^filter Action conference-destroy/, last, /^api version/]) {
				const takeBack = standIn.server.faults.on(command, { kind: "cut", when: "before", how });
				await failsWith(open(), errors.Disconnected, /connection to FreeSWITCH lost/);
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

/** Lets a socket end as it likes, at the latest with the test. */
function bear(socket: Socket): Socket {
	cleanUp.push(() => socket.destroy());
	return socket.on("error", () => {
		// The other side hangs up as it likes.
	});
}

/** Has something listen there that speaks like this; returns the port. */
async function listen(speak: (socket: Socket) => void, host = "127.0.0.1", port = 0): Promise<number> {
	const server = createServer((socket) => {
		bear(socket);
		speak(socket);
	});
	cleanUp.push(() => server.close());
	server.listen(port, host);
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
	addresses?.some(({ address }) => address === "::1"),
);

describe("a host with several addresses", { skip: hasIpv6 ? false : "this host has no ::1" }, () => {
	const refuse = (socket: Socket) =>
		socket.end("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n");
	const toStandIn = (socket: Socket) => socket.pipe(bear(connect(standIn.port))).pipe(socket);
	const behaviours: Record<string, (socket: Socket) => void> = {
		"refuses this host's address": refuse,
		"resets the connection at once": (socket) => socket.resetAndDestroy(),
		"closes the connection at once": (socket) => socket.end(),
		"is something else": (socket) => socket.write("SSH-2.0-OpenSSH_9.2p1\r\n"),
		"says nothing": () => {},
	};

	for (const [what, behave] of Object.entries(behaviours)) {
		it(`is served at the second where the first ${what}`, async () => {
			const port = await listen(behave);
			await listen(toStandIn, "::1", port);
			const session = await open({ host: "localhost", port, answerTimeout: 2_000 });
			assert.equal(session.place, `localhost:${port} (::1)`);
			assert.equal(await session.api("reloadxml"), "+OK [Success]\n");
		});

		it(`is served at the first although the second ${what}`, async () => {
			await listen(behave, "::1", standIn.port);
			assert.equal((await open({ host: "localhost" })).place, `localhost:${standIn.port} (127.0.0.1)`);
		});
	}

	it("is served at the second where nothing listens at the first", async () => {
		const port = await listen(toStandIn, "::1");
		assert.equal((await open({ host: "localhost", port })).place, `localhost:${port} (::1)`);
	});

	it("refuses for good only if all that can be reached refuse, and the log names them", async () => {
		const port = await listen(refuse);
		const words = new RegExp(`FreeSWITCH at localhost:${port} \\(127\\.0\\.0\\.1, ::1\\) refused this host's address`);
		await failsWith(open({ host: "localhost", port }), errors.AddressRefused, words);
		await listen(refuse, "::1", port);
		await failsWith(open({ host: "localhost", port }), errors.AddressRefused, words);
	});

	it("is tried again where one refuses and another may yet let in", async () => {
		const port = await listen(refuse);
		await listen((socket) => socket.end(), "::1", port);
		await failsWith(open({ host: "localhost", port }), errors.Disconnected, /closed by the other side/);
	});

	it("is not asked anywhere else once a FreeSWITCH has asked for the password", async () => {
		let others = 0;
		await listen(() => others++, "::1", standIn.port);
		await failsWith(open({ host: "localhost", password: "wrong" }), errors.PasswordRefused, /refused the password/);
		assert.equal(others, 0);
	});
});

describe("a peer that is not FreeSWITCH", () => {
	const answerTimeout = 300;

	it("is told by what it says, and when it hangs up at once", async () => {
		for (const banner of [
			...["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "Content? No.\n\n"],
			...["220 mail.example.org ESMTP\r\n", "\u0000\u0001\u0002\u0003"],
		]) {
			const port = await listen((socket) => socket.write(banner));
			const words = /is not FreeSWITCH's event socket, it said/;
			await failsWith(open({ port, answerTimeout }), errors.NotFreeSwitch, words);
		}
		const port = await listen((socket) => socket.end());
		await failsWith(open({ port, answerTimeout }), errors.Disconnected, /closed by the other side/);
	});

	it("that sends headers without end is given up, in time and in memory", async () => {
		const port = await listen((socket) => {
			const more = () => {
				while (!socket.destroyed && socket.write("Content-Type: auth/request\nX: ".padEnd(65_536, "x"))) {
					// As fast as it is read.
				}
			};
			socket.on("drain", more);
			more();
		});
		const opening = open({ port, answerTimeout });
		await assert.rejects(opening, (error) => error instanceof errors.TooLong || error instanceof errors.NoAnswer);
	});

	it("that is not there at all is told", async () => {
		await standIn.close();
		for (const [host, words] of [
			["127.0.0.1", /cannot reach FreeSWITCH's event socket at 127\.0\.0\.1:\d+: connection refused/],
			["localhost", /at localhost:\d+ \(127\.0\.0\.1, ::1\): connection refused/],
			["127.1", /at 127\.1:\d+ \(127\.0\.0\.1\): connection refused/],
			["no-such-host.invalid", /no-such-host.invalid:\d+: (no such host|the name cannot be looked up now)/],
		] as const) {
			await failsWith(open({ host }), errors.Unreachable, words);
		}
	});
});
