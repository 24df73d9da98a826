/** Tells systemd's watchdog that the daemon is well, as long as it is: not only its event loop must turn, it must get on. */
import type { Clock } from "../clock.ts";

export interface WatchdogOptions {
	/** ms within which the watchdog wants to hear from this process. */
	readonly limit: number;
	/** ms on the clock until which it is all right that nothing more is heard from the parts that do the work. */
	readonly deadline: () => number;
	/** Tells the watchdog. */
	readonly alive: () => void;
	/** Called once each time that something hangs; it is not cured but by the watchdog. */
	readonly hangs: () => void;
	readonly clock: Clock;
}

/** ms between two looks when something seems to hang. After a process was stopped for long, it does for a moment. */
const lookAgain = 1_000;

export class Watchdog {
	readonly #options: WatchdogOptions;
	/** How often in a row something seemed to hang. */
	#doubts = 0;
	#cancel = () => {};

	constructor(options: WatchdogOptions) {
		this.#options = options;
	}

	start(): void {
		const { limit, deadline, alive, hangs, clock } = this.#options;
		const sound = clock.now() <= deadline();
		this.#doubts = sound ? 0 : this.#doubts + 1;
		if (sound) {
			alive();
		} else if (this.#doubts === 2) {
			hangs();
		}
		this.#cancel = clock.after(sound ? limit / 2 : lookAgain, () => this.start());
	}

	stop(): void {
		this.#cancel();
	}
}
