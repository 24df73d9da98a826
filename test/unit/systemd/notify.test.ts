import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Notices, watchdogLimit, withoutSystemd } from "../../../src/systemd/notify.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";

let clock: SimulatedClock;
let log: RecordingLog;
/** What was sent, with the second at which it was. */
let sent: string[];
/** ms that sending takes. */
let takes: number;
let failing: boolean;
let notices: Notices;

beforeEach(() => {
	clock = new SimulatedClock();
	log = recordingLog();
	sent = [];
	takes = 10;
	failing = false;
	const send = async (assignments: readonly string[]) => {
		sent.push(`${(clock.now() / 1_000).toFixed(1)} ${assignments.join(" ")}`);
		await new Promise<void>((resolve) => clock.after(takes, resolve));
		if (failing) {
			throw new Error("no such program");
		}
	};
	notices = new Notices(send, clock, log);
});

describe("what systemd is told", () => {
	it("is the start, once, and a status at once", async () => {
		notices.status(() => "connected");
		notices.ready();
		notices.ready();
		await clock.advance(10_000);
		assert.deepEqual(sent, ["0.0 STATUS=connected", "0.0 READY=1"]);
	});

	it("is a status once a second at most, always the latest, and none that it knows; nobody makes one in between", async () => {
		let made = 0;
		for (let rooms = 1; rooms <= 50; rooms++) {
			notices.status(() => {
				made += 1;
				return `${rooms} rooms`;
			});
			await clock.advance(50);
		}
		await clock.advance(10_000);
		assert.equal(made, 4);
		notices.status(() => "50 rooms");
		await clock.advance(10_000);
		assert.deepEqual(sent, ["0.0 STATUS=1 rooms", "1.0 STATUS=20 rooms", "2.0 STATUS=40 rooms", "3.0 STATUS=50 rooms"]);
		assert.equal(clock.timers, 0);
	});

	it("does not let a change of the status delay what is urgent", async () => {
		notices.status(() => "one");
		await clock.advance(100);
		notices.status(() => "two");
		void notices.alive();
		await clock.advance(1_000);
		assert.deepEqual(sent, ["0.0 STATUS=one", "0.1 WATCHDOG=1", "1.0 STATUS=two"]);
	});

	it("is sent one after the other, since what is sent later must arrive later", async () => {
		takes = 700;
		notices.ready();
		void notices.alive();
		notices.status(() => "one");
		await clock.advance(800);
		assert.deepEqual(sent, ["0.0 READY=1", "0.7 WATCHDOG=1 STATUS=one"]);
	});

	it("is one line of text, however long", async () => {
		notices.status(() => "a\nREADY=1\r\n\tb");
		await clock.advance(1);
		assert.deepEqual(sent, ["0.0 STATUS=a READY=1 b"]);
		notices.status(() => "x".repeat(10_000));
		await clock.advance(2_000);
		assert.ok((sent[1] ?? "").length < 300);
	});

	it("is the end with the last status at once, which keeps nobody waiting for more than a second", async () => {
		notices.status(() => "one");
		await clock.advance(100);
		notices.status(() => "stopped");
		const stopping = notices.stopping();
		await clock.advance(20);
		await stopping;
		assert.deepEqual(sent.slice(1), ["0.1 STATUS=stopped STOPPING=1"]);
		takes = 5_000;
		const slow = notices.stopping();
		await clock.advance(1_000);
		await slow;
	});

	it("is nothing where nobody listens", async () => {
		const mute = new Notices(undefined, clock, log);
		mute.ready();
		mute.status(() => "one");
		void mute.alive();
		await mute.stopping();
		assert.deepEqual([sent, clock.timers, log.lines], [[], 0, []]);
	});
});

describe("what cannot be sent", () => {
	it("is said once, and sent again less and less often, but for old pings", async () => {
		failing = true;
		notices.ready();
		void notices.alive();
		notices.status(() => "one");
		await clock.advance(600_000);
		assert.equal(log.said(/systemd cannot be told how the service is \(no such program\)/).length, 1);
		assert.ok(sent.length > 8 && sent.length < 20, String(sent.length));
		assert.ok(sent.slice(2).every((line) => / STATUS=one READY=1$/.test(line)));
		failing = false;
		await clock.advance(120_000);
		const { length } = sent;
		await clock.advance(600_000);
		assert.equal(sent.length, length);
	});

	it("is counted, and said again when it can be sent", async () => {
		failing = true;
		notices.ready();
		await clock.advance(3_000);
		failing = false;
		await clock.advance(10_000);
		assert.deepEqual(log.said(/can be told again/), [
			"systemd can be told again how the service is; 2 tries had failed",
		]);
		notices.status(() => "one");
		await clock.advance(10_000);
		assert.equal(log.lines.length, 2);
	});

	it("keeps no ping waiting, which tells whether it was sent and takes along what waits", async () => {
		failing = true;
		notices.ready();
		await clock.advance(10_000);
		sent.length = 0;
		const failed = notices.alive();
		await clock.advance(takes);
		assert.deepEqual([sent, await failed], [["10.0 READY=1 WATCHDOG=1"], false]);
		failing = false;
		const ping = notices.alive();
		await clock.advance(takes);
		assert.deepEqual([sent[1], await ping], ["10.0 READY=1 WATCHDOG=1", true]);
	});

	it("does not keep the end from being sent", async () => {
		failing = true;
		notices.status(() => "one");
		await clock.advance(5_000);
		failing = false;
		const stopping = notices.stopping();
		await clock.advance(50);
		await stopping;
		assert.match(sent.at(-1) ?? "", /^5\.0 STATUS=one STOPPING=1$/);
	});
});

describe("the watchdog's limit", () => {
	const NOTIFY_SOCKET = "/run/notify";

	it("is what systemd says, in ms; none where there is no watchdog, or where it watches another process", () => {
		const [WATCHDOG_USEC, WATCHDOG_PID] = ["60000000", "7"];
		for (const [environment, limit] of [
			[{ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID }, 60_000],
			[{ NOTIFY_SOCKET, WATCHDOG_USEC: "500000" }, 500],
			[{ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID: "8" }, undefined],
			...[{}, { NOTIFY_SOCKET }, { WATCHDOG_USEC }].map((some) => [some, undefined] as const),
			...["0", "soon", ""].map((usec) => [{ NOTIFY_SOCKET, WATCHDOG_USEC: usec }, undefined] as const),
		] as const) {
			assert.equal(watchdogLimit(environment, 7), limit);
		}
	});
});

describe("the script's environment", () => {
	it("has nothing of what is between systemd and the daemon", () => {
		const environment = { NOTIFY_SOCKET: "x", WATCHDOG_USEC: "1", WATCHDOG_PID: "7", SITE: "ours" };
		assert.deepEqual(JSON.parse(JSON.stringify(withoutSystemd(environment))), { SITE: "ours" });
	});
});
