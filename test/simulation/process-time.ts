/**
 * The time of the daemon's process, which can be stalled and killed. While it is stalled (no processor, or stopped by a
 * signal) nothing of it runs; afterwards what fell due runs late and all at once. To a daemon that knows only the
 * monotonic clock, a suspended machine looks the same.
 */
import type { Clock } from "../../src/clock.ts";

interface Task {
	readonly timer: boolean;
	readonly run: () => void;
}

export class ProcessTime implements Clock {
	readonly #clock: Clock;
	#state: "running" | "stalled" | "dead" = "running";
	#backlog: Task[] = [];

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get dead(): boolean {
		return this.#state === "dead";
	}

	now(): number {
		return this.#clock.now();
	}

	after(delay: number, callback: () => void): () => void {
		let cancelled = false;
		const cancel = this.#clock.after(delay, () => {
			this.#do({
				timer: true,
				run: () => {
					if (!cancelled) {
						callback();
					}
				},
			});
		});
		return () => {
			cancelled = true;
			cancel();
		};
	}

	/** Runs what the process does about something from outside. */
	deliver(run: () => void): void {
		this.#do({ timer: false, run });
	}

	stall(): void {
		if (this.#state === "running") {
			this.#state = "stalled";
		}
	}

	/** Timers come first, as in Node's event loop. */
	resume(): void {
		if (this.#state === "stalled") {
			this.#state = "running";
			this.#backlog = [...this.#backlog.filter(({ timer }) => timer), ...this.#backlog.filter(({ timer }) => !timer)];
			this.#catchUp();
		}
	}

	kill(): void {
		this.#state = "dead";
		this.#backlog = [];
	}

	#do(task: Task): void {
		if (this.#state === "dead") {
			return;
		}
		if (this.#state === "stalled" || this.#backlog.length > 0) {
			this.#backlog.push(task);
		} else {
			task.run();
		}
	}

	/** Runs the backlog one by one, each with what it sets going. */
	#catchUp(): void {
		const [task] = this.#backlog;
		if (task !== undefined && this.#state === "running") {
			task.run();
			this.#backlog.shift();
			this.#clock.after(0, () => this.#catchUp());
		}
	}
}
