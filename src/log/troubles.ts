/**
 * Logs a trouble once, again when it changes, and when it is over: an hour of retries is two lines, and a reminder now and then
 * of all that lasts.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "./log.ts";

interface Trouble {
	readonly sentence: string;
	/** ms on the clock since which it lasts. */
	readonly since: number;
}

/** ms from one reminder to the next. */
const remindEvery = 600_000;

export class Troubles {
	readonly #log: Log;
	readonly #clock: Clock;
	readonly #told = new Map<string, Trouble>();
	#cancelReminder: (() => void) | undefined;

	constructor(log: Log, clock: Clock) {
		this.#log = log;
		this.#clock = clock;
	}

	/**
	 * @param about what is in trouble; it has one trouble at a time. One of a room begins with the room's name and a space
	 * @param sentence what is wrong and what to do; numbers that differ, such as those of processes, make no other trouble
	 */
	report(about: string, level: "warn" | "error", sentence: string, fields: object = {}): void {
		const before = this.#told.get(about);
		if (before !== undefined && withoutNumbers(before.sentence) === withoutNumbers(sentence)) {
			this.#log.debug(fields, sentence);
			return;
		}
		this.#told.set(about, { sentence, since: before?.since ?? this.#clock.now() });
		this.#log[level](fields, sentence);
		this.#cancelReminder ??= this.#clock.after(remindEvery, () => this.#remind());
	}

	/** @param sentence logged only if there was trouble */
	over(about: string, sentence?: string): void {
		const wasTold = this.#told.delete(about);
		if (wasTold && sentence !== undefined) {
			this.#log.info({}, sentence);
		}
		this.#restIfOver();
	}

	/** Nothing is expected of a room any more. */
	forget(room: string): void {
		for (const about of [...this.#told.keys()].filter((about) => about.startsWith(`${room} `))) {
			this.#told.delete(about);
		}
		this.#restIfOver();
	}

	#restIfOver(): void {
		if (this.#told.size === 0) {
			this.#cancelReminder?.();
			this.#cancelReminder = undefined;
		}
	}

	/** One line for all that lasts, with the oldest of it. */
	#remind(): void {
		this.#cancelReminder = this.#clock.after(remindEvery, () => this.#remind());
		const [oldest] = [...this.#told.values()].sort((one, other) => one.since - other.since);
		if (oldest !== undefined) {
			const minutes = Math.round((this.#clock.now() - oldest.since) / 60_000);
			const others = this.#told.size - 1;
			const more = others === 0 ? "" : `; and ${others} more`;
			this.#log.warn({ troubles: this.#told.size }, `for ${minutes} min: ${oldest.sentence}${more}`);
		}
	}
}

function withoutNumbers(sentence: string): string {
	return sentence.replaceAll(/\d+/g, "0");
}
