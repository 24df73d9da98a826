/** How long to wait before another try. */
export interface Backoff {
	/** ms before the second try. */
	readonly first: number;
	/** ms of the longest wait. */
	readonly most: number;
}

/**
 * The wait after `failures` failures in a row (1 or more), in ms: `first`, doubling, up to `most`.
 * @param jitter 0 to 1: shortens the wait by up to half, so that many nodes do not come back in one instant
 */
export function waitAfter(failures: number, { first, most }: Backoff, jitter = 0): number {
	const wait = Math.min(most, first * 2 ** Math.min(failures - 1, 30));
	return wait * (1 - jitter / 2);
}
