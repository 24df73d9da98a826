/**
 * How much the daemon may do, whatever happens. The bounds follow from its waits: 150 ms between passes, 1 s doubling to 60 s
 * between the runs of a script that fails, 0.2 s doubling to 5 s (less a jitter of half) between tries to connect: to 1 s after
 * one that reached nothing, and none after a session that had lived for 5 s.
 */
import type { Clock } from "../../src/clock.ts";

/**
 * The least ms between two looks of a daemon, however many passes are asked for on however many connections: seven a second,
 * each with two lists, at most one reloadxml and one rescan, and a command for each gateway.
 */
const spacing = 150;

/** ms after which a session counts. */
const lasting = 5_000;

/** ms by which sums of times may be wrong. */
const rounding = 0.001;

export class Storms {
	readonly #clock: Clock;
	readonly #fail: (sentence: string) => void;
	#lastPass = Number.NEGATIVE_INFINITY;
	/** What has been sent since the last pass began. */
	#inPass: string[] = [];
	/** For each room, when it last had a reason to be served anew, and how often the script was run since. */
	readonly #runs = new Map<string, { since: number; count: number }>();
	#failures = 0;
	#failedAt = 0;
	/** ms of the longest wait after the last failure. */
	#longest = 0;
	/** ms on the clock; never while there is no session. */
	#connectedAt = Number.POSITIVE_INFINITY;
	/** Since the simulation's beginning. */
	readonly counts = { passes: 0, commands: 0, runs: 0 };

	constructor(clock: Clock, fail: (sentence: string) => void) {
		this.#clock = clock;
		this.#fail = fail;
	}

	sent(command: string): void {
		this.counts.commands += 1;
		if (command.startsWith("conference list")) {
			const now = this.#clock.now();
			if (now - this.#lastPass < spacing - rounding) {
				this.#fail(`the daemon looks twice within ${(now - this.#lastPass).toFixed(0)} ms`);
			}
			this.#lastPass = now;
			this.counts.passes += 1;
			this.#inPass = [];
		} else if (command !== "version" && !command.startsWith("global_getvar") && !command.includes("killgw")) {
			if (this.#inPass.includes(command)) {
				this.#fail(`the daemon sends "${command}" twice in one pass`);
			}
			this.#inPass.push(command);
		}
	}

	/** The connection, FreeSWITCH or the daemon is a new one: a pass begins anew, and every room may be served anew. */
	newConnection(): void {
		this.#inPass = [];
		this.#runs.clear();
	}

	/** A room has started or ended. */
	newCause(room: string): void {
		this.#runs.delete(room);
	}

	scriptStarted(room: string): void {
		const now = this.#clock.now();
		const runs = this.#runs.get(room) ?? { since: now, count: 0 };
		this.#runs.set(room, runs);
		runs.count += 1;
		this.counts.runs += 1;
		const seconds = (now - runs.since) / 1_000;
		// The n-th failure is followed by a wait of 2^(n-1) s, 60 s at most; a success may begin that anew.
		if (runs.count > 4 + 2 * Math.log2(1 + seconds) + seconds / 30) {
			this.#fail(`the script is run for room ${room} ${runs.count} times within ${seconds.toFixed(1)} s`);
		}
	}

	/** The daemon tries to connect. */
	connecting(): void {
		const least = this.#failures === 0 ? 0 : Math.min(this.#longest, 200 * 2 ** (this.#failures - 1)) / 2;
		if (this.#clock.now() < this.#failedAt + least - 1) {
			this.#fail("the daemon tries to connect without waiting long enough");
		}
	}

	connected(): void {
		this.#connectedAt = this.#clock.now();
	}

	/** A connection was lost, or could not be made. */
	connectionFailed(reached: "something" | "nothing" = "something"): void {
		const lived = this.#clock.now() - this.#connectedAt;
		this.#connectedAt = Number.POSITIVE_INFINITY;
		this.#failures = lived >= lasting - rounding ? 0 : this.#failures + 1;
		this.#longest = reached === "something" ? 5_000 : 1_000;
		this.#failedAt = this.#clock.now();
	}

	/** The daemon's process is a new one. */
	newDaemon(): void {
		this.#failures = 0;
		this.#connectedAt = Number.POSITIVE_INFINITY;
		this.#lastPass = Number.NEGATIVE_INFINITY;
		this.newConnection();
	}
}
