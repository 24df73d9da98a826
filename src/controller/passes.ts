/**
 * When passes are made: at once on request, but one at a time and not too often; and without request when one is due, after one
 * that could not do everything, and every `resync`. What a pass does is not known here.
 */

import { type Backoff, waitAfter } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { EventSocket } from "../freeswitch/event-socket.ts";

export interface PassesOptions {
	/**
	 * Makes a pass; does not reject. It calls `begin` before each look at FreeSWITCH's lists.
	 * @returns false if something could not be done: then the next pass follows soon
	 */
	readonly make: (socket: EventSocket) => Promise<boolean>;
	/** ms on the clock at which a pass is due without request; infinite if never. */
	readonly nextDue: (now: number) => number;
	/** ms after which a pass is made in any case. */
	readonly resync: number;
	readonly clock: Clock;
}

/**
 * The least time between two looks at FreeSWITCH's lists. In a burst of rooms, FreeSWITCH reads its configuration a few times a
 * second only. A look costs as much as there are rooms, so the interval grows with them: 150 to 550 ms.
 * @param rooms how many are listed
 * @returns ms
 */
export function spacing(rooms: number): number {
	return Math.min(Math.max(150, 0.55 * rooms), 550);
}

/** ms in which a pass must make progress: an answer may take 10 s, the scripts a quarter of a second, and timers may be late. */
const longestStep = 20_000;

const backoff: Backoff = { first: 1_000, most: 5_000 };

export class Passes {
	readonly #options: PassesOptions;
	#socket: EventSocket | undefined;
	/** Settles when the passes under way have been made. */
	#underWay: Promise<void> | undefined;
	#wanted = false;
	#stopped = false;
	#cancelWake = () => {};
	/** ms on the clock before which FreeSWITCH's lists are not looked at again. */
	#notBefore = Number.NEGATIVE_INFINITY;
	/** How many passes in a row could not do everything. */
	#failures = 0;
	/** ms on the clock until which a pass must have made progress, or the next one have begun. */
	#deadline = Number.POSITIVE_INFINITY;

	constructor(options: PassesOptions) {
		this.#options = options;
	}

	/** ms on the clock until which something must have happened here; later, this hangs. */
	get deadline(): number {
		return this.#usable === undefined ? Number.POSITIVE_INFINITY : this.#deadline;
	}

	/** Whether a pass was asked for since the last look began. */
	get wanted(): boolean {
		return this.#wanted;
	}

	/** FreeSWITCH can be asked from now on. */
	connected(connection: EventSocket): void {
		this.#socket = {
			api: async (command) => {
				this.#noteProgress();
				return connection.api(command);
			},
		};
		this.#failures = 0;
		this.#noteProgress();
		this.request();
	}

	disconnected(): void {
		this.#socket = undefined;
		this.#cancelWake();
	}

	/** Requests a pass: at once, or after the one under way. Any number of requests meanwhile makes one pass. */
	request(): void {
		this.#wanted = true;
		if (this.#underWay === undefined && this.#usable !== undefined) {
			this.#cancelWake();
			this.#noteProgress();
			this.#underWay = this.#makeAll().finally(() => {
				this.#underWay = undefined;
				// The connection may have been lost and made again while the last pass was failing.
				if (this.#wanted) {
					this.request();
				}
			});
		}
	}

	/**
	 * A look begins, which serves all requests made until now.
	 * @param pause ms until the next look
	 */
	begin(pause: number): void {
		this.#wanted = false;
		this.#notBefore = this.#options.clock.now() + pause;
	}

	/** Makes no more passes; resolves when the one under way has ended. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#cancelWake();
		await this.#underWay;
	}

	async #makeAll(): Promise<void> {
		// Requests from here on must see that passes are under way.
		await Promise.resolve();
		const { clock, make } = this.#options;
		for (let socket = this.#usable; socket !== undefined && this.#wanted; socket = this.#usable) {
			const wait = this.#notBefore - clock.now();
			if (wait > 0) {
				await new Promise<void>((resolve) => {
					clock.after(wait, resolve);
				});
				continue;
			}
			this.#failures = (await make(socket)) ? 0 : this.#failures + 1;
		}
		if (this.#usable !== undefined) {
			this.#sleep();
		}
	}

	/** The connection, if passes may be made on it. */
	get #usable(): EventSocket | undefined {
		return this.#stopped ? undefined : this.#socket;
	}

	#sleep(): void {
		const { clock, resync, nextDue } = this.#options;
		const now = clock.now();
		const retry = this.#failures === 0 ? Number.POSITIVE_INFINITY : waitAfter(this.#failures, backoff);
		const wait = Math.max(0, Math.min(resync, retry, nextDue(now) - now));
		this.#deadline = now + wait + longestStep;
		this.#cancelWake = clock.after(wait, () => {
			this.request();
		});
	}

	#noteProgress(): void {
		this.#deadline = this.#options.clock.now() + longestStep;
	}
}
