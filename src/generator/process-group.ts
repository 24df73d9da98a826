/** Ends processes with their children: a script that leads a process group, and everything in that group. */
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../clock.ts";

/** ms between SIGTERM and SIGKILL. */
const grace = 500;

/** ms that the output of a leader that has exited may stay open: after that a child of its is holding it. */
const outputGrace = 100;

/** Sees to it that a process group, and the wait for it, ends in time. */
export class RunLimit {
	/** Resolves if the leader cannot be ended, as when it hangs in a file system: then it is waited for no longer. */
	readonly givenUp: Promise<undefined>;
	readonly #child: ChildProcess;
	readonly #clock: Clock;
	#exceeded = false;
	#cancel = () => {};
	#giveUp = () => {};

	/**
	 * @param child the leader of a group of its own
	 * @param timeout ms that it may run
	 */
	constructor(child: ChildProcess, timeout: number, clock: Clock) {
		this.#child = child;
		this.#clock = clock;
		this.givenUp = new Promise((resolve) => {
			this.#giveUp = () => {
				resolve(undefined);
			};
		});
		this.#next(timeout, () => {
			this.#exceeded = true;
			this.#signal("SIGTERM");
			this.#next(grace, () => {
				this.kill();
			});
		});
		child.once("exit", () => {
			this.#next(outputGrace, () => {
				this.#signal("SIGKILL");
				// A child that has left the group is out of reach, but must not be waited for.
				child.stdout?.destroy();
				child.stderr?.destroy();
			});
		});
	}

	/** Whether the time was up before the leader had exited. */
	get exceeded(): boolean {
		return this.#exceeded;
	}

	/** Ends the group at once. */
	kill(): void {
		this.#signal("SIGKILL");
		this.#next(grace, this.#giveUp);
	}

	/** The leader has exited and its output is closed, or it is given up; ends what may be left of its group. */
	lift(): void {
		this.#cancel();
		this.#signal("SIGKILL");
	}

	#next(delay: number, what: () => void): void {
		this.#cancel();
		this.#cancel = this.#clock.after(delay, what);
	}

	#signal(signal: "SIGTERM" | "SIGKILL"): void {
		if (this.#child.pid !== undefined) {
			try {
				process.kill(-this.#child.pid, signal);
			} catch {
				// Nobody is left in the group, or nobody whom this user may signal: there is nothing more to do about it.
			}
		}
	}
}
