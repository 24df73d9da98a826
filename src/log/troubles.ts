/** Logs a trouble once, again when it changes, and when it is over: an hour of retries is two lines. */
import type { Log } from "./log.ts";

export class Troubles {
	readonly #log: Log;
	readonly #told = new Map<string, string>();

	constructor(log: Log) {
		this.#log = log;
	}

	/**
	 * @param about what is in trouble; it has one trouble at a time
	 * @param sentence what is wrong and what to do
	 */
	report(about: string, level: "warn" | "error", sentence: string, fields: object = {}): void {
		if (this.#told.get(about) === sentence) {
			this.#log.debug(fields, sentence);
		} else {
			this.#told.set(about, sentence);
			this.#log[level](fields, sentence);
		}
	}

	/** @param sentence logged only if there was trouble */
	over(about: string, sentence?: string): void {
		if (this.#told.delete(about) && sentence !== undefined) {
			this.#log.info({}, sentence);
		}
	}
}
