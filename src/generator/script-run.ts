/**
 * One run of the script, from its start until its process group is empty: whatever the script does, it is ended in time and
 * leaves no process behind. Only a process that not even SIGKILL ends is waited for, however long that takes.
 */
import type { Clock } from "../clock.ts";
import type { ScriptExit, ScriptProcess } from "./script-process.ts";

export interface ScriptEnd extends ScriptExit {
	/** Whether its time was up before it had exited. */
	readonly exceeded: boolean;
	/** Whether not even SIGKILL ended it in time. */
	readonly hung: boolean;
	/** The last lines that it printed. */
	readonly output: string;
	/** ms that it ran. */
	readonly took: number;
}

/** ms between SIGTERM and SIGKILL, and from that until the group counts as hanging. */
const grace = 500;

/** ms between two looks whether the group is empty, and whether one that hangs is. */
const lookEvery = 20;
const lookAtHangingEvery = 1_000;

/** ms that the output of an ended group may stay open; after that, a process that has left the group holds it. */
const outputGrace = 100;

export class ScriptRun {
	/** Settles when the group is empty; never rejects. */
	readonly ended: Promise<ScriptEnd>;
	/** Settles when not even SIGKILL has ended the group, as when it waits for a file system that does not answer. */
	readonly hangs: Promise<void>;
	readonly #process: ScriptProcess;
	readonly #clock: Clock;
	#stopWaiting = () => {};
	#tellHanging!: () => void;

	/** @param timeout ms that the script may run */
	constructor(process: ScriptProcess, timeout: number, clock: Clock) {
		this.#process = process;
		this.#clock = clock;
		this.hangs = new Promise((resolve) => {
			this.#tellHanging = resolve;
		});
		this.ended = this.#run(timeout);
	}

	/** Ends it now, as if its time were up. */
	end(): void {
		this.#stopWaiting();
	}

	async #run(timeout: number): Promise<ScriptEnd> {
		const { exited, closed, letGo, output } = this.#process;
		const started = this.#clock.now();
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
			void exited.then(this.#stopWaiting);
		});
		const hung = !(await this.#emptyGroup());
		if (hung) {
			letGo();
			this.#tellHanging();
			do {
				await this.#wait(lookAtHangingEvery);
			} while (this.#process.signal(0));
		}
		const cancel = this.#clock.after(outputGrace, letGo);
		const exit = await closed;
		cancel();
		return { ...exit, exceeded, hung, output: output(), took: this.#clock.now() - started };
	}

	/** Ends what is left of the group. Returns whether it is empty then. */
	async #emptyGroup(): Promise<boolean> {
		for (const signal of ["SIGTERM", "SIGKILL"] as const) {
			const deadline = this.#clock.now() + grace;
			let isLeft = this.#process.signal(signal);
			while (isLeft && this.#clock.now() < deadline) {
				await this.#wait(lookEvery);
				isLeft = this.#process.signal(0);
			}
			if (!isLeft) {
				return true;
			}
		}
		return false;
	}

	#wait(ms: number): Promise<void> {
		return new Promise((resolve) => {
			this.#clock.after(ms, resolve);
		});
	}
}
