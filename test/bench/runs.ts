/**
 * Runs of the bench: a fresh FreeSWITCH, a fresh directory and a fresh client each, in which something is done to many rooms
 * and it is seen what that costs the client.
 */
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Figures, quantile, sharedNow } from "./orders.ts";
import { BenchClient, BenchFreeSwitch, type Usage } from "./processes.ts";

/** What is needed for a run. */
export interface Bench {
	/** A directory for everything. */
	readonly root: string;
	/** bench-freeswitch.ts, bundled. */
	readonly freeswitch: string;
	/** A file that the generator wrote for room 99999. */
	readonly snippet: string;
	readonly environment: Readonly<Record<string, string>>;
}

/** Whom a run looks at. */
export interface Subject {
	readonly program: string;
	/** Whether it makes a first pass over what is running already. */
	readonly looksFirst: boolean;
	readonly environment: Readonly<Record<string, string>>;
}

export interface Scenario {
	/** Rooms that are running before the subject starts. */
	readonly running: number;
	/** What is done, after which all must be seen to. */
	readonly act: (freeswitch: BenchFreeSwitch) => Promise<void>;
	/** How many rooms that concerns. */
	readonly rooms: number;
}

/** What is told of a run, times in ms. */
export interface Measured {
	readonly rooms: number;
	readonly median: number;
	readonly p95: number;
	readonly max: number;
	readonly span: number;
	readonly scripts: number;
	readonly reloads: number;
	readonly rescans: number;
	readonly kilobytes: number;
	readonly own: number;
	readonly ownPerRoom: number;
	readonly children: number;
	readonly resident: number;
	readonly peak: number;
	readonly freeswitch: number;
}

const nothing: Usage = { own: 0, children: 0, resident: 0, peak: 0 };

/** The names of `count` rooms; those of different `series` differ. */
export function roomNames(series: number, count: number): string[] {
	return Array.from({ length: count }, (_, index) => String(series * 10_000 + index));
}

/** Does something while the subject runs. */
export async function measure(bench: Bench, subject: Subject, { running, act, rooms }: Scenario): Promise<Measured> {
	return await withSubject(bench, subject, running, async (freeswitch, client) => {
		await freeswitch.order({ do: "settle" });
		await freeswitch.figures();
		const before = client.usage();
		await act(freeswitch);
		await freeswitch.order({ do: "settle" });
		return measured(rooms, await freeswitch.figures(), before, client.usage());
	});
}

/** Starts the subject while rooms run. The times are from its start to the end of its first pass. */
export async function measureStart(bench: Bench, subject: Subject, running: number): Promise<Measured> {
	return await withSubject(bench, subject, running, async (freeswitch, client, startedAt) => {
		const took = (await freeswitch.order({ do: "scanned" })) - startedAt;
		await freeswitch.order({ do: "settle" });
		const figures = { ...(await freeswitch.figures()), delays: [took], span: took };
		return measured(running, figures, nothing, client.usage());
	});
}

/** Of each figure the one in the middle. */
export function middle(runs: readonly Measured[]): Measured {
	const [first] = runs;
	if (first === undefined) {
		throw new Error("nothing was measured");
	}
	const names = Object.keys(first) as (keyof Measured)[];
	return Object.fromEntries(
		names.map((name) => [
			name,
			quantile(
				runs.map((run) => run[name]),
				0.5,
			),
		]),
	) as unknown as Measured;
}

async function withSubject(
	bench: Bench,
	subject: Subject,
	running: number,
	look: (freeswitch: BenchFreeSwitch, client: BenchClient, startedAt: number) => Promise<Measured>,
): Promise<Measured> {
	const root = mkdtempSync(join(bench.root, "run-"));
	const directory = join(root, "external");
	mkdirSync(directory);
	const freeswitch = await BenchFreeSwitch.start(bench.freeswitch, directory, bench.snippet);
	let client: BenchClient | undefined;
	try {
		await freeswitch.order({ do: "prepare", rooms: roomNames(1, running) });
		await freeswitch.figures();
		const startedAt = sharedNow();
		const environment = {
			...bench.environment,
			...subject.environment,
			GATEWAY_DIR: directory,
			EVENTSOCKET_PORT: String(freeswitch.port),
		};
		client = new BenchClient(subject.program, environment, join(root, "log"));
		const run = async (client: BenchClient) => {
			await freeswitch.order({ do: "subscribed" });
			if (subject.looksFirst) {
				await freeswitch.order({ do: "scanned" });
			}
			return await look(freeswitch, client, startedAt);
		};
		const result = await Promise.race([run(client), client.lost]);
		const complaints = client.complaints();
		if (complaints !== "") {
			throw new Error(`it went wrong, so nothing was measured:\n${complaints}`);
		}
		return result;
	} finally {
		await client?.end();
		await freeswitch.end();
	}
}

function measured(rooms: number, figures: Figures, before: Usage, after: Usage): Measured {
	const own = (after.own - before.own) * 1_000;
	return {
		rooms,
		median: quantile(figures.delays, 0.5),
		p95: quantile(figures.delays, 0.95),
		max: quantile(figures.delays, 1),
		span: figures.span,
		scripts: figures.scripts,
		reloads: figures.reloads,
		rescans: figures.rescans,
		kilobytes: figures.bytes / 1_024,
		own,
		ownPerRoom: own / rooms,
		children: (after.children - before.children) * 1_000,
		resident: after.resident,
		peak: after.peak,
		freeswitch: figures.cpu * 1_000,
	};
}
