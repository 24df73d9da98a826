/**
 * The generator's runs that are under way, across passes. A pass waits for its scripts so that one rescan serves all of
 * them, but not for long: a script that hangs must hold back no other room.
 */
import type { Clock } from "./clock.ts";
import type { Action, Generator } from "./generator.ts";
import type { Room } from "./room.ts";

interface Run {
	/** Set when a pass has gone on without it; no later pass waits for it again. */
	late: boolean;
}

export class ScriptRuns {
	readonly #generator: Generator;
	readonly #clock: Clock;
	readonly #runs = new Set<Run>();
	#settled: (() => void) | undefined;

	constructor(generator: Generator, clock: Clock) {
		this.#generator = generator;
		this.#clock = clock;
	}

	/**
	 * Starts a run.
	 * @param ended called once when it has ended; `late` tells whether a pass has gone on without it
	 */
	start(
		room: Room,
		action: Action,
		retry: boolean,
		ended: (outcome: { error?: unknown; late: boolean }) => void,
	): void {
		const run: Run = { late: false };
		this.#runs.add(run);
		const end = (failure: { error?: unknown }) => {
			this.#runs.delete(run);
			ended({ ...failure, late: run.late });
			if (!this.#waitedFor()) {
				this.#settled?.();
			}
		};
		this.#generator.run(room, action, retry).then(
			() => {
				end({});
			},
			(error: unknown) => {
				end({ error });
			},
		);
	}

	/** Resolves when the runs have ended, or after `patience` ms. */
	async settle(patience: number): Promise<void> {
		if (!this.#waitedFor()) {
			return;
		}
		await new Promise<void>((resolve) => {
			const cancel = this.#clock.after(patience, () => {
				for (const run of this.#runs) {
					run.late = true;
				}
				resolve();
			});
			this.#settled = () => {
				cancel();
				resolve();
			};
		});
		this.#settled = undefined;
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
