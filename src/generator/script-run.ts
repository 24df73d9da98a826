/**
 * One run of the script, from its start until its process group is empty: whatever the script does, the run ends in time
 * and leaves no process behind.
 */
import type { Clock } from "../clock.ts";
import type { ScriptExit, ScriptProcess } from "./script-process.ts";

export interface ScriptEnd extends ScriptExit {
	/** Whether its time was up before it had exited. */
	readonly exceeded: boolean;
	/** Whether not even SIGKILL has ended it, as when it hangs in a file system: it is not waited for any longer. */
	readonly givenUp: boolean;
	/** The last lines that it printed. */
	readonly output: string;
	/** ms that it ran. */
	readonly took: number;
}

/** ms between SIGTERM and SIGKILL, and from that until the group is given up. */
const grace = 500;

/** ms between two looks whether the group is empty. */
const lookEvery = 20;

/** ms that the output of an ended group may stay open; after that, a process that has left the group holds it. */
const outputGrace = 100;

export class ScriptRun {
	/** Settles when the group is empty, or has been given up; never rejects. */
	readonly ended: Promise<ScriptEnd>;
	readonly #process: ScriptProcess;
	readonly #clock: Clock;
	#stopWaiting = () => {};

	/** @param timeout ms that the script may run */
	constructor(process: ScriptProcess, timeout: number, clock: Clock) {
		this.#process = process;
		this.#clock = clock;
		this.ended = this.#run(timeout);
	}

	/** Ends it at once. */
	kill(): void {
		this.#process.signal("SIGKILL");
		this.#stopWaiting();
	}

	async #run(timeout: number): Promise<ScriptEnd> {
		const { exited, closed, letGo, output } = this.#process;
		const started = this.#clock.now();
		let hasExited = false;
		let exceeded = false;
		await new Promise<void>((resolve) => {
			const cancel = this.#clock.after(timeout, () => {
				exceeded = true;
				resolve();
			});
			this.#stopWaiting = () => {
				cancel();
				resolve();
			};
			void exited.then(() => {
				hasExited = true;
				this.#stopWaiting();
			});
		});
		const isEmpty = await this.#emptyGroup();
		const givenUp = !isEmpty && !hasExited;
		let exit: ScriptExit | undefined;
		if (givenUp) {
			letGo();
		} else {
			const cancel = this.#clock.after(outputGrace, letGo);
			exit = await closed;
			cancel();
		}
		return { ...exit, exceeded, givenUp, output: output(), took: this.#clock.now() - started };
	}

	/** Ends what is left of the group. Returns whether it is empty then. */
	async #emptyGroup(): Promise<boolean> {
		for (const signal of ["SIGTERM", "SIGKILL"] as const) {
			const deadline = this.#clock.now() + grace;
			let isLeft = this.#process.signal(signal);
			while (isLeft && this.#clock.now() < deadline) {
				await new Promise<void>((resolve) => {
					this.#clock.after(lookEvery, resolve);
				});
				isLeft = this.#process.signal(0);
			}
			if (!isLeft) {
				return true;
			}
		}
		return false;
	}
}
