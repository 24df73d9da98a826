/**
 * `npm run bench`: what registering rooms costs, the daemon beside a baseline that does it room by room as the Go daemon
 * does, all in one run on one machine. FreeSWITCH is the tests' stand-in in a process of its own, as slow as the real one.
 * It asserts nothing; whoever changes the daemon runs it before and after. It takes some three minutes.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { program, shippedScript } from "../support/daemon-process.ts";
import { quantile, sharedNow } from "./orders.ts";
import { BenchFreeSwitch } from "./processes.ts";
import {
	type Bench,
	type Measured,
	measure,
	measureStart,
	middle,
	roomNames,
	type Scenario,
	type Subject,
} from "./runs.ts";
import { ending, oneByOne, starting, storm, stormSeconds } from "./scenarios.ts";
import { heading, rows, target } from "./table.ts";

/** How many scripts the daemon runs at a time. */
const places = 2 * availableParallelism();

/**
 * How often the daemon is measured where a target hangs on it; of each figure the one in the middle counts. The machine may
 * be slower a minute later: what a target compares is measured one right after the other, and each time compared anew.
 */
const repeats = 3;

const root = mkdtempSync(join(tmpdir(), "fsconfregger-bench-"));

function print(line: string): void {
	process.stdout.write(`${line}\n`);
}

async function bundled(name: string): Promise<string> {
	const outfile = join(root, `${name}.mjs`);
	const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
	await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", target: "node20" });
	return outfile;
}

const scriptEnvironment = { SIP_REGISTRAR: "127.0.0.100", SIP_PASSWORD: "bench-secret" };

/** ms that the generator takes for `count` rooms, `atATime` at once, started by nothing more than xargs. */
function scriptsAlone(count: number, atATime: number): number {
	const directory = mkdtempSync(join(root, "scripts-"));
	const started = sharedNow();
	spawnSync("xargs", ["-n", "1", "-P", String(atATime), shippedScript], {
		input: roomNames(2, count).join("\n"),
		env: { PATH: process.env["PATH"], ...scriptEnvironment, GATEWAY_DIR: directory },
	});
	return sharedNow() - started;
}

function medianOf(values: readonly number[]): number {
	return quantile(values, 0.5);
}

async function makeBench(): Promise<Bench> {
	const directory = join(root, "sample");
	mkdirSync(directory);
	const { status } = spawnSync(shippedScript, ["99999"], { env: { ...scriptEnvironment, GATEWAY_DIR: directory } });
	if (status !== 0) {
		throw new Error(`${shippedScript} ended with ${String(status)}`);
	}
	return {
		root,
		freeswitch: await bundled("freeswitch"),
		snippet: join(directory, "conf_99999.xml"),
		environment: {
			...scriptEnvironment,
			GENERATOR_SCRIPT: shippedScript,
			EVENTSOCKET_HOST: "127.0.0.1",
			EVENTSOCKET_PASSWORD: "ClueCon",
		},
	};
}

/** How long FreeSWITCH takes, as asked within its own process. */
async function answerTimes(bench: Bench, running: number): Promise<{ reload: number; rescan: number; lists: number }> {
	const directory = mkdtempSync(join(root, "answers-"));
	const freeswitch = await BenchFreeSwitch.start(bench.freeswitch, directory, bench.snippet);
	try {
		await freeswitch.order({ do: "prepare", rooms: roomNames(1, running) });
		const time = (command: string) => freeswitch.order({ do: "time", command, times: 9 });
		return {
			reload: await time("reloadxml"),
			rescan: await time("sofia profile external rescan"),
			lists: (await time("conference list summary")) + (await time("sofia jsonstatus")),
		};
	} finally {
		await freeswitch.end();
	}
}

