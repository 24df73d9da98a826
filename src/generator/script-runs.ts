/**
 * The script's runs that a pass waits for, so that one rescan serves all of them. It does not wait for long: a script that hangs
 * must hold back no other room.
 */
import { atMost, type Clock } from "../clock.ts";
import type { Room } from "../room.ts";
import type { Action, Generator } from "./generator.ts";

export class ScriptRuns {
	readonly #generator: Generator;
	readonly #clock: Clock;
	readonly #waitedFor = new Set<Promise<void>>();

	constructor(generator: Generator, clock: Clock) {
		this.#generator = generator;
		this.#clock = clock;
	}

	/**
	 * Starts a run.
	 * @param urgent whether passes wait for it
	 * @param ended called once when it has ended; `late` tells whether passes have gone on without it
	 */
	start(
		room: Room,
		action: Action,
		urgent: boolean,
		ended: (outcome: { error?: unknown; late: boolean }) => void,
	): void {
		const run: Promise<void> = this.#generator
			.run(room, action, urgent)
			.then(
				() => ({}),
				(error: unknown) => ({ error }),
			)
			.then((failure) => ended({ ...failure, late: !this.#waitedFor.delete(run) }));
		if (urgent) {
			this.#waitedFor.add(run);
		}
	}

	/**
	 * Waits for the runs that are waited for, `time` ms at most.
	 * @returns whether all of them have ended
	 */
	async ended(time: number): Promise<boolean> {
		if (this.#waitedFor.size > 0) {
			await atMost(time, Promise.all(this.#waitedFor), this.#clock);
		}
		return this.#waitedFor.size === 0;
	}

	/** Passes go on without the runs that are under way. */
	stopWaiting(): void {
		this.#waitedFor.clear();
	}
}
