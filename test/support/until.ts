/**
 * Waiting for something to become true, without sleeping: whoever changes state that a test may wait for calls `changed`,
 * and conditions are looked at again then and only then. The deadline is there to end a test that would hang, not to
 * measure anything.
 */
import { setTimeout as delay } from "node:timers/promises";

const waiting = new Set<() => void>();
let announced = false;

/** Tells that something has changed. Any number of calls in one turn look at the conditions once. */
export function changed(): void {
	if (announced || waiting.size === 0) {
		return;
	}
	announced = true;
	queueMicrotask(() => {
		announced = false;
		for (const look of [...waiting]) {
			look();
		}
	});
}

export interface UntilOptions {
	/** Tells the state of things for the error; called only when the deadline has passed. */
	readonly describe?: () => string;
	/** ms of the machine's own time. */
	readonly deadline?: number;
}

/** A condition did not become true in time. */
export class NeverHappened extends Error {
	override readonly name = "NeverHappened";
	readonly what: string;

	constructor(what: string, deadline: number, state: string) {
		super(`waited ${deadline} ms in vain until ${what}${state === "" ? "" : `\n${state}`}`);
		this.what = what;
	}
}

/**
 * Resolves as soon as `condition` is true, which is looked at now and after every change.
 * @param what the condition in words, to go with "until"
 * @throws NeverHappened, and whatever `condition` throws
 */
export async function until(condition: () => boolean, what: string, options: UntilOptions = {}): Promise<void> {
	const { describe = () => "", deadline = 90_000 } = options;
	if (condition()) {
		return;
	}
	await new Promise<void>((resolve, reject) => {
		const end = (settle: () => void) => {
			waiting.delete(look);
			clearTimeout(timer);
			settle();
		};
		const look = () => {
			try {
				if (condition()) {
					end(resolve);
				}
			} catch (error) {
				end(() => {
					reject(error instanceof Error ? error : new Error(String(error)));
				});
			}
		};
		const timer = setTimeout(() => {
			end(() => {
				reject(new NeverHappened(what, deadline, describe()));
			});
		}, deadline);
		waiting.add(look);
	});
}

/**
 * Resolves as soon as `condition` is true, for what happens outside of this process, where nobody tells of changes: it is
 * looked at again and again.
 * @throws NeverHappened, and whatever `condition` throws
 */
export async function eventually(
	condition: () => boolean | Promise<boolean>,
	what: string,
	{ describe = () => "", deadline = 90_000 }: UntilOptions = {},
): Promise<void> {
	const end = Date.now() + deadline;
	while (!(await condition())) {
		if (Date.now() > end) {
			throw new NeverHappened(what, deadline, describe());
		}
		await delay(5);
	}
}
