import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Connection } from "../../../src/freeswitch/connection.ts";
import { AddressRefused, PasswordRefused, type Refused } from "../../../src/freeswitch/errors.ts";
import { ConnectionLost } from "../../../src/freeswitch/event-socket.ts";
import type { Session } from "../../../src/freeswitch/session.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

/** A session that ends when the test says so. */
class FakeSession implements Session {
	readonly version: string | undefined;
	readonly place = "localhost:8021";
	readonly ended: Promise<ConnectionLost>;
	closed = 0;
	end: (reason: ConnectionLost) => void = () => {};

	constructor(version?: string) {
		this.version = version;
		this.ended = new Promise((resolve) => {
			this.end = resolve;
		});
	}

	api(): Promise<string> {
		return Promise.resolve("");
	}

	close(): void {
		this.closed += 1;
		this.end(new ConnectionLost("closed by the daemon"));
	}
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
/** What the rest of the program was told. */
let told: string[];
let losses: ConnectionLost[];
let refusals: Refused[];
let connection: Connection;

beforeEach(() => {
	clock = new SimulatedClock();
	log = recordingLog();
	random = 0;
	attempts = [];
	told = [];
	losses = [];
	refusals = [];
	connection = new Connection({
		open: () =>
			new Promise((succeed, fail) => {
				attempts.push({ at: clock.now(), succeed, fail });
			}),
		connected: () => {
			told.push("connected");
		},
		disconnected: () => {
			told.push("disconnected");
		},
		lost: (error) => {
			losses.push(error);
		},
		refused: (error) => {
			refusals.push(error);
		},
		clock,
		log,
		random: () => random,
	});
});

function latest(): Attempt {
	const attempt = attempts.at(-1);
	assert.ok(attempt);
	return attempt;
}

/** Lets the attempt under way succeed. */
async function succeed(version?: string): Promise<FakeSession> {
	const session = new FakeSession(version);
	latest().succeed(session);
	await clock.advance(0);
	return session;
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

const warnings = () => log.lines.filter(({ level }) => level === "warn").map(({ sentence }) => sentence);

describe("a connection that cannot be made", () => {
	it("is tried at once and then after 0.2 s, doubling to 5 s, for ever", async () => {
		connection.start();
		assert.equal(attempts.length, 1);
		assert.deepEqual(await failures(8), [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
		assert.deepEqual(told, []);
	});

	for (const [jitter, waits] of [
		[0.5, [150, 300, 600, 1_200, 2_400, 3_750, 3_750]],
		[1, [100, 200, 400, 800, 1_600, 2_500, 2_500]],
	] as const) {
		it(`is tried earlier by a jitter of ${jitter}`, async () => {
			random = jitter;
			connection.start();
			assert.deepEqual(await failures(7), waits);
		});
	}

	it("is told in one line, and in another when the reason changes", async () => {
		connection.start();
		await failures(5, "refused");
		await failures(3, "no route");
		await failures(1, "refused");
		assert.deepEqual(
			warnings().map((sentence) => sentence.split(";")[0]),
			["refused", "no route", "refused"],
		);
		assert.deepEqual(log.said(/./), warnings());
	});

	it("is over with a line that tells how long it was away, and where FreeSWITCH is", async () => {
		connection.start();
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
		connection.start();
		await clock.advance(600_000);
		assert.equal(attempts.length, 1);
	});
});

describe("a connection that is lost", () => {
	it("is told and made anew", async () => {
		connection.start();
		const session = await succeed();
		session.end(new ConnectionLost("reset by the other side"));
		await clock.advance(0);
		assert.deepEqual(told, ["connected", "disconnected"]);
		assert.match(warnings()[0] ?? "", /^reset by the other side; no room is registered or un-registered/);
		await clock.advance(199);
		assert.equal(attempts.length, 1);
		await clock.advance(1);
		assert.equal(attempts.length, 2);
		await succeed();
		assert.deepEqual(told, ["connected", "disconnected", "connected"]);
		assert.deepEqual(log.said(/^connected/), [
			"connected to FreeSWITCH at localhost:8021",
			"connected to FreeSWITCH at localhost:8021, after 0.2 s without",
		]);
	});

	it("starts the waits anew, since it was ready before", async () => {
		connection.start();
		await failures(6);
		const session = await succeed();
		session.end(new ConnectionLost("lost"));
		await clock.advance(200);
		assert.equal(latest().at, clock.now());
		assert.deepEqual(await failures(2), [400, 800]);
	});

	it("is told again, though it is for the same reason", async () => {
		connection.start();
		for (let times = 0; times < 2; times++) {
			const session = await succeed();
			session.end(new ConnectionLost("lost"));
			await clock.advance(200);
		}
		assert.equal(warnings().length, 2);
	});

	it("is counted from its loss, through all attempts", async () => {
		connection.start();
		const session = await succeed();
		await clock.advance(3_600_000);
		session.end(new ConnectionLost("lost"));
		await clock.advance(200);
		await failures(2);
		const next = await succeed();
		assert.match(log.lines.at(-1)?.sentence ?? "", /, after 1\.4 s without$/);
		await clock.advance(60_000);
		next.end(new ConnectionLost("lost"));
		await clock.advance(200);
		await succeed();
		assert.match(log.lines.at(-1)?.sentence ?? "", /, after 0\.2 s without$/);
	});
});

describe("a client that FreeSWITCH refuses", () => {
	for (const refusal of [new PasswordRefused("localhost:8021"), new AddressRefused("localhost:8021")]) {
		it(`with ${refusal.name} tries no more`, async () => {
			connection.start();
			await failures(2);
			latest().fail(refusal);
			await clock.advance(600_000);
			assert.equal(attempts.length, 3);
			assert.deepEqual(refusals, [refusal]);
			assert.deepEqual([told, clock.timers], [[], 0]);
		});
	}

	it("for a password that stands in a file tries again, since that may be mended, and says so once", async () => {
		connection.start();
		for (let time = 0; time < 10; time++) {
			latest().fail(new PasswordRefused("localhost:8021", "/etc/event_socket.conf.xml"));
			await clock.advance(5_000);
		}
		assert.deepEqual([attempts.length, refusals], [11, []]);
		const told = log.lines.filter(({ level }) => level === "error").map(({ sentence }) => sentence);
		assert.equal(told.length, 1);
		assert.match(told[0] ?? "", /refused the password that stands in \/etc\/event_socket\.conf\.xml; .*trying again/);
		await succeed();
	});

	it("on reconnecting tries no more", async () => {
		connection.start();
		const session = await succeed();
		session.end(new ConnectionLost("lost"));
		await clock.advance(200);
		latest().fail(new PasswordRefused("localhost:8021"));
		await clock.advance(600_000);
		assert.deepEqual([attempts.length, refusals.length], [2, 1]);
		assert.deepEqual(told, ["connected", "disconnected"]);
	});
});

describe("a connection that is closed", () => {
	it("closes its session, and says nothing of its end", async () => {
		connection.start();
		const session = await succeed();
		connection.close();
		await clock.advance(600_000);
		assert.deepEqual([session.closed, attempts.length, told], [1, 1, ["connected"]]);
		assert.deepEqual([warnings(), clock.timers], [[], 0]);
	});

	it("while it waits makes no other attempt", async () => {
		connection.start();
		latest().fail(new ConnectionLost("refused"));
		await clock.advance(100);
		connection.close();
		await clock.advance(600_000);
		assert.deepEqual([attempts.length, clock.timers], [1, 0]);
	});

	it("while an attempt is under way closes the session that comes late", async () => {
		connection.start();
		connection.close();
		const session = await succeed();
		assert.deepEqual([session.closed, told], [1, []]);
		assert.deepEqual(log.lines, []);
	});

	it("does not mind an attempt that fails late, or is refused late", async () => {
		for (const error of [new ConnectionLost("refused"), new PasswordRefused("localhost:8021")]) {
			connection.start();
			connection.close();
			latest().fail(error);
			await clock.advance(600_000);
		}
		assert.deepEqual([attempts.length, refusals, log.lines], [2, [], []]);
	});
});

describe("whether a connection hangs", () => {
	it("cannot be said while it is there, while it waits for the next attempt, or once it is closed", async () => {
		const sound = () => clock.now() <= connection.soundUntil;
		connection.start();
		for (let time = 0; time < 100; time++) {
			latest().fail(new ConnectionLost("refused"));
			await clock.advance(5_000);
			assert.ok(sound());
		}
		await succeed();
		await clock.advance(600_000);
		assert.ok(sound());
		connection.close();
		assert.ok(sound());
		assert.deepEqual(losses.length, 100);
	});

	it("can be said of an attempt that neither succeeds nor fails, after longer than all its answers may take", async () => {
		connection.start();
		await clock.advance(119_000);
		assert.ok(clock.now() <= connection.soundUntil);
		await clock.advance(2_000);
		assert.ok(clock.now() > connection.soundUntil);
	});
});
