/**
 * `npm run mutants [-- COUNT [NAME]]` shows that the simulation finds faults. Each mutant is a copy of the code with a fault
 * in it, which must break a claim within COUNT schedules; the code as it is must not.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { type Mutant, mutants } from "./mutations.ts";

const [count = "1000", only = ""] = process.argv.slice(2);

/** Fixed, so that this says the same every time. */
const seed = "1";

const root = join(import.meta.dirname, "../..");

interface Result {
	/** How many schedules it took; undefined if no claim was broken. */
	readonly caughtAfter: number | undefined;
	readonly claim: string;
	readonly seconds: number;
}

/** Makes a copy of the code with a mutant in it, or as it is. */
function copy(directory: string, mutant: Mutant | undefined): void {
	for (const part of ["src", "test", "package.json", "tsconfig.json"]) {
		cpSync(join(root, part), join(directory, part), { recursive: true });
	}
	symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
	for (const { file, from, to } of mutant?.changes ?? []) {
		const path = join(directory, file);
		const text = readFileSync(path, "utf8");
		if (text.split(from).length !== 2) {
			throw new Error(`mutant "${mutant?.name ?? ""}": ${file} does not have exactly once:\n${from}`);
		}
		writeFileSync(
			path,
			text.replace(from, () => to),
		);
	}
}

async function play(mutant: Mutant | undefined): Promise<Result> {
	const directory = mkdtempSync(join(tmpdir(), "mutant-"));
	try {
		copy(directory, mutant);
		const began = systemClock.now();
		const child = spawn(process.execPath, ["--import", "tsx", "test/simulation/soak.ts", count, seed, "--no-shrink"], {
			cwd: directory,
			stdio: ["ignore", "pipe", "inherit"],
		});
		let output = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
		const [code] = (await once(child, "close")) as [number | null];
		const caught = /^found after (\d+) schedules$/m.exec(output)?.[1];
		if ((caught === undefined) !== (code === 0)) {
			throw new Error(`mutant "${mutant?.name ?? "none"}" ends with ${code}:\n${output}`);
		}
		return {
			caughtAfter: caught === undefined ? undefined : Number(caught),
			claim: /^Broken: at \S+ s (.*)\.$/m.exec(output)?.[1] ?? "",
			seconds: (systemClock.now() - began) / 1_000,
		};
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

function tell(name: string, { caughtAfter, claim, seconds }: Result): void {
	const outcome =
		caughtAfter === undefined ? `no claim is broken in ${count}` : `caught after ${caughtAfter}: ${claim}`;
	process.stdout.write(`${name.padEnd(50)} ${seconds.toFixed(0).padStart(4)} s  ${outcome}\n`);
}

let bad = 0;
for (const mutant of [undefined, ...mutants.filter(({ name }) => name.includes(only))]) {
	const result = await play(mutant);
	tell(mutant?.name ?? "(the code as it is)", result);
	if ((mutant === undefined) !== (result.caughtAfter === undefined)) {
		bad += 1;
	}
}
if (bad > 0) {
	process.stdout.write(`${bad} of these should not be so\n`);
	process.exitCode = 1;
}
