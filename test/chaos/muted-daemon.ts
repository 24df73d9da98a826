/** The built daemon with its log going wherever a test wants, such as into a pipe that nobody reads. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { program } from "../support/daemon-process.ts";

export class MutedDaemon {
	readonly #child: ChildProcess;
	readonly #ended: Promise<unknown>;

	/** @param output the file descriptor that is its standard output */
	constructor(environment: Readonly<Record<string, string>>, output: number) {
		this.#child = spawn(process.execPath, [program], {
			env: { PATH: process.env["PATH"], ...environment },
			stdio: ["ignore", output, "inherit"],
		});
		this.#ended = once(this.#child, "exit");
	}

	get pid(): number {
		return this.#child.pid ?? -1;
	}

	/** Ends it; resolves when it has ended. */
	async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
		this.#child.kill(signal);
		await this.#ended;
	}
}