async function main(): Promise<void> {
	const bench = await makeBench();
	const daemon: Subject = { program, looksFirst: true, environment: {} };
	// The baseline takes rooms away at once, so the daemon must do so too where that is compared.
	const daemonAtOnce: Subject = { ...daemon, environment: { LINGER: "0" } };
	const roomByRoom: Subject = { program: await bundled("room-by-room"), looksFirst: false, environment: {} };

	const began = sharedNow();
	const one = medianOf([1, 2, 3].map(() => scriptsAlone(50, 1) / 50));
	const none = await answerTimes(bench, 0);
	const many = await answerTimes(bench, 1_000);
	const [cpu] = cpus();
	print(
		`${availableParallelism()} cores (${cpu?.model.trim() ?? "?"}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.version}`,
	);
	print(`the script alone: ${one.toFixed(1)} ms`);
	for (const [rooms, { reload, rescan, lists }] of [
		[0, none],
		[1_000, many],
	] as const) {
		print(
			`the stand-in with ${rooms} rooms: reloadxml ${reload.toFixed(0)} ms, rescan ${rescan.toFixed(0)} ms, both lists ${lists.toFixed(0)} ms`,
		);
	}
	print(
		"\nTimes in ms: from conference-create to the end of the rescan that covers the room (median, p95, max), from the first room to the last (all), CPU.",
	);
	print(
		"The FreeSWITCH here is JavaScript on the same cores; its own CPU stands last and would not be there with a real one.\n",
	);
	print(heading());

	const repeated = async <Run>(run: () => Promise<Run>) => {
		const runs: Run[] = [];
		for (let count = 0; count < repeats; count++) {
			runs.push(await run());
		}
		return runs;
	};
	const registering = (rooms: number, running = 0) => measure(bench, daemon, starting(rooms, running));
	const show = (title: string, measured: Measured, baseline?: Measured) => {
		for (const line of rows(title, measured, baseline)) {
			print(line);
		}
		return measured;
	};
	const compare = async (title: string, scenario: Scenario, subject = daemon) =>
		show(title, await measure(bench, subject, scenario), await measure(bench, roomByRoom, scenario));

	const idle = await compare("1 room, idle (six times)", oneByOne(6));
	for (const rooms of [5, 20, 100]) {
		await compare(`${rooms} rooms within a second`, starting(rooms));
	}
	const slow = await measure(bench, roomByRoom, starting(500));
	const bursts = await repeated(async () => ({
		scripts: scriptsAlone(500, places),
		half: await registering(500),
		full: await registering(1_000),
	}));
	const half = show("500 rooms within a second", middle(bursts.map((burst) => burst.half)), slow);
	const full = show("1,000 rooms within a second (room by room: 500)", middle(bursts.map((burst) => burst.full)), slow);
	const scripts = medianOf(bursts.map((burst) => burst.scripts));
	print(`500 scripts alone, ${places} at a time, right before each of these: ${scripts.toFixed(0)} ms`);
	await compare("500 rooms end within a second, no linger", ending(500), daemonAtOnce);
	await compare("20 rooms within a second, 500 running", starting(20, 500));
	const scaling = await repeated(async () => ({
		few: await registering(20, 10),
		more: await registering(20, 100),
		most: await registering(20, 1_000),
	}));
	show("20 rooms within a second, 10 running", middle(scaling.map(({ few }) => few)));
	show("20 rooms within a second, 100 running", middle(scaling.map(({ more }) => more)));
	show("20 rooms within a second, 1,000 running", middle(scaling.map(({ most }) => most)));
	const calm = await compare(`${stormSeconds} s of 2,000 events a second`, storm());
	await compare("the same, with one room starting", storm("31000"));
	const starts = await repeated(() => measureStart(bench, daemon, 500));
	const first = show("start with 500 running, to first pass done", middle(starts));
	print("");

	print(
		target(
			"one idle room, against script + reloadxml + rescan",
			idle.median / (one + none.reload + none.rescan),
			1.5,
			" times",
		),
	);
	print(
		target(
			"500 rooms, the one that waits longest, against their scripts alone",
			medianOf(bursts.map((burst) => burst.half.max / burst.scripts)),
			1.5,
			" times",
		),
	);
	print(target("500 rooms, reloads", half.reloads, 12, ""));
	print(
		target(
			"1,000 rooms, against 500",
			medianOf(bursts.map((burst) => burst.full.span / burst.half.span)),
			2.2,
			" times",
		),
	);
	print(target("the event storm, of one core", calm.own / (stormSeconds * 10), 1, " %"));
	print(target("start to first pass done with 500 running", first.span, 400, " ms"));
	print(target("memory after 1,000 rooms", full.resident, 75, " MB"));
	print(
		target(
			"CPU per room with 1,000 running, against 10",
			medianOf(scaling.map(({ few, most }) => most.ownPerRoom / few.ownPerRoom)),
			1.1,
			" times",
		),
	);
	print(`\nThat took ${Math.round((sharedNow() - began) / 1_000)} s.`);
}

try {
	await main();
} finally {
	rmSync(root, { recursive: true, force: true });
}
