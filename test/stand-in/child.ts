/** The stand-in in a process of its own, as tests use it: started, told what to do, killed, and started again. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { readLines } from "../support/lines.ts";
import { changed, until } from "../support/until.ts";
import type { Order, Report } from "./protocol.ts";

export interface StandInChildOptions {
	readonly directory: string;
	/** `HOST:PORT` of a RegistrarServer; without it the registrar is inside and dies with the process. */
	readonly registrar?: string;
	readonly password?: string;
	/** How many ms a second of FreeSWITCH lasts. */
	readonly second?: number;
}

const program = fileURLToPath(new URL("./process.ts", import.meta.url));

export class StandInChild {
	/** Everything told since the first start. */
	readonly reports: Report[] = [];
	readonly #options: StandInChildOptions;
	#process: ChildProcessByStdio<Writable, Readable, null> | undefined;
	#port = 0;
	#starts = 0;
	#orders = 0;
	/** How many reports there were when the process started. */
	#since = 0;

	private constructor(options: StandInChildOptions) {
		this.#options = options;
	}

	static async start(options: StandInChildOptions): Promise<StandInChild> {
		const child = new StandInChild(options);
		await child.start();
		return child;
	}

	/** The event socket's port, the same through all starts. */
	get port(): number {
		return this.#port;
	}

	/** Commands that have come over the event socket, since the first start. */
	get commands(): string[] {
		return this.reports.flatMap((report) => (report.report === "command" ? [report.text] : []));
	}

	/** Starts it, anew after `kill` or `shutdown`; resolves when it listens. */
	async start(): Promise<void> {
		const { directory, registrar, password = "ClueCon", second = 1_000 } = this.#options;
		this.#starts += 1;
		this.#orders = 0;
		this.#since = this.reports.length;
		const settings = {
			port: this.#port,
			directory,
			second,
			seed: this.#starts * 1_000,
			...(registrar && { registrar }),
		};
		const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
		const child = spawn(process.execPath, ["--import", "tsx", program, ...flags], {
			stdio: ["pipe", "pipe", "inherit"],
			env: { ...process.env, STAND_IN_PASSWORD: password },
		});
		this.#process = child;
		child.stdin.on("error", () => {
			// It has ended; whoever waits for its report is told by the deadline.
		});
		readLines(child.stdout, (line) => {
			this.reports.push(JSON.parse(line) as Report);
			changed();
		});
		child.once("exit", () => {
			changed();
		});
		await until(() => this.#listening() !== undefined || child.exitCode !== null, "the stand-in's process listens", {
			describe: () => `it has exited with ${String(child.exitCode)}`,
		});
		this.#port = this.#listening() ?? 0;
	}

	/** Has an order carried out, and resolves with its answer. @throws Error if it fails */
	async order(order: Order): Promise<string> {
		this.#orders += 1;
		const number = this.#orders;
		this.#process?.stdin.write(`${JSON.stringify(order)}\n`);
		const outcome = () =>
			this.reports
				.slice(this.#since)
				.find((report) => (report.report === "done" || report.report === "failed") && report.order === number);
		await until(() => outcome() !== undefined, `the stand-in's process has carried out ${JSON.stringify(order)}`);
		const report = outcome();
		if (report?.report !== "done") {
			throw new Error(report?.report === "failed" ? report.error : "the stand-in's process has ended");
		}
		return report.answer;
	}

	/** Ends it with SIGKILL. */
	async kill(): Promise<void> {
		await this.#end((child) => child.kill("SIGKILL"));
	}

	/** Has it shut down in order, with its process. */
	async shutdown(): Promise<void> {
		await this.order({ do: "shutdown" });
		await this.close();
	}

	/** Ends it if it runs. */
	async close(): Promise<void> {
		await this.#end((child) => child.stdin.end());
	}

	#listening(): number | undefined {
		for (const report of this.reports.slice(this.#since)) {
			if (report.report === "listening") {
				return report.port;
			}
		}
		return undefined;
	}

	async #end(by: (child: ChildProcessByStdio<Writable, Readable, null>) => void): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child !== undefined && child.exitCode === null && child.signalCode === null) {
			const ended = once(child, "close");
			by(child);
			await ended;
		}
	}
}
