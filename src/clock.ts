/**
 * Time as the program sees it: milliseconds that only grow, and timers. Everything that waits is given a Clock: tests run ten
 * minutes in a millisecond, and a change of the wall clock changes nothing.
 */
export interface Clock {
	/** Milliseconds since an arbitrary start; never goes back. */
	now(): number;
	/** Calls `callback` once after `delay` ms, unless the returned function is called before. */
	after(delay: number, callback: () => void): () => void;
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
	now: () => performance.now(),
	after: (delay, callback) => {
		const timer = setTimeout(callback, delay);
		return () => clearTimeout(timer);
	},
};

/** Resolves when `promise` has settled, or after `time` ms. */
export async function atMost(time: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
	let cancel = () => {};
	const timer = new Promise<void>((resolve) => {
		cancel = clock.after(time, resolve);
	});
	try {
		await Promise.race([promise, timer]);
	} finally {
		cancel();
	}
}
