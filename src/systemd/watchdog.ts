/** Tells systemd's watchdog that the daemon is well, as long as it is: its event loop turns, and its parts make progress. */
import type { Clock } from "../clock.ts";

export interface WatchdogOptions {
	/** ms within which the watchdog wants to hear from this process; undefined if there is none. */
	readonly limit: number | undefined;
	/** ms on the clock by which the parts that do the work must have made progress. */
	readonly deadline: () => number;
	/** Tells the watchdog. */
	readonly alive: () => void;
	/** Called once each time that something hangs; only the watchdog cures it. */
	readonly hangs: () => void;
	readonly clock: Clock;
}

/** ms between two looks when something seems to hang. After a process was stopped for long, it does for a moment. */
const lookAgain = 1_000;

export class Watchdog {
	readonly #options: WatchdogOptions;
	/** How often in a row something seemed to hang. */
	#doubts = 0;

	constructor(options: WatchdogOptions) {
		this.#options = options;
	}

	start(): void {
		const { limit, deadline, alive, hangs, clock } = this.#options;
		if (limit === undefined) {
			return;
		}
		this.#doubts = clock.now() <= deadline() ? 0 : this.#doubts + 1;
		if (this.#doubts === 0) {
			alive();
		} else if (this.#doubts === 2) {
			hangs();
		}
		clock.after(this.#doubts === 0 ? limit / 2 : lookAgain, () => this.start());
	}
}
