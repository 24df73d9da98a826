/** Clocks made of other clocks: one that runs faster, and one that can be stopped together with its timers. */
import type { Clock } from "../../src/clock.ts";

/** A clock on which `factor` ms pass in every ms of `clock`. */
export function scaledClock(clock: Clock, factor: number): Clock {
	return {
		now: () => clock.now() * factor,
		after: (delay, callback) => clock.after(delay / factor, callback),
	};
}

/** The time of a process that can die: once stopped, none of its timers ever fires. */
export class StoppableClock implements Clock {
	readonly #clock: Clock;
	readonly #cancels = new Set<() => void>();
	stopped = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	now(): number {
		return this.#clock.now();
	}

	after(delay: number, callback: () => void): () => void {
		if (this.stopped) {
			return () => {};
		}
		const cancelInner = this.#clock.after(delay, () => {
			this.#cancels.delete(cancel);
			callback();
		});
		const cancel = () => {
			this.#cancels.delete(cancel);
			cancelInner();
		};
		this.#cancels.add(cancel);
		return cancel;
	}

	stop(): void {
		this.stopped = true;
		[...this.#cancels].forEach((cancel) => cancel());
	}
}
