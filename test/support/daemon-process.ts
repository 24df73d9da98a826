/** The built daemon as a process, with its log as it arrives. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readLines } from "./lines.ts";
import { changed, until } from "./until.ts";

export const program = fileURLToPath(new URL("../../dist/fsconfregger", import.meta.url));
export const shippedScript = fileURLToPath(new URL("../../sofia-generator.sh", import.meta.url));

export interface DaemonProcessOptions {
	readonly args?: readonly string[];
	/** All of its environment but PATH. */
	readonly environment?: Readonly<Record<string, string>>;
	/** Called for each line of the log. */
	readonly onRecord?: (record: LogRecord) => void;
}

/** A line of the log, as far as tests look at it. */
export interface LogRecord {
	readonly level: string;
	readonly msg: string;
	readonly room?: string;
}

export class DaemonProcess {
	/** All that it has printed. */
	output = "";
	errors = "";
	readonly records: LogRecord[] = [];
	readonly #child: ChildProcess;
	readonly #ended: Promise<{ code: number | null; signal: string | null }>;

	constructor({ args = [], environment = {}, onRecord = () => {} }: DaemonProcessOptions) {
		const child = spawn(program, args, {
			env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`, ...environment },
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#child = child;
		readLines(child.stdout, (line) => {
			this.output += `${line}\n`;
			if (line.startsWith("{")) {
				const record = JSON.parse(line) as LogRecord;
				this.records.push(record);
				onRecord(record);
			}
			changed();
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.errors += text;
			changed();
		});
		this.#ended = once(child, "close").then(([code, signal]) => ({
			code: code as number | null,
			signal: signal as string | null,
		}));
	}

	get pid(): number {
		return this.#child.pid ?? -1;
	}

	/** How many sentences of the log match. */
	count(pattern: RegExp): number {
		return this.records.filter(({ msg }) => pattern.test(msg)).length;
	}

	/** Resolves when `times` sentences of the log match. */
	async said(pattern: RegExp, times = 1): Promise<void> {
		await until(() => this.count(pattern) >= times, `the daemon says ${String(pattern)} ${times} times`, {
			describe: () => this.output + this.errors,
		});
	}

	signal(signal: NodeJS.Signals): void {
		this.#child.kill(signal);
	}

	/** Resolves when the daemon has ended and all its output has been read. */
	ended(): Promise<{ code: number | null; signal: string | null }> {
		return this.#ended;
	}

	/** Ends it by SIGTERM, and resolves with its exit code. */
	async stop(): Promise<number | null> {
		this.signal("SIGTERM");
		return (await this.ended()).code;
	}

	/** Ends it by SIGKILL. */
	async kill(): Promise<void> {
		this.signal("SIGKILL");
		await this.ended();
	}
}
