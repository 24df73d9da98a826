/**
 * `npm run bench`: what registering rooms costs the daemon, beside a baseline that works room by room as the Go daemon does,
 * in one run on one machine. It prints a table in Markdown, and asserts nothing about speed; whoever changes the daemon
 * compares the ratios before and after. It takes about a minute.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { realLatencies } from "../stand-in/freeswitch/latencies.ts";
import type { Result, Run } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "fsconfregger-bench-"));
const daemon = join(import.meta.dirname, "../../dist/fsconfregger");
const baseline = join(root, "room-by-room.mjs");
const script = join(import.meta.dirname, "../../sofia-generator.sh");
const cores = availableParallelism();
const environment = {
	// Where the clients' first lines find node.
	PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
	GENERATOR_SCRIPT: script,
	SIP_REGISTRAR: "127.0.0.100",
	SIP_PASSWORD: "bench-secret",
	EVENTSOCKET_HOST: "127.0.0.1",
};

/** The table's columns, of one run. */
const columns = {
	"median ms": ({ delays }: Result) => quantile(delays, 0.5),
	p95: ({ delays }: Result) => quantile(delays, 0.95),
	max: ({ delays }: Result) => quantile(delays, 1),
	reloads: ({ reloads }: Result) => reloads,
	rescans: ({ rescans }: Result) => rescans,
	"KB received": ({ kilobytes }: Result) => kilobytes,
	"CPU ms a room": ({ cpu, delays }: Result) => cpu / delays.length,
	MB: ({ megabytes }: Result) => megabytes,
};
type Figure = (result: Result) => number;

/** The value below which that part of all values lies. */
function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((one, other) => one - other);
	return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Runs the script for `count` rooms, `places` at a time. Returns the directory of their snippets, and how many ms it took. */
function runScripts(count: number, places: number): { directory: string; took: number } {
	const directory = mkdtempSync(join(root, "external-"));
	const rooms = Array.from({ length: count }, (_, index) => 10_000 + index);
	const start = performance.now();
	execFileSync("xargs", ["-r", "-n", "1", "-P", String(places), script], {
		input: rooms.join("\n"),
		env: { ...environment, GATEWAY_DIR: directory },
	});
	return { directory, took: performance.now() - start };
}

/** @throws Error if anything but information was printed */
function run(order: Run, running: number): Result {
	const { status, output } = spawnSync(process.execPath, [join(root, "run.mjs"), JSON.stringify(order)], {
		env: { ...environment, GATEWAY_DIR: runScripts(running, 2 * cores).directory },
		encoding: "utf8",
		stdio: ["ignore", "pipe", "pipe", "pipe"],
		maxBuffer: Number.POSITIVE_INFINITY,
	});
	const [log, errors, result] = output.slice(1).map(String);
	const complaints = `${log ?? ""}${errors ?? ""}`.match(/^(?!\{"level":"info").+$/gm) ?? [];
	if (status !== 0 || complaints.length > 0) {
		throw new Error(`this run went wrong, so nothing can be said: ${JSON.stringify(order)}\n${complaints.join("\n")}`);
	}
	return JSON.parse(result ?? "") as Result;
}

function printRow(first: string, others: readonly string[]): void {
	console.log(`| ${first.padEnd(24)} | ${others.map((cell) => cell.padEnd(18)).join(" | ")} |`);
}

function shown(figure: number): string {
	return figure.toFixed(figure < 10 && !Number.isInteger(figure) ? 2 : 0);
}

/** Prints a row, and returns the daemon's figures: of each the middle one of `times` runs. */
function compare(title: string, { running = 0, bursts = 1, rooms = 1, times = 1 }): (figure: Figure) => number {
	const measure = (client: string, times: number) => {
		const results = Array.from({ length: times }, () => run({ client, bursts, rooms }, running));
		return (figure: Figure) => quantile(results.map(figure), 0.5);
	};
	const [other, own] = [measure(baseline, 1), measure(daemon, times)];
	const cells = Object.values(columns).map((figure) => {
		const ratio = other(figure) === 0 ? "" : ` = ${shown(own(figure) / other(figure))}`;
		return `${shown(own(figure))} / ${shown(other(figure))}${ratio}`;
	});
	printRow(title, cells);
	return own;
}

try {
	// Bundled, so that what compiles TypeScript is not counted as the baseline's memory.
	const entryPoints = ["run.ts", "room-by-room.ts"].map((name) => join(import.meta.dirname, name));
	const names = { outdir: root, outExtension: { ".js": ".mjs" }, banner: { js: "#!/usr/bin/env node" } };
	buildSync({ entryPoints, ...names, bundle: true, platform: "node", format: "esm" });
	chmodSync(baseline, 0o755);
	console.log(`${cores} cores (${cpus()[0]?.model.trim() ?? "?"}), Linux ${release()}, Node.js ${process.version}`);
	console.log("ms from conference-create to the end of the rescan that covers the room; daemon / baseline = ratio\n");
	printRow("", Object.keys(columns));
	printRow("---", Array<string>(Object.keys(columns).length).fill("---"));
	const commands = realLatencies.reloadxml + realLatencies.rescan;
	const oneScript = runScripts(50, 1).took / 50;
	const idle = compare("1 room, idle (six times)", { bursts: 6 });
	compare("5 rooms within a second", { rooms: 5 });
	compare("20 rooms", { rooms: 20 });
	// Right before what it is compared with: the machine may be slower a minute later.
	const scripts = runScripts(500, 2 * cores).took / 5;
	const many = compare("100 rooms", { rooms: 100, times: 3 });
	const amid = compare("100 rooms, 1,000 running", { rooms: 100, running: 1_000 });
	const { "median ms": median, max, "CPU ms a room": cpu, MB } = columns;
	console.log();
	for (const [what, value, limit, unit] of [
		["1 idle room, against script + reloadxml + rescan", idle(median) / (oneScript + commands), 1.5, " times"],
		["100 rooms, longest wait, against scripts + reloadxml + rescan", many(max) / (scripts + commands), 2, " times"],
		["100 rooms, reloads", many(columns.reloads), 12, ""],
		["memory", Math.max(many(MB), amid(MB)), 75, " MB"],
		["CPU a room amid 1,000 running, against amid none", amid(cpu) / many(cpu), 1.1, " times"],
	] as const) {
		console.log(`${value <= limit ? "met   " : "MISSED"} ${what}: ${shown(value)}${unit}, at most ${limit}${unit}`);
	}
} catch (error) {
	process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 1;
} finally {
	rmSync(root, { recursive: true, force: true });
}
