/**
 * Runs the generator script: `SCRIPT ROOM` and `SCRIPT ROOM del`, some at a time. In a burst, starting a process costs more
 * than what the script does, and this process is the big one: so rooms that wait are handed to xargs, several at once. What
 * one script does is no other room's matter: where anything but success comes of that, each room gets a run of its own.
 */
import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import type { Room } from "../room.ts";
import { lackOfDescriptors } from "./descriptors.ts";
import { type ScriptEnd, ScriptProcess } from "./script-process.ts";

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

export interface ScriptOptions {
	/** Absolute path of the script. */
	readonly script: string;
	/** ms after which a run is ended. */
	readonly timeout: number;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly clock: Clock;
	readonly log: Log;
}

/** A run that waits for its place. */
interface Waiting {
	readonly room: Room;
	readonly action: Action;
	readonly resolve: () => void;
	readonly reject: (error: unknown) => void;
}

/** Runs that share a process: how many at most, ms that they should take, and ms after which one of them must be hanging. */
const together = { most: 16, time: 200, timeout: 1_000 };

/** Debian's and Ubuntu's; where there is none, each room gets a run of its own. */
const xargs = "/usr/bin/xargs";

const numberOfPlaces = 2 * availableParallelism();

export class Script implements Generator {
	/** Of the runs that begin from now on. */
	environment: ScriptOptions["environment"];
	readonly #options: ScriptOptions;
	readonly #running = new Set<ScriptProcess>();
	readonly #places = pLimit(numberOfPlaces);
	readonly #placesForTheRest = pLimit(numberOfPlaces / 2);
	/** Runs that may share a process. */
	readonly #waiting: Waiting[] = [];
	/** Runs that shared one which did not succeed; they come last, as one of them may be hanging. */
	readonly #alone: Waiting[] = [];
	/** ms that a run took lately; infinite until one has succeeded since the last that did not. */
	#typical = Number.POSITIVE_INFINITY;
	#stopped = false;

	constructor(options: ScriptOptions) {
		this.environment = options.environment;
		this.#options = options;
	}

	run(room: Room, action: Action, urgent: boolean): Promise<void> {
		if (!urgent) {
			return this.#placesForTheRest(() => this.#places(() => this.#run(room, action)));
		}
		return new Promise((resolve, reject) => {
			this.#wait(this.#waiting, { room, action, resolve, reject });
		});
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		const running = [...this.#running];
		for (const process of running) {
			process.kill();
		}
		await Promise.all(running.map(({ ended }) => ended));
	}

	#wait(queue: Waiting[], run: Waiting): void {
		queue.push(run);
		void this.#places(() => this.#next());
	}

	/** Serves some of those that wait; it is called once for each of them, so that it finds none when others were served with it. */
	async #next(): Promise<void> {
		const batch = this.#waiting.length > 0 ? this.#waiting.splice(0, this.#batchSize) : this.#alone.splice(0, 1);
		const [first, second] = batch;
		if (first === undefined) {
			return;
		}
		if (second === undefined) {
			await this.#run(first.room, first.action).then(first.resolve, first.reject);
		} else if (await this.#runTogether(batch)) {
			for (const { resolve } of batch) {
				resolve();
			}
		} else {
			for (const run of batch) {
				this.#wait(this.#alone, run);
			}
		}
	}

	/** How many of those that wait are to share a process: the other places are to get their share. */
	get #batchSize(): number {
		const share = Math.ceil(this.#waiting.length / numberOfPlaces);
		return this.#stopped ? 1 : Math.max(1, Math.min(together.most, share, Math.floor(together.time / this.#typical)));
	}

	/** @returns whether all of them succeeded */
	async #runTogether(batch: readonly Waiting[]): Promise<boolean> {
		const { script, timeout, log } = this.#options;
		if (lackOfDescriptors() !== undefined) {
			return false;
		}
		// A room's name holds nothing that xargs would act upon.
		const lines = batch.map(({ room, action }) => `${argumentsOf(room, action).join(" ")}\n`);
		const end = await this.#process(xargs, ["-L", "1", script], Math.min(together.timeout, timeout), lines.join(""));
		const succeeded = end.exitCode === 0 && !end.exceeded;
		this.#typical = succeeded ? end.took / batch.length : Number.POSITIVE_INFINITY;
		const { exitCode, output } = end;
		const took = Math.round(end.took);
		const how = succeeded ? "" : ", not all with success, each is run by itself now";
		log.debug(
			{ rooms: batch.map(({ room }) => room), took, exitCode, output },
			`${script} ran for ${batch.length} rooms in ${took} ms${how}${output === "" ? "" : `: ${output}`}`,
		);
		return succeeded;
	}

	async #run(room: Room, action: Action): Promise<void> {
		const { script, timeout, log } = this.#options;
		const args = argumentsOf(room, action);
		const name = [script, ...args].join(" ");
		if (this.#stopped) {
			throw new GeneratorFailed(`${name} was not run, the daemon is stopping`, room, { output: "" });
		}
		const lack = lackOfDescriptors();
		if (lack !== undefined) {
			throw new GeneratorFailed(`${name} could not be run (${lack})`, room, { output: "" });
		}
		const end = await this.#process(script, args, timeout);
		const { exitCode, signal, output, cause } = end;
		const took = Math.round(end.took);
		log.debug(
			{ room, action, took, exitCode, output },
			`${name} ran for ${took} ms${output === "" ? "" : `: ${output}`}`,
		);
		if (end.exceeded || exitCode !== 0) {
			this.#typical = Number.POSITIVE_INFINITY;
			throw new GeneratorFailed(`${name} ${fate(end, timeout)}`, room, { exitCode, signal, output, cause });
		}
		this.#typical = end.took;
	}

	async #process(command: string, args: readonly string[], timeout: number, input?: string): Promise<ScriptEnd> {
		const { clock } = this.#options;
		const { environment } = this;
		const process = new ScriptProcess({
			command,
			args,
			timeout,
			environment,
			clock,
			...(input === undefined ? {} : { input }),
		});
		this.#running.add(process);
		const end = await process.ended;
		this.#running.delete(process);
		return end;
	}
}

function argumentsOf(room: Room, action: Action): string[] {
	return action === "write" ? [room] : [room, "del"];
}

function fate({ exitCode, signal, code, exceeded, givenUp }: ScriptEnd, timeout: number): string {
	if (exceeded || givenUp) {
		return `took longer than ${timeout / 1_000} s and ${givenUp ? "cannot be ended" : "was ended"}`;
	}
	if (exitCode !== undefined) {
		return `exited with ${exitCode}`;
	}
	return signal !== undefined ? `was ended by ${signal}` : `could not be run (${code ?? "unknown reason"})`;
}
