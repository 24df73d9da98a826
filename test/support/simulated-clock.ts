/** A clock whose time passes only when a test says so, so that an hour takes a moment and every run is the same run. */
import type { Clock } from "../../src/clock.ts";

interface Timer {
	readonly due: number;
	readonly callback: () => void;
}

/** Lets all promises settle that wait for nothing but each other. */
function settlePromises(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

export class SimulatedClock implements Clock {
	#now = 0;
	/** Sorted by the time they are due, then by the order in which they were set. */
	readonly #timers: Timer[] = [];
	readonly #settle: () => Promise<void>;

	/** @param settle awaited between timers, so that all that a timer has set going is done before the next one fires */
	constructor(settle: () => Promise<void> = settlePromises) {
		this.#settle = settle;
	}

	now(): number {
		return this.#now;
	}

	after(delay: number, callback: () => void): () => void {
		const timer = { due: this.#now + Math.max(0, delay), callback };
		const next = this.#timers.findIndex(({ due }) => due > timer.due);
		this.#timers.splice(next === -1 ? this.#timers.length : next, 0, timer);
		return () => {
			const index = this.#timers.indexOf(timer);
			if (index !== -1) {
				this.#timers.splice(index, 1);
			}
		};
	}

	/** How many timers are set. */
	get timers(): number {
		return this.#timers.length;
	}

	/** Lets `ms` pass: fires what falls due, in order, and lets promises settle before, between and after. */
	async advance(ms: number): Promise<void> {
		await this.#run(this.#now + ms, () => false);
	}

	/**
	 * Lets time pass until `condition` is true, looking after every timer.
	 * @param most ms after which it is given up
	 * @throws Error if it does not become true
	 */
	async advanceUntil(condition: () => boolean, what: string, most: number): Promise<void> {
		if (!(await this.#run(this.#now + most, condition))) {
			throw new Error(`within ${most} ms of simulated time it did not happen that ${what}`);
		}
	}

	async #run(end: number, enough: () => boolean): Promise<boolean> {
		for (;;) {
			await this.#settle();
			if (enough()) {
				return true;
			}
			const timer = this.#timers[0];
			if (timer === undefined || timer.due > end) {
				break;
			}
			this.#timers.shift();
			this.#now = timer.due;
			timer.callback();
		}
		this.#now = end;
		await this.#settle();
		return enough();
	}
}
