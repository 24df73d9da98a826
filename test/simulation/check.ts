/** Plays schedules drawn at random until one breaks a claim, and shrinks that one to what a person can read. */
import fc from "fast-check";
import type { Schedule } from "./schedule.ts";
import { schedules } from "./schedule.ts";
import { type Outcome, simulate } from "./simulation.ts";

export interface Check {
	readonly seed: number;
	/** How many schedules are to be played. */
	readonly runs: number;
	/** Whether one that fails is shrunk. */
	readonly shrink: boolean;
	/** Called after every schedule. */
	readonly played?: (outcome: Outcome) => void;
}

export interface Found {
	readonly seed: number;
	/** How many schedules it took. */
	readonly after: number;
	/** fast-check's name of the schedule among those of the seed. */
	readonly path: string;
	readonly schedule: Schedule;
	readonly failure: string;
	readonly story: string;
}

/** Plays schedules, always the same ones for the same seed. Returns the first that broke a claim. */
export async function check({ seed, runs, shrink, played }: Check): Promise<Found | undefined> {
	const property = fc.asyncProperty(schedules, async (schedule) => {
		const outcome = await simulate(schedule);
		played?.(outcome);
		return outcome.failure === undefined;
	});
	const result = await fc.check(property, { seed, numRuns: runs, endOnFailure: !shrink });
	const [schedule] = result.counterexample ?? [];
	if (schedule === undefined) {
		return undefined;
	}
	const { failure = "another time it goes well", story } = await simulate(schedule);
	return { seed, after: result.numRuns, path: result.counterexamplePath ?? "", schedule, failure, story };
}

/** The entry for test/fixtures/seeds.json. It holds the schedule, since another version may draw others of the same seed. */
export function entry({ seed, path, failure, schedule }: Found): string {
	return JSON.stringify({ seed, path, found: failure, schedule });
}
