/**
 * Waits until something is true, without sleeping: whoever changes what a test may wait for calls `changed`, and only then
 * are conditions looked at again. The deadline ends a test that would hang; it measures nothing.
 */
import { setTimeout as delay } from "node:timers/promises";

const waiting = new Set<() => void>();
let announced = false;

/** Announces a change. Conditions are looked at once, however many changes a turn of the event loop has. */
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
	/** Describes the state for the error; called only when the deadline has passed. */
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
 * Resolves as soon as `condition` is true. It looks every few ms, for what happens outside of this process, where nobody
 * announces changes.
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
