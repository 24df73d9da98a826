/**
 * One process that runs the script, once or, under xargs, for several rooms. Whatever it does, it ends in time, leaves no
 * process behind, and never waits for a reader. Only this file knows execa.
 */
import { execa } from "execa";
import type { Clock } from "../clock.ts";
import { printable } from "../log/printable.ts";
import { redact, secretsIn } from "../log/redact.ts";
import { RunLimit } from "./process-group.ts";

export interface ScriptProcessOptions {
	readonly command: string;
	readonly args: readonly string[];
	/** What it reads; by default it has no input. */
	readonly input?: string;
	/** ms after which it is ended. */
	readonly timeout: number;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly clock: Clock;
}

/** How a process ended. */
export interface ScriptEnd {
	readonly exitCode: number | undefined;
	readonly signal: string | undefined;
	/** The system's name of the error for which it could not be run. */
	readonly code: string | undefined;
	readonly cause: unknown;
	/** Whether its time was up. */
	readonly exceeded: boolean;
	/** Whether it could not even be ended and is waited for no longer. */
	readonly givenUp: boolean;
	/** The last lines that it printed. */
	readonly output: string;
	/** ms that it ran. */
	readonly took: number;
}

/** How much of the output is kept, in characters and lines: enough to tell what is wrong. */
const keptOutput = { characters: 4_096, lines: 5 };

export class ScriptProcess {
	/** Resolves when it has ended, or is given up; does not reject. */
	readonly ended: Promise<ScriptEnd>;
	readonly #limit: RunLimit;

	constructor({ command, args, input, timeout, environment, clock }: ScriptProcessOptions) {
		const started = clock.now();
		const child = execa(command, args, {
			// A process group of its own: a timeout must end the script's children too, and execa would end the script alone.
			detached: true,
			cleanup: false,
			extendEnv: false,
			env: environment,
			...(input === undefined ? { stdin: "ignore" as const } : { input }),
			buffer: false,
			reject: false,
		});
		const output = lastLines([child.stdout, child.stderr], secretsIn(environment));
		const limit = new RunLimit(child, timeout, clock);
		this.#limit = limit;
		this.ended = Promise.race([child, limit.givenUp]).then((result) => {
			limit.lift();
			return {
				exitCode: result?.exitCode,
				signal: result?.signal,
				code: result?.code,
				cause: result?.cause,
				exceeded: limit.exceeded,
				givenUp: result === undefined,
				output: output(),
				took: clock.now() - started,
			};
		});
	}

	/** Ends it at once. */
	kill(): void {
		this.#limit.kill();
	}
}

/** Collects the end of what is printed, reading all of it so that the script never waits for a reader. */
function lastLines(streams: readonly NodeJS.ReadableStream[], secrets: readonly string[]): () => string {
	let tail = "";
	let cut = false;
	for (const stream of streams) {
		stream.setEncoding("utf8");
		stream.on("data", (text: string) => {
			const all = tail + text;
			cut ||= all.length > keptOutput.characters;
			tail = all.slice(-keptOutput.characters);
		});
	}
	return () => printable(redact(tail, secrets, cut).trim().split("\n").slice(-keptOutput.lines).join("\n"));
}
