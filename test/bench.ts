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
import { quantile, sharedNow } from "./support/bench-orders.ts";
import { BenchFreeSwitch } from "./support/bench-processes.ts";
import {
	type Bench,
	type Measured,
	measure,
	measureStart,
	middle,
	roomNames,
	type Scenario,
	type Subject,
} from "./support/bench-runs.ts";
import { ending, oneByOne, starting, storm, stormSeconds } from "./support/bench-scenarios.ts";
import { heading, rows, target } from "./support/bench-table.ts";
import { program, shippedScript } from "./support/daemon-process.ts";

/** How many scripts the daemon runs at a time. */
const places = 2 * availableParallelism();

/** How often the daemon is measured where a target hangs on it; of each figure the one in the middle counts. */
const repeats = 3;

const root = mkdtempSync(join(tmpdir(), "fsconfregger-bench-"));

function print(line: string): void {
	process.stdout.write(`${line}\n`);
}

async function bundled(name: string): Promise<string> {
	const outfile = join(root, `${name}.mjs`);
	const entry = fileURLToPath(new URL(`./support/bench-${name}.ts`, import.meta.url));
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

function medianOf(times: number, value: () => number): number {
	return quantile(Array.from({ length: times }, value), 0.5);
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
	const one = medianOf(3, () => scriptsAlone(50, 1) / 50);
	const all = medianOf(3, () => scriptsAlone(500, places));
	const none = await answerTimes(bench, 0);
	const many = await answerTimes(bench, 1_000);
	const [cpu] = cpus();
	print(
		`${availableParallelism()} cores (${cpu?.model.trim() ?? "?"}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.version}`,
	);
	print(`the script alone: ${one.toFixed(1)} ms; for 500 rooms, ${places} at a time: ${all.toFixed(0)} ms`);
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

	const repeated = async (scenario: Scenario, subject: Subject, times: number) => {
		const runs: Measured[] = [];
		for (let run = 0; run < times; run++) {
			runs.push(await measure(bench, subject, scenario));
		}
		return middle(runs);
	};
	const show = (title: string, measured: Measured, baseline?: Measured) => {
		for (const line of rows(title, measured, baseline)) {
			print(line);
		}
		return measured;
	};
	const compare = async (title: string, scenario: Scenario, subject = daemon) =>
		show(title, await repeated(scenario, subject, 1), await repeated(scenario, roomByRoom, 1));

	const idle = await compare("1 room, idle (six times)", oneByOne(6));
	for (const rooms of [5, 20, 100]) {
		await compare(`${rooms} rooms within a second`, starting(rooms));
	}
	const slow = await repeated(starting(500), roomByRoom, 1);
	const half = show("500 rooms within a second", await repeated(starting(500), daemon, repeats), slow);
	const full = show(
		"1,000 rooms within a second (room by room: 500)",
		await repeated(starting(1_000), daemon, repeats),
		slow,
	);
	await compare("500 rooms end within a second, no linger", ending(500), daemonAtOnce);
	await compare("20 rooms within a second, 500 running", starting(20, 500));
	const scaling: number[] = [];
	for (const running of [10, 100, 1_000]) {
		const measured = await repeated(starting(20, running), daemon, repeats);
		scaling.push(show(`20 rooms within a second, ${running.toLocaleString("en")} running`, measured).ownPerRoom);
	}
	const calm = await compare(`${stormSeconds} s of 2,000 events a second`, storm());
	await compare("the same, with one room starting", storm("31000"));
	const starts: Measured[] = [];
	for (let run = 0; run < repeats; run++) {
		starts.push(await measureStart(bench, daemon, 500));
	}
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
	print(target("500 rooms, the one that waits longest, against their scripts alone", half.max / all, 1.5, " times"));
	print(target("500 rooms, reloads", half.reloads, 12, ""));
	print(target("1,000 rooms, against 500", full.span / half.span, 2.2, " times"));
	print(target("the event storm, of one core", calm.own / (stormSeconds * 10), 1, " %"));
	print(target("start to first pass done with 500 running", first.span, 400, " ms"));
	print(target("memory after 1,000 rooms", full.resident, 75, " MB"));
	const [few = Number.NaN, , most = Number.NaN] = scaling;
	print(target("CPU per room with 1,000 running, against 10", most / few, 1.1, " times"));
	print(`\nThat took ${Math.round((sharedNow() - began) / 1_000)} s.`);
}

try {
	await main();
} finally {
	rmSync(root, { recursive: true, force: true });
}
