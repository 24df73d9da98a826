/** Tells systemd's watchdog that the daemon is well, as long as it is: its event loop turns, and its parts make progress. */
import { type Backoff, waitAfter } from "../backoff.ts";
import type { Clock } from "../clock.ts";

export interface WatchdogOptions {
	/** ms within which the watchdog wants to hear from this process; undefined if there is none. */
	readonly limit: number | undefined;
	/** ms on the clock by which the parts that do the work must have made progress. */
	readonly deadline: () => number;
	/** Tells the watchdog. Resolves with whether it was told. */
	readonly alive: () => Promise<boolean>;
	/** Called once each time that something hangs; only the watchdog cures it. */
	readonly hangs: () => void;
	readonly clock: Clock;
}

/** ms between two looks when something seems to hang. After a process was stopped for long, it does for a moment. */
const lookAgain = 1_000;

/** Between pings that fail: a healthy daemon must not be ended for two or three of them. */
const afterFailure: Backoff = { first: 100, most: 1_000 };

export class Watchdog {
	readonly #options: WatchdogOptions;
	/** How often in a row something seemed to hang. */
	#doubts = 0;
	/** How many pings in a row have failed. */
	#failures = 0;

	constructor(options: WatchdogOptions) {
		this.#options = options;
	}

	start(): void {
		const { limit, deadline, hangs, clock } = this.#options;
		if (limit === undefined) {
			return;
		}
		this.#doubts = clock.now() <= deadline() ? 0 : this.#doubts + 1;
		if (this.#doubts === 0) {
			void this.#ping(limit / 3);
			return;
		}
		if (this.#doubts === 2) {
			hangs();
		}
		clock.after(lookAgain, () => this.start());
	}

	async #ping(pause: number): Promise<void> {
		const { alive, clock } = this.#options;
		this.#failures = (await alive()) ? 0 : this.#failures + 1;
		clock.after(this.#failures === 0 ? pause : waitAfter(this.#failures, afterFailure), () => this.start());
	}
}
