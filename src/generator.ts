/**
 * Runs the generator script: `SCRIPT ROOM` and `SCRIPT ROOM del`. Whatever the script does, a run ends in time, leaves no
 * process behind, and takes no other room with it. Only this file knows execa.
 */
import { availableParallelism } from "node:os";
import { execa } from "execa";
import pLimit from "p-limit";
import type { Clock } from "./clock.ts";
import { lackOfDescriptors } from "./descriptors.ts";
import type { Log } from "./log.ts";
import { printable } from "./printable.ts";
import { RunLimit } from "./process-group.ts";
import { redact, secretsIn } from "./redact.ts";
import type { Room } from "./room.ts";

export type Action = "write" | "remove";

/** The script did not do its work. */
export class GeneratorFailed extends Error {
	override readonly name = "GeneratorFailed";
	readonly room: Room;
	readonly exitCode: number | undefined;
	readonly signal: string | undefined;
	/** The last lines that the script printed. */
	readonly output: string;

	constructor(
		what: string,
		room: Room,
		facts: { exitCode?: number | undefined; signal?: string | undefined; output: string; cause?: unknown },
	) {
		super(facts.output === "" ? what : `${what}: ${facts.output.replaceAll("\n", " | ")}`, { cause: facts.cause });
		this.room = room;
		this.exitCode = facts.exitCode;
		this.signal = facts.signal;
		this.output = facts.output;
	}
}

/** What a generator is to the rest of the program. */
export interface Generator {
	/**
	 * Runs the script for a room.
	 * @param urgent whether the room is waiting for it; runs that are not urgent leave half of the places to others
	 * @throws GeneratorFailed
	 */
	run(room: Room, action: Action, urgent: boolean): Promise<void>;
	/** Ends what is running, children included; resolves when all is gone. */
	stop(): Promise<void>;
}

/** What execa tells of a run. */
interface RunResult {
	readonly exitCode?: number | undefined;
	readonly signal?: string | undefined;
	readonly code?: string | undefined;
	readonly cause?: unknown;
}

export interface ScriptOptions {
	/** Absolute path of the script. */
	readonly script: string;
	/** ms after which a run is ended. */
	readonly timeout: number;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly clock: Clock;
	readonly log: Log;
}

/** How much of a script's output is kept, in characters and lines: enough to tell what is wrong. */
const keptOutput = { characters: 4_096, lines: 5 };

export class Script implements Generator {
	/** Of the runs that begin from now on. */
	environment: ScriptOptions["environment"];
	readonly #options: ScriptOptions;
	readonly #running = new Map<RunLimit, Promise<unknown>>();
	readonly #places = pLimit(2 * availableParallelism());
	readonly #placesForTheRest = pLimit(availableParallelism());
	#stopped = false;

	constructor(options: ScriptOptions) {
		this.environment = options.environment;
		this.#options = options;
	}

	run(room: Room, action: Action, urgent: boolean): Promise<void> {
		const run = () => this.#places(() => this.#run(room, action));
		return urgent ? run() : this.#placesForTheRest(run);
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		for (const limit of this.#running.keys()) {
			limit.kill();
		}
		await Promise.all(this.#running.values());
	}

	async #run(room: Room, action: Action): Promise<void> {
		const { script, timeout, clock, log } = this.#options;
		const { environment } = this;
		const name = action === "write" ? `${script} ${room}` : `${script} ${room} del`;
		if (this.#stopped) {
			throw new GeneratorFailed(`${name} was not run, the daemon is stopping`, room, { output: "" });
		}
		const lack = lackOfDescriptors();
		if (lack !== undefined) {
			throw new GeneratorFailed(`${name} ${fate({ code: lack }, false, timeout)}`, room, { output: "" });
		}
		const started = clock.now();
		const child = execa(script, action === "write" ? [room] : [room, "del"], {
			// A process group of its own: a timeout must end the script's children too, and execa would end the script alone.
			detached: true,
			cleanup: false,
			extendEnv: false,
			env: environment,
			stdin: "ignore",
			buffer: false,
			reject: false,
		});
		const output = lastLines([child.stdout, child.stderr], secretsIn(environment));
		const limit = new RunLimit(child, timeout, clock);
		const ended: Promise<RunResult | undefined> = Promise.race([child, limit.givenUp]);
		this.#running.set(limit, ended);
		const result = await ended;
		limit.lift();
		this.#running.delete(limit);
		const took = Math.round(clock.now() - started);
		const printed = output();
		log.debug(
			{ room, action, took, exitCode: result?.exitCode, output: printed },
			`${name} ran for ${took} ms${printed === "" ? "" : `: ${printed}`}`,
		);
		if (limit.exceeded || result?.exitCode !== 0) {
			const facts = { exitCode: result?.exitCode, signal: result?.signal, output: printed, cause: result?.cause };
			throw new GeneratorFailed(`${name} ${fate(result, limit.exceeded, timeout)}`, room, facts);
		}
	}
}

function fate(result: RunResult | undefined, exceeded: boolean, timeout: number): string {
	if (exceeded || result === undefined) {
		return `took longer than ${timeout / 1_000} s and ${result === undefined ? "cannot be ended" : "was ended"}`;
	}
	if (result.exitCode !== undefined) {
		return `exited with ${result.exitCode}`;
	}
	return result.signal !== undefined
		? `was ended by ${result.signal}`
		: `could not be run (${result.code ?? "unknown reason"})`;
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
