/**
 * The generator's runs that are under way, across passes. A pass waits for its scripts so that one rescan serves all of
 * them, but not for long: a script that hangs must hold back no other room.
 */
import type { Clock } from "../clock.ts";
import type { Room } from "../room.ts";
import type { Action, Generator } from "./generator.ts";

interface Run {
	/** Whether passes go on without it. */
	late: boolean;
}

export class ScriptRuns {
	readonly #generator: Generator;
	readonly #clock: Clock;
	readonly #runs = new Set<Run>();
	#allEnded: (() => void) | undefined;

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
		const run: Run = { late: !urgent };
		this.#runs.add(run);
		const end = (failure: { error?: unknown }) => {
			this.#runs.delete(run);
			ended({ ...failure, late: run.late });
			if (!this.#waitedFor()) {
				this.#allEnded?.();
			}
		};
		this.#generator.run(room, action, urgent).then(
			() => {
				end({});
			},
			(error: unknown) => {
				end({ error });
			},
		);
	}

	/**
	 * Waits for the runs that are waited for, `time` ms at most.
	 * @returns whether all of them have ended
	 */
	async ended(time: number): Promise<boolean> {
		if (!this.#waitedFor()) {
			return true;
		}
		return await new Promise<boolean>((resolve) => {
			const settle = (all: boolean) => {
				cancel();
				this.#allEnded = undefined;
				resolve(all);
			};
			const cancel = this.#clock.after(time, () => {
				settle(false);
			});
			this.#allEnded = () => {
				settle(true);
			};
		});
	}

	/** Has passes go on without those that are under way. */
	stopWaiting(): void {
		for (const run of this.#runs) {
			run.late = true;
		}
	}

	#waitedFor(): boolean {
		for (const run of this.#runs) {
			if (!run.late) {
				return true;
			}
		}
		return false;
	}
}
