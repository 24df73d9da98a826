import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Connection } from "../../../src/freeswitch/connection.ts";
import {
	AddressRefused,
	ConfUnusable,
	Disconnected,
	NoAnswer,
	PasswordRefused,
	Unreachable,
} from "../../../src/freeswitch/errors.ts";
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

/** ms after which a session counts. */
const lasting = 5_000;

/** Lets a session live, and be lost. */
async function lose(session: ReturnType<typeof fakeSession>, lived = lasting): Promise<void> {
	await clock.advance(lived);
	session.end(new Disconnected(undefined));
	await clock.advance(0);
}

const place = "localhost:8021";
const unreachable = (code: string) => new Unreachable(place, Object.assign(new Error("no connection"), { code }));
const refused = unreachable("ECONNREFUSED");

/** Lets `times` attempts in a row fail; returns the ms from each to the next one. */
async function failures(times: number, reason: ConnectionLost = refused): Promise<number[]> {
	const waits: number[] = [];
	for (let count = attempts.length; waits.length < times; count++) {
		const failedAt = clock.now();
		latest().fail(reason);
		await clock.advanceUntil(() => attempts.length > count, "another attempt is made", 10_000);
		waits.push(latest().at - failedAt);
	}
	return waits;
}

const at = (level: string) => log.lines.flatMap((line) => (line.level === level ? [line.sentence] : []));
const afterwards = "; retrying; no room is added or removed until then";

describe("a connection that cannot be made", () => {
	it("is tried at once and then after 0.2 s, doubling to 1 s while nothing can be reached, less a jitter of half at most", async () => {
		assert.equal(attempts.length, 1);
		assert.deepEqual(await failures(6), [200, 400, 800, 1_000, 1_000, 1_000]);
		random = 1;
		assert.deepEqual(await failures(2), [500, 500]);
		assert.deepEqual(told, []);
	});

	it("is tried after a time that doubles to 5 s where something is reached", async () => {
		const late = new NoAnswer("auth", 10_000);
		assert.deepEqual(await failures(7, late), [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
		assert.deepEqual([await failures(1), await failures(1, late)], [[1_000], [5_000]]);
		random = 1;
		assert.deepEqual(await failures(1, late), [2_500]);
	});

	it("is told in one line, whatever the words for its cause, and in another when it is another trouble", async () => {
		const away = [refused, new Disconnected(undefined), new Disconnected("reset"), unreachable("EHOSTUNREACH")];
		const conf = ["it does not exist", "it is not a file"].map((why) => new ConfUnusable("/x.xml", why));
		const others = [new NoAnswer("auth", 10_000), ...conf, new PasswordRefused(place, "/x.xml"), unreachable("EMFILE")];
		const names = [unreachable("ENOTFOUND"), unreachable("EAI_AGAIN")];
		for (const reason of [...away, ...away, ...others, ...names, ...names, ...away]) {
			await failures(2, reason);
		}
		const said = [refused, ...others, unreachable("ENOTFOUND"), refused];
		assert.deepEqual(
			log.said(/./),
			said.map(({ message }) => `${message}${afterwards}`),
		);
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
	it("after 5 s or more is told, and made anew at once", async () => {
		await lose(await succeed());
		assert.deepEqual([told, attempts.length, latest().at], [["connected", "disconnected"], 2, 5_000]);
		await clock.advance(150);
		await succeed();
		assert.deepEqual(told, ["connected", "disconnected", "connected"]);
		assert.deepEqual(log.said(/./), [
			"connected to FreeSWITCH at localhost:8021",
			`connection to FreeSWITCH lost: closed by the other side${afterwards}`,
			"connected to FreeSWITCH at localhost:8021, after 0.1 s without",
		]);
	});

	it("sooner is made anew after a wait, that goes on growing", async () => {
		await failures(4, new NoAnswer("auth", 10_000));
		await lose(await succeed(), 4_999);
		assert.equal(attempts.length, 5);
		await clock.advance(3_199);
		assert.equal(attempts.length, 5);
		await clock.advance(1);
		assert.equal(attempts.length, 6);
	});

	it("starts the waits anew after 5 s", async () => {
		await failures(6);
		await lose(await succeed());
		assert.equal(attempts.length, 8);
		assert.deepEqual(await failures(3), [200, 400, 800]);
	});

	it("is counted from its loss, through all attempts", async () => {
		await lose(await succeed(), 3_600_000);
		await failures(3);
		await lose(await succeed(), 60_000);
		await succeed();
		assert.equal(at("warn").length, 2, "the same reason is told again");
		const withouts = at("info").map((line) => /, after (.*) without$/.exec(line)?.[1]);
		assert.deepEqual(withouts, [undefined, "1.4 s", "0.0 s"]);
	});

	it("again and again is one trouble: few attempts, and one line, until a session has lived for 5 s", async () => {
		while (clock.now() < 60_000) {
			const count = attempts.length;
			await lose(await succeed(), 0);
			await clock.advanceUntil(() => attempts.length > count, "another attempt is made", 10_000);
		}
		// After 0.2, 0.6, 1.4, 3 and 6.2 s, and then every 5 s.
		assert.equal(attempts.length, 1 + 5 + 11);
		const lost = `connection to FreeSWITCH lost: closed by the other side${afterwards}`;
		const lines = ["connected to FreeSWITCH at localhost:8021", lost];
		assert.deepEqual(log.said(/./), lines);
		const session = await succeed();
		await clock.advance(4_999);
		assert.deepEqual(log.said(/./), lines);
		await clock.advance(1);
		assert.match(
			log.said(/./).slice(2).join("\n"),
			/^connected to FreeSWITCH at localhost:8021, after 6\d\.\d s without$/,
		);
		await lose(session, 0);
		assert.equal(log.said(/./).at(-1), lost);
		assert.equal(latest().at, clock.now(), "the next attempt follows at once");
	});

	it("is told although it was the same trouble before, once the log has said that there is one", async () => {
		await failures(2);
		await lose(await succeed(), 1_000);
		await clock.advance(1_000);
		await failures(20);
		assert.equal(at("warn").length, 2);
		assert.match(log.said(/./).at(-1) ?? "", /^connection to FreeSWITCH lost/);
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
