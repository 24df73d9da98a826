/**
 * `npm run endure -- [LIVES]`: puts 10,000 room lives through one process of the built daemon, with the shipped script and the
 * stand-in, and shows what the daemon holds along the way. A life is a conference that starts, is registered, ends, and is
 * un-registered, under a name that no other has had.
 *
 * Exit code 1 if anything grows. Every thousand lives, when no room is left:
 *   descriptors, timers, and all that would keep the process running must be exactly as many as before the first life.
 * Memory varies from look to look and takes its time to warm up: what is held at least after the last three thousands is compared
 * with what is held at most after the first three, each after a garbage collection. It may be more by
 *   1 MiB for heap and buffers, which is some 150 bytes a life;
 *   10 MiB for resident memory: so coarse is the collector in giving memory back.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StandIn } from "../stand-in/stand-in.ts";
import { DaemonProcess } from "../support/daemon-process.ts";
import { descriptorsOf, eventually, memoryOf } from "../support/processes.ts";
import { Preload } from "./preload.ts";
import { Probe } from "./probe.ts";
import { assertSound, environmentFor, eventSocketPassword, scriptsLeft } from "./site.ts";

/** What the daemon holds when it has nothing to do. */
interface Holdings {
	readonly descriptors: number;
	/** Timers that are set, and everything that keeps the process running: timers, sockets, children. */
	readonly timers: number;
	readonly resources: number;
}

/** MiB, after a garbage collection. */
interface Memory {
	readonly heap: number;
	readonly buffers: number;
	readonly resident: number;
}

const lives = Number(process.argv[2] ?? 10_000);
const stage = 1_000;
const atOnce = 50;

const mebi = 2 ** 20;

/** ms that the daemon may take until it has nothing to do any more: some of its passes. */
const patience = 30_000;

/** MiB by which memory may be above what it was after the first stages. */
const bounds: Memory = { heap: 1, buffers: 1, resident: 10 };

/** What has grown, in words. @param seen after each stage */
function growth(seen: readonly Memory[]): string[] {
	return (["heap", "buffers", "resident"] as const).flatMap((what) => {
		const before = Math.max(...seen.slice(0, 3).map((memory) => memory[what]));
		const now = Math.min(...seen.slice(-3).map((memory) => memory[what]));
		return now <= before + bounds[what]
			? []
			: [`${what} memory grew from ${before.toFixed(1)} to ${now.toFixed(1)} MiB`];
	});
}

function print(columns: readonly (string | number)[]): void {
	process.stdout.write(`${columns.map((column) => String(column).padStart(13)).join("")}\n`);
}

const directory = mkdtempSync(join(tmpdir(), "fsconfregger-endure-"));
const socketDirectory = mkdtempSync(join(tmpdir(), "fsconfregger-probe-"));
const preload = await Preload.of("chaos-probe.ts");
const node = await StandIn.start({ directory, password: eventSocketPassword, second: 20 });
const { conferences } = node.freeswitch;
const probeSocket = join(socketDirectory, "socket");
const daemon = new DaemonProcess({
	environment: {
		...environmentFor(directory, node.port),
		...preload.environment,
		PROBE_SOCKET: probeSocket,
		LOG_LEVEL: "info",
	},
});

/** Rooms start and end, some at once, while those before them are still leaving; resolves when all are gone. */
async function live(from: number, to: number): Promise<void> {
	for (let next = from; next < to; next += atOnce) {
		const rooms = Array.from({ length: Math.min(atOnce, to - next) }, (_, index) => String(100_000 + next + index));
		for (const room of rooms) {
			conferences.create(room);
		}
		await node.until(
			() => rooms.every((room) => node.registrar.bindingsOf(room).length > 0),
			"the rooms are registered",
		);
		for (const room of rooms) {
			conferences.destroy(room);
		}
	}
	await eventually(
		() =>
			node.registrar.bindings().length === 0 &&
			readdirSync(directory).length === 0 &&
			scriptsLeft(directory, [daemon.pid]).length === 0,
		"no room is left",
		{ describe: () => node.describe() },
	);
}

async function look(probe: Probe): Promise<Holdings & Memory> {
	const { timers, resources, heapUsed, external } = await probe.ask();
	return {
		descriptors: descriptorsOf(daemon.pid).length,
		timers,
		resources,
		heap: heapUsed / mebi,
		buffers: external / mebi,
		resident: memoryOf(daemon.pid),
	};
}

/** Looks until the daemon holds what it held at first, since a pass may be under way; or, when it never does, at what it holds. */
async function lookAtRest(probe: Probe, rest: Holdings): Promise<Holdings & Memory> {
	const deadline = performance.now() + patience;
	for (;;) {
		const seen = await look(probe);
		if (isAlike(seen, rest) || performance.now() > deadline) {
			return seen;
		}
	}
}

function isAlike(one: Holdings, other: Holdings): boolean {
	return one.descriptors === other.descriptors && one.timers === other.timers && one.resources === other.resources;
}

function words({ descriptors, timers, resources }: Holdings): string {
	return `${descriptors} descriptors, ${timers} timers and ${resources} resources`;
}

const wrong: string[] = [];
let probe: Probe | undefined;
try {
	await daemon.said(/0 rooms are running/);
	probe = await Probe.connect(probeSocket);
	const began = performance.now();
	print(["lives", "seconds", "descriptors", "timers", "resources", "heap MiB", "buffers MiB", "resident MiB"]);
	const tell = (done: number, { descriptors, timers, resources, heap, buffers, resident }: Holdings & Memory) => {
		const seconds = (performance.now() - began) / 1_000;
		const mebibytes = [heap.toFixed(2), buffers.toFixed(2), resident.toFixed(1)];
		print([done, seconds.toFixed(0), descriptors, timers, resources, ...mebibytes]);
	};
	const rest = await look(probe);
	tell(0, rest);
	const memory: Memory[] = [];
	for (let done = stage; done <= lives; done += stage) {
		await live(done - stage, done);
		const seen = await lookAtRest(probe, rest);
		tell(done, seen);
		if (!isAlike(seen, rest)) {
			wrong.push(`after ${done} lives the daemon holds ${words(seen)}; before the first it held ${words(rest)}`);
		}
		memory.push(seen);
	}
	wrong.push(...growth(memory));
	assertSound(daemon);
	// Rooms, not sentences: on a busy machine some are told twice.
	const roomsWith = (pattern: RegExp) =>
		new Set(daemon.records.flatMap(({ msg, room }) => (pattern.test(msg) ? [room] : []))).size;
	const registered = roomsWith(/^room \d+ is registered, /);
	const unregistered = roomsWith(/^room \d+ is un-registered$/);
	if (registered !== lives || unregistered !== lives) {
		wrong.push(`${lives} rooms, but ${registered} were told to be registered and ${unregistered} un-registered`);
	}
	const complaints = daemon.records.filter(({ level }) => level !== "info");
	wrong.push(...complaints.slice(0, 10).map(({ msg }) => `the daemon complained: ${msg}`));
} finally {
	probe?.close();
	await daemon.kill();
	await node.close();
	preload.remove();
	rmSync(directory, { recursive: true, force: true });
	rmSync(socketDirectory, { recursive: true, force: true });
}
process.stdout.write(wrong.length === 0 ? "\nNothing grows.\n" : `\n${wrong.join("\n")}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
