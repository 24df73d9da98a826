import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Connection } from "../../../src/freeswitch/connection.ts";
import { AddressRefused, PasswordRefused } from "../../../src/freeswitch/errors.ts";
import { ConnectionLost } from "../../../src/freeswitch/event-socket.ts";
import type { Session } from "../../../src/freeswitch/session.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

/** A session that ends when the test says so. */
function fakeSession(version?: string) {
	let end: (reason: ConnectionLost) => void = () => {};
	const ended = new Promise<ConnectionLost>((resolve) => {
		end = resolve;
	});
	const session = {
		version,
		core: undefined,
		place: "localhost:8021",
		ended,
		end,
		closed: 0,
		api: () => Promise.resolve(""),
		close,
	};
	function close(): void {
		session.closed += 1;
		end(new ConnectionLost("closed by the daemon"));
	}
	return session;
}

interface Attempt {
	/** ms on the clock. */
	readonly at: number;
	readonly succeed: (session: Session) => void;
	readonly fail: (error: Error) => void;
}

let clock: SimulatedClock;
let log: RecordingLog;
let random: number;
let attempts: Attempt[];
/** What the rest of the program was told, but for attempts that failed. */
let told: string[];
let losses: ConnectionLost[];
let connection: Connection;

beforeEach(() => {
	clock = new SimulatedClock();
	log = recordingLog();
	random = 0;
	attempts = [];
	told = [];
	losses = [];
	connection = new Connection({
		open: () => new Promise((succeed, fail) => attempts.push({ at: clock.now(), succeed, fail })),
		connected: () => told.push("connected"),
		disconnected: () => told.push("disconnected"),
		away: () => {},
		lost: (error) => losses.push(error),
		clock,
		log,
		random: () => random,
	});
	connection.start();
});

function latest(): Attempt {
	const attempt = attempts.at(-1);
	assert.ok(attempt);
	return attempt;
}

/** Lets the attempt under way succeed. */
async function succeed(version?: string) {
	const session = fakeSession(version);
	latest().succeed(session);
	await clock.advance(0);
	return session;
}

/** Lets the connection be lost; the next attempt is under way then. */
async function lose(session: ReturnType<typeof fakeSession>): Promise<void> {
	session.end(new ConnectionLost("lost"));
	await clock.advance(200);
}

/** Lets `times` attempts in a row fail; returns the ms from each to the next one. */
async function failures(times: number, reason = "refused"): Promise<number[]> {
	const waits: number[] = [];
	for (let count = attempts.length; waits.length < times; count++) {
		const failedAt = clock.now();
		latest().fail(new ConnectionLost(reason));
		await clock.advanceUntil(() => attempts.length > count, "another attempt is made", 10_000);
		waits.push(latest().at - failedAt);
	}
	return waits;
}

const at = (level: string) => log.lines.flatMap((line) => (line.level === level ? [line.sentence] : []));
const afterwards = "; retrying; no room is added or removed until then";

