/** The processes that a run of the bench is made of: FreeSWITCH, and one client of it; and what the kernel says they use. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import type { BenchOrder, BenchReport, Figures } from "./orders.ts";

/** A FreeSWITCH in a process of its own. */
export class BenchFreeSwitch {
	readonly port: number;
	readonly #child: ChildProcess;

	private constructor(child: ChildProcess, port: number) {
		this.#child = child;
		this.port = port;
	}

	/**
	 * @param program bench-freeswitch.ts, bundled
	 * @param snippet a file that the generator wrote for room 99999
	 */
	static async start(program: string, directory: string, snippet: string): Promise<BenchFreeSwitch> {
		const child = fork(program, [directory, snippet], { execArgv: [] });
		const report = await nextReport(child);
		if (report.kind !== "listening") {
			throw new Error(`the bench's FreeSWITCH began with ${JSON.stringify(report)}`);
		}
		return new BenchFreeSwitch(child, report.port);
	}

	/** Has an order carried out and waits for that; one at a time. */
	async order(order: BenchOrder): Promise<number> {
		return (await this.#ask(order)) as number;
	}

	async figures(): Promise<Figures> {
		return (await this.#ask({ do: "figures" })) as Figures;
	}

	async end(): Promise<void> {
		await end(this.#child);
	}

	async #ask(order: BenchOrder): Promise<number | Figures> {
		this.#child.send(order);
		const report = await nextReport(this.#child);
		if (report.kind !== "done") {
			throw new Error(`the bench's FreeSWITCH: ${JSON.stringify(order)}: ${JSON.stringify(report)}`);
		}
		return report.value;
	}
}

/** A client of it, which must last as long as it is looked at. */
export class BenchClient {
	readonly #child: ChildProcess;
	readonly #log: string;

	/** Rejects when it ends without having been told to. */
	readonly lost: Promise<never>;

	/** @param log file that gets what it prints */
	constructor(program: string, environment: Readonly<Record<string, string>>, log: string) {
		const output = openSync(log, "a");
		this.#log = log;
		this.#child = spawn(process.execPath, [program], {
			env: { PATH: process.env["PATH"], ...environment },
			stdio: ["ignore", output, output],
		});
		closeSync(output);
		this.lost = once(this.#child, "close").then(([code, signal]) => {
			throw new Error(`${program} has ended (${String(code)}, ${String(signal)}):\n${this.complaints()}`);
		});
		// Nobody may be waiting when it is told to end.
		this.lost.catch(() => {});
	}

	usage(): Usage {
		return usageOf(this.#child.pid ?? -1);
	}

	/** What it printed of warnings and errors, one a line. */
	complaints(): string {
		return readFileSync(this.#log, "utf8")
			.split("\n")
			.filter((line) => line !== "" && !line.startsWith('{"level":"info"'))
			.join("\n");
	}

	async end(): Promise<void> {
		await end(this.#child);
	}
}

async function nextReport(child: ChildProcess): Promise<BenchReport> {
	const given = new AbortController();
	try {
		const report = once(child, "message", given).then(([report]) => report as BenchReport);
		const exit = once(child, "exit", given).then(() => {
			throw new Error("the bench's FreeSWITCH has ended");
		});
		return await Promise.race([report, exit]);
	} finally {
		given.abort();
	}
}

/** What a process has used so far. */
export interface Usage {
	/** Seconds of CPU of its own threads. */
	readonly own: number;
	/** Seconds of CPU of its children, and theirs, that have ended. */
	readonly children: number;
	/** MB in memory, now and at most. */
	readonly resident: number;
	readonly peak: number;
}

/** Of /proc: schedstat counts nanoseconds where stat counts hundredths of a second, too coarse for a single room. */
function usageOf(pid: number): Usage {
	const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
	const own = readdirSync(`/proc/${pid}/task`)
		.map((thread) => Number(read(`task/${thread}/schedstat`).split(" ")[0]))
		.reduce((sum, nanoseconds) => sum + nanoseconds, 0);
	// The command's name, in parentheses, may hold spaces; the state after it is field 3.
	const fields = read("stat")
		.replace(/^.*\) /s, "")
		.split(" ");
	const status = read("status");
	const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]);
	return {
		own: own / 1e9,
		children: (Number(fields[13]) + Number(fields[14])) / 100,
		resident: kilobytes("VmRSS") / 1_024,
		peak: kilobytes("VmHWM") / 1_024,
	};
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) {
		const closed = once(child, "close");
		child.kill("SIGKILL");
		await closed;
	}
}
