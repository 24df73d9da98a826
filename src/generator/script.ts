/** Runs the generator script: `SCRIPT ROOM` and `SCRIPT ROOM del`, a process for each room, some at a time. */
import type { Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import type { Room } from "../room.ts";
import { type Action, type Generator, GeneratorFailed } from "./generator.ts";
import { Places } from "./places.ts";
import type { StartScript } from "./script-process.ts";
import { type ScriptEnd, ScriptRun } from "./script-run.ts";

export interface ScriptOptions {
	/** Absolute path of the script. */
	readonly script: string;
	/** ms after which a run is ended. */
	readonly timeout: number;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** How many runs there may be at a time. */
	readonly places: number;
	readonly start: StartScript;
	readonly clock: Clock;
	readonly log: Log;
}

export class Script implements Generator {
	/** Of the runs that begin from now on. */
	environment: ScriptOptions["environment"];
	readonly #options: ScriptOptions;
	readonly #places: Places;
	readonly #running = new Set<ScriptRun>();
	#stopped = false;

	constructor(options: ScriptOptions) {
		this.environment = options.environment;
		this.#options = options;
		this.#places = new Places(options.places);
	}

	run(room: Room, action: Action, urgent: boolean): Promise<void> {
		return this.#places.use(urgent, () => this.#run(room, action));
	}

	/** Ends what is running, children included, and runs nothing any more; resolves when all is gone. */
	async stop(): Promise<void> {
		this.#stopped = true;
		const running = [...this.#running];
		for (const run of running) {
			run.kill();
		}
		await Promise.all(running.map(({ ended }) => ended));
	}

	async #run(room: Room, action: Action): Promise<void> {
		const { script, timeout, start, clock, log } = this.#options;
		const args = action === "write" ? [room] : [room, "del"];
		const name = [script, ...args].join(" ");
		if (this.#stopped) {
			throw new GeneratorFailed(`${name} was not run, the daemon is stopping`, { output: "" });
		}
		const run = new ScriptRun(start(script, args, this.environment), timeout, clock);
		this.#running.add(run);
		const end = await run.ended;
		this.#running.delete(run);
		const { exitCode, output } = end;
		const took = Math.round(end.took);
		log.debug(
			{ room, action, took, exitCode, output },
			`${name} ran for ${took} ms${output === "" ? "" : `: ${output}`}`,
		);
		if (end.exceeded || exitCode !== 0) {
			throw new GeneratorFailed(`${name} ${fate(end, timeout)}`, end);
		}
	}
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