describe("a connection that cannot be made", () => {
	it("is tried at once and then after 0.2 s, doubling to 5 s, for ever, less a jitter of half at most", async () => {
		assert.equal(attempts.length, 1);
		assert.deepEqual(await failures(8), [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
		random = 1;
		await lose(await succeed());
		assert.deepEqual(await failures(6), [200, 400, 800, 1_600, 2_500, 2_500]);
		assert.deepEqual(told, ["connected", "disconnected"]);
	});

	it("is told in one line, and in another when the reason changes", async () => {
		await failures(5, "refused");
		await failures(3, "no route");
		await failures(1, "refused");
		assert.deepEqual(at("warn"), [`refused${afterwards}`, `no route${afterwards}`, `refused${afterwards}`]);
		assert.deepEqual(log.said(/./), at("warn"));
	});

	it("is over with a line that tells how long it was away, and where FreeSWITCH is", async () => {
		await failures(3);
		await succeed("1.10.12-release~64bit");
		assert.deepEqual(log.lines.at(-1), {
			level: "info",
			fields: { version: "1.10.12-release~64bit" },
			sentence: "connected to FreeSWITCH 1.10.12-release~64bit at localhost:8021, after 1.4 s without",
		});
		assert.deepEqual(told, ["connected"]);
	});

	it("is not tried while an attempt is under way, however long that takes", async () => {
		await clock.advance(600_000);
		assert.equal(attempts.length, 1);
	});
});

describe("a connection that is lost", () => {
	it("is told and made anew", async () => {
		const session = await succeed();
		session.end(new ConnectionLost("reset by the other side"));
		await clock.advance(199);
		assert.deepEqual([told, attempts.length], [["connected", "disconnected"], 1]);
		await clock.advance(1);
		assert.equal(attempts.length, 2);
		await succeed();
		assert.deepEqual(told, ["connected", "disconnected", "connected"]);
		assert.deepEqual(log.said(/./), [
			"connected to FreeSWITCH at localhost:8021",
			`reset by the other side${afterwards}`,
			"connected to FreeSWITCH at localhost:8021, after 0.2 s without",
		]);
	});

	it("starts the waits anew, since it was ready before", async () => {
		await failures(6);
		await lose(await succeed());
		assert.deepEqual(await failures(2), [400, 800]);
	});

	it("is counted from its loss, through all attempts", async () => {
		const session = await succeed();
		await clock.advance(3_600_000);
		await lose(session);
		await failures(2);
		const next = await succeed();
		await clock.advance(60_000);
		await lose(next);
		await succeed();
		assert.equal(at("warn").filter((line) => line.startsWith("lost;")).length, 2, "the same reason is told again");
		const withouts = at("info").map((line) => /, after (.*) without$/.exec(line)?.[1]);
		assert.deepEqual(withouts, [undefined, "1.4 s", "0.2 s"]);
	});
});

describe("a client that FreeSWITCH refuses", () => {
	for (const refusal of [new PasswordRefused("localhost:8021"), new AddressRefused("localhost:8021")]) {
		it(`with ${refusal.name} tries no more, at the start or on reconnecting`, async () => {
			await lose(await succeed());
			await failures(1);
			latest().fail(refusal);
			await clock.advance(600_000);
			assert.deepEqual([attempts.length, losses.at(-1), clock.timers], [3, refusal, 0]);
			assert.deepEqual(told, ["connected", "disconnected"]);
		});
	}

	it("for a password in a file tries again, since that may be mended, and says so once", async () => {
		for (let time = 0; time < 10; time++) {
			latest().fail(new PasswordRefused("localhost:8021", "/etc/event_socket.conf.xml"));
			await clock.advance(5_000);
		}
		assert.equal(attempts.length, 11);
		assert.match(at("error").join("\n"), /^.*refused the password in \/etc\/event_socket\.conf\.xml; .*; retrying;.*$/);
		await succeed();
	});
});

describe("a connection that is closed", () => {
	it("closes its session, and says nothing of its end", async () => {
		const session = await succeed();
		connection.close();
		await clock.advance(600_000);
		assert.deepEqual([session.closed, attempts.length, told, at("warn"), clock.timers], [1, 1, ["connected"], [], 0]);
	});

	it("while it waits makes no other attempt, and while one is under way closes the session that comes late", async () => {
		latest().fail(new ConnectionLost("refused"));
		await clock.advance(100);
		connection.close();
		await clock.advance(600_000);
		assert.deepEqual([attempts.length, clock.timers], [1, 0]);
		connection.start();
		connection.close();
		const { closed } = await succeed();
		assert.deepEqual([closed, told, log.lines.length], [1, [], 1]);
	});

	it("does not mind an attempt that fails late, or is refused late", async () => {
		for (const error of [new ConnectionLost("refused"), new PasswordRefused("localhost:8021")]) {
			connection.start();
			connection.close();
			latest().fail(error);
			await clock.advance(600_000);
		}
		assert.deepEqual([attempts.length, losses, log.lines], [3, [], []]);
	});
});

describe("whether a connection hangs", () => {
	const hangs = () => clock.now() > connection.deadline;

	it("cannot be said while it is there, while it waits for the next attempt, or once it is closed", async () => {
		for (let time = 0; time < 100; time++) {
			latest().fail(new ConnectionLost("refused"));
			await clock.advance(5_000);
			assert.ok(!hangs());
		}
		await succeed();
		await clock.advance(600_000);
		assert.ok(!hangs());
		connection.close();
		assert.ok(!hangs());
	});

	it("can be said of an attempt that neither succeeds nor fails, after longer than all its answers may take", async () => {
		await clock.advance(119_000);
		assert.ok(!hangs());
		await clock.advance(2_000);
		assert.ok(hangs());
	});
});
