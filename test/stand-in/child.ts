/** The stand-in in a child process that a test starts, gives orders to, kills, and starts again. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { readLines } from "../support/lines.ts";
import { changed, until } from "../support/until.ts";
import type { Order, Report } from "./protocol.ts";

interface StandInChildOptions {
	readonly directory: string;
	/** `HOST:PORT` of a RegistrarServer; without it the registrar is inside and dies with the process. */
	readonly registrar?: string;
	readonly password?: string;
	/** ms per second of FreeSWITCH. */
	readonly second?: number;
}

const program = fileURLToPath(new URL("./process.ts", import.meta.url));

export class StandInChild {
	readonly #options: StandInChildOptions;
	#process: ChildProcessByStdio<Writable, Readable, null> | undefined;
	/** What the process has reported. */
	#reports: Report[] = [];
	/** The event socket's port, the same for all starts. */
	port = 0;
	#orders = 0;

	private constructor(options: StandInChildOptions) {
		this.#options = options;
	}

	static async start(options: StandInChildOptions): Promise<StandInChild> {
		const child = new StandInChild(options);
		await child.start();
		return child;
	}

	/** Starts it, anew after `kill`; resolves when it listens. */
	async start(): Promise<void> {
		const { password = "ClueCon", ...settings } = this.#options;
		const reports: Report[] = [];
		const flags = Object.entries({ ...settings, port: this.port }).flatMap(([name, value]) => [
			`--${name}`,
			String(value),
		]);
		const child = spawn(process.execPath, ["--import", "tsx", program, ...flags], {
			stdio: ["pipe", "pipe", "inherit"],
			env: { ...process.env, STAND_IN_PASSWORD: password },
		});
		this.#process = child;
		this.#reports = reports;
		this.#orders = 0;
		child.stdin.on("error", () => {
			// The process has ended. A waiting order fails at its deadline.
		});
		readLines(child.stdout, (line) => {
			reports.push(JSON.parse(line) as Report);
			changed();
		});
		child.once("exit", changed);
		await until(() => reports.length > 0 || child.exitCode !== null, "the stand-in's process listens");
		const [first] = reports;
		if (first?.report !== "listening") {
			throw new Error(`the stand-in's process has exited with ${String(child.exitCode)}`);
		}
		this.port = first.port;
	}

	/** Gives an order and resolves with its answer. @throws Error if it fails */
	async order(order: Order): Promise<string> {
		this.#orders += 1;
		const number = this.#orders;
		this.#process?.stdin.write(`${JSON.stringify(order)}\n`);
		const outcome = () => this.#reports.find((report) => "order" in report && report.order === number);
		await until(() => outcome() !== undefined, `the stand-in's process has carried out ${JSON.stringify(order)}`);
		const report = outcome();
		if (report?.report !== "done") {
			throw new Error(report?.report === "failed" ? report.error : "the stand-in's process has ended");
		}
		return report.answer;
	}

	/** Ends it with SIGKILL, if it runs. */
	async kill(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child !== undefined && child.exitCode === null && child.signalCode === null) {
			const ended = once(child, "close");
			child.kill("SIGKILL");
			await ended;
		}
	}
}
