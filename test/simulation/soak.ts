/**
 * `npm run soak -- COUNT [SEED]` plays COUNT schedules, and exits with 1 if one breaks a claim. `--no-shrink`: that one is told
 * as it was drawn.
 */
import { randomInt } from "node:crypto";
import { systemClock } from "../../src/clock.ts";
import { check, entry } from "./check.ts";

const words = process.argv.slice(2).filter((word) => word !== "--no-shrink");
const runs = Number(words[0] ?? 10_000);
const seed = Number(words[1] ?? randomInt(0x7fffffff));
const began = systemClock.now();
const seconds = () => (systemClock.now() - began) / 1_000;

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
