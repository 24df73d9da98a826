/**
 * Runs tests: `test/run.ts quick` those that need nothing but Node.js, always with the same seed; `test/run.ts all` every
 * one, with a fresh seed. Named files run alone; what begins with a dash goes to Node's test runner:
 *
 *   npm test -- test/unit/controller/plan.test.ts
 *   npm test -- --test-name-pattern=linger
 *   TEST_SEED=4711 npm run test:all -- test/chaos/kills.test.ts
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const top = join(import.meta.dirname, "..");
const quick = ["unit", "integration", "stand-in", "simulation"];
const all = [...quick, "chaos", "system"];

function testsIn(folder: string): string[] {
	const entries = readdirSync(join(top, "test", folder), { recursive: true }) as string[];
	return entries.filter((entry) => entry.endsWith(".test.ts")).map((entry) => join("test", folder, entry));
}

const [suite, ...words] = process.argv.slice(2);
const options = words.filter((word) => word.startsWith("-"));
const named = words.filter((word) => !word.startsWith("-"));
const files = named.length > 0 ? named : (suite === "all" ? all : quick).flatMap(testsIn).sort();
const seed = process.env["TEST_SEED"] ?? String(suite === "all" ? randomInt(0x7fffffff) : 1);

process.stdout.write(`seed ${seed}; TEST_SEED=${seed} draws the same again\n`);
const { status } = spawnSync(process.execPath, ["--import", "tsx", "--test", ...options, ...files], {
	cwd: top,
	env: { ...process.env, TEST_SEED: seed },
	stdio: "inherit",
});
process.exitCode = status ?? 1;
