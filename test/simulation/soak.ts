/**
 * `npm run soak -- COUNT [SEED]` plays COUNT schedules, and exits with 1 if one breaks a claim. `--no-shrink`: that one is told
 * as it was drawn.
 * `npm run soak -- --restarts COUNT [SEED]` counts, in COUNT restarts of FreeSWITCH, the REGISTERs for rooms that do not run there.
 */
import { randomInt } from "node:crypto";
import fc from "fast-check";
import { systemClock } from "../../src/clock.ts";
import { check, entry } from "./check.ts";
import { restarts } from "./schedule.ts";
import { simulate } from "./simulation.ts";

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const runs = Number(words[0] ?? 10_000);
const seed = Number(words[1] ?? randomInt(0x7fffffff));
const began = systemClock.now();
const seconds = () => (systemClock.now() - began) / 1_000;

async function soak(): Promise<void> {
	let played = 0;
	let simulated = 0;
	let commands = 0;
	process.stdout.write(`${runs} schedules of seed ${seed}\n`);
	const found = await check({
		seed,
		runs,
		shrink: !process.argv.includes("--no-shrink"),
		played: (outcome) => {
			played += 1;
			simulated += outcome.seconds;
			commands += outcome.commands;
			if (played % 1_000 === 0) {
				process.stdout.write(`${played} schedules, ${(played / seconds()).toFixed(0)} a second\n`);
			}
		},
	});
	process.stdout.write(
		`${played} schedules in ${seconds().toFixed(0)} s: ${(simulated / 3_600).toFixed(0)} hours of simulated time, ${commands} commands\n`,
	);
	if (found !== undefined) {
		process.stdout.write(
			`found after ${found.after} schedules\n\n${found.story}\n\nfor test/fixtures/seeds.json:\n${entry(found)}\n`,
		);
		process.exitCode = 1;
	}
}

/** Claims are let alone, so that what breaks them can be counted, in whatever version of the program. */
async function countRestarts(): Promise<void> {
	for (const cleared of [false, true]) {
		const counts = { restarts: 0, dead: 0, ended: 0 };
		for (const schedule of fc.sample(restarts(cleared), { seed, numRuns: runs })) {
			const { registers } = await simulate(schedule, true);
			counts.restarts += registers.restarts;
			counts.dead += registers.dead;
			counts.ended += registers.ended;
			if (counts.restarts >= runs) {
				break;
			}
		}
		process.stdout.write(
			`${counts.restarts} restarts of FreeSWITCH, snippets ${cleared ? "" : "not "}cleared before: REGISTERs for ` +
				`${counts.dead} rooms that have not run since, ${counts.ended} for rooms that had ended\n`,
		);
	}
}

await (process.argv.includes("--restarts") ? countRestarts() : soak());
