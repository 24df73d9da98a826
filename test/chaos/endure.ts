/**
 * `npm run endure -- [LIVES]`: puts 10,000 room lives through one process of the built daemon, with the shipped script and the
 * stand-in, and prints what the daemon holds along the way. A life is a conference that starts, is registered, ends, and is
 * un-registered, under a name that no other has had.
 *
 * Exit code 1 if anything grows. Every thousand lives, when no room is left:
 *   descriptors, timers, and all that would keep the process running must be exactly as many as before the first life.
 * Memory varies, and takes its time to warm up: the least after the last three thousands is compared with the most after the
 * first three, each after a garbage collection. It may be more by
 *   1 MiB for heap and buffers, which is some 150 bytes a life;
 *   10 MiB for resident memory, because the collector gives memory back in large pieces.
 */
import { ChaosNode } from "./node.ts";
import { Probe, type ProbeAnswer } from "./probe.ts";

const lives = Number(process.argv[2] ?? 10_000);
const stage = 1_000;
const atOnce = 50;

/** ms until the daemon must have nothing to do: some of its passes. */
const patience = 30_000;

const exact = ["descriptors", "timers", "resources"] as const;
/** MiB by which memory may grow. */
const bounds = { heap: 1, buffers: 1, resident: 10 };
const memory = Object.keys(bounds) as (keyof typeof bounds)[];

const began = performance.now();
const wrong: string[] = [];

function print(columns: readonly (string | number)[]): void {
	process.stdout.write(`${columns.map((column) => String(column).padStart(13)).join("")}\n`);
}

function printHeld(done: number, held: ProbeAnswer): void {
	const seconds = ((performance.now() - began) / 1_000).toFixed(0);
	print([done, seconds, ...exact.map((what) => held[what]), ...memory.map((what) => held[what].toFixed(2))]);
}

const grown = (held: ProbeAnswer, rest: ProbeAnswer) => exact.filter((what) => held[what] !== rest[what]);

/** Asks until the daemon holds what it held at rest, since a pass may be under way; after `patience`, what it holds then. */
async function askAtRest(probe: Probe, rest: ProbeAnswer): Promise<ProbeAnswer> {
	const deadline = performance.now() + patience;
	let held = await probe.ask();
	while (grown(held, rest).length > 0 && performance.now() < deadline) {
		held = await probe.ask();
	}
	return held;
}

await ChaosNode.use(async (node) => {
	const probe = new Probe();
	node.atEnd(() => probe.remove());
	const standIn = await node.startFreeSwitch();
	const daemon = node.startDaemon([], { ...node.environment(), ...probe.environment, LOG_LEVEL: "info" });
	await daemon.said(/0 rooms are running/);
	print(["lives", "seconds", ...exact, ...memory.map((what) => `${what} MiB`)]);
	const rest = await probe.ask();
	printHeld(0, rest);
	const stages: ProbeAnswer[] = [];
	for (let done = 0; done < lives; ) {
		const end = Math.min(lives, done + stage);
		// Rooms start while those before them are still leaving.
		while (done < end) {
			const rooms = Array.from({ length: Math.min(atOnce, end - done) }, (_, index) => String(100_000 + done + index));
			await node.create(...rooms);
			await standIn.until(
				() => rooms.every((room) => node.registrar.bindingsOf(room).length > 0),
				"the rooms are registered",
			);
			await node.destroy(...rooms);
			done += rooms.length;
		}
		await node.converged();
		const held = await askAtRest(probe, rest);
		printHeld(done, held);
		stages.push(held);
		wrong.push(
			...grown(held, rest).map((what) => `after ${done} lives: ${held[what]} ${what}, before the first ${rest[what]}`),
		);
	}
	for (const what of memory) {
		const before = Math.max(...stages.slice(0, 3).map((held) => held[what]));
		const now = Math.min(...stages.slice(-3).map((held) => held[what]));
		if (now > before + bounds[what]) {
			wrong.push(`${what} memory grew from ${before.toFixed(1)} to ${now.toFixed(1)} MiB`);
		}
	}
	for (const pattern of [/^room \d+ is registered, /, /^room \d+ is un-registered$/]) {
		// Rooms, not sentences: on a busy machine some are told twice.
		const { size } = new Set(daemon.records.flatMap(({ msg, room }) => (pattern.test(msg) ? [room] : [])));
		if (size !== lives) {
			wrong.push(`of ${lives} rooms, ${size} have a log line like ${String(pattern)}`);
		}
	}
	const complaints = daemon.records.filter(({ level }) => level !== "info");
	wrong.push(...complaints.slice(0, 10).map(({ msg }) => `the daemon complained: ${msg}`));
});
process.stdout.write(wrong.length === 0 ? "\nNothing grows.\n" : `\n${wrong.join("\n")}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
