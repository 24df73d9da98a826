/**
 * What must hold of REGISTERs for rooms that do not run where they come from, since each takes the callers of the node where the
 * room runs:
 * - FreeSWITCH never REGISTERs a room that has not run since its start, unless somebody else put a snippet there, a script
 *   could not be called back, or snippets are left when it starts and it came back before the daemon could remove them.
 * - A node on which nothing is broken does not REGISTER a room that runs on another one, once a pass and two ticks have passed
 *   since the room ended here.
 * FreeSWITCH announces one kind of REGISTER in the linger by a state, a tick before: that of its own timer and of its next try.
 * The SIP stack's refresh comes without notice, so it is counted and not claimed.
 */
import type { Clock } from "../../src/clock.ts";
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";

export interface OwnershipOptions {
	readonly clock: Clock;
	/** ms */
	readonly linger: number;
	/** Whether a room runs on another node. */
	readonly runsElsewhere: (room: string) => boolean;
	/** Whether nothing is broken. */
	readonly isCalm: () => boolean;
	readonly fail: (sentence: string) => void;
}

/** Who has written a snippet: a script that knew which rooms run, or one that could not. */
export type Author = "daemon" | "late script";

/** The parameter of a snippet that tells its author, for this only. */
export const authorParam = "author";

/** ms for a pass and two ticks. */
const grace = 3_000;

export class Ownership {
	/** REGISTERs for rooms that have not run since FreeSWITCH's start, and for others that do not run any more. */
	readonly counts = { restarts: 0, dead: 0, ended: 0 };
	readonly #options: OwnershipOptions;
	/** Rooms that have run since FreeSWITCH's start. */
	readonly #ran = new Set<string>();
	readonly #running = new Set<string>();
	/** ms on the clock at which each other room has ended. */
	readonly #ended = new Map<string, number>();
	/** Whether FreeSWITCH has come back before the daemon could remove what was left. */
	#hasty = false;

	constructor(options: OwnershipOptions) {
		this.#options = options;
	}

	started(room: string): void {
		this.#ran.add(room);
		this.#running.add(room);
	}

	ended(room: string): void {
		this.#running.delete(room);
		this.#ended.set(room, this.#options.clock.now());
	}

	freeSwitchStarts(hasty: boolean): void {
		this.counts.restarts += 1;
		this.#ran.clear();
		this.#hasty = hasty;
	}

	/** @param gateway the one that sends it */
	registers(room: string, { settings, state }: Gateway): void {
		if (this.#running.has(room)) {
			return;
		}
		const { clock, linger, runsElsewhere, isCalm, fail } = this.#options;
		const isOurs = settings.params.get(authorParam) === ("daemon" satisfies Author);
		if (!this.#ran.has(room)) {
			this.counts.dead += 1;
			if (isOurs && !this.#hasty) {
				fail(`FreeSWITCH registers room ${room}, which has not run since its start`);
			}
			return;
		}
		this.counts.ended += 1;
		const since = clock.now() - (this.#ended.get(room) ?? Number.NEGATIVE_INFINITY);
		const isAnnounced = state === "UNREGED" || state === "TRYING";
		if (isOurs && isCalm() && runsElsewhere(room) && since > grace + (isAnnounced ? 0 : linger)) {
			fail(
				`room ${room}, which ended ${(since / 1_000).toFixed(1)} s ago and runs on another node, is registered here`,
			);
		}
	}
}
