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

/** From how many runs that hang on no other is begun: the rooms that come may be without number, and processes may not. */
const mostHanging = 32;

export class Script implements Generator {
	/** Of the runs that begin from now on. */
	environment: ScriptOptions["environment"];
	readonly #options: ScriptOptions;
	readonly #places: Places;
	readonly #running = new Set<ScriptRun>();
	/** How many of these not even SIGKILL has ended. Each keeps its room until it ends, and leaves its place to others. */
	#hanging = 0;
	#stopped = false;

	constructor(options: ScriptOptions) {
		this.environment = options.environment;
		this.#options = options;
		this.#places = new Places(options.places);
	}

	run(room: Room, action: Action, urgent: boolean): Promise<void> {
		return this.#places.use(urgent, (leave) => this.#run(room, action, leave));
	}

	/** Ends what is running, children included, and runs nothing any more; resolves when all is gone that can be ended. */
	async stop(): Promise<void> {
		this.#stopped = true;
		const running = [...this.#running];
		for (const run of running) {
			run.end();
		}
		await Promise.all(running.map(({ ended, hangs }) => Promise.race([ended, hangs])));
	}

	async #run(room: Room, action: Action, leave: () => void): Promise<void> {
		const { script, timeout, start, clock, log } = this.#options;
		const args = action === "write" ? [room] : [room, "del"];
		const name = [script, ...args].join(" ");
		if (this.#stopped) {
			throw new GeneratorFailed(`${name} was not run, the daemon is stopping`, { output: "" });
		}
		if (this.#hanging >= mostHanging) {
			throw new GeneratorFailed(`${name} was not run, because ${this.#hanging} others cannot be ended`, { output: "" });
		}
		const run = new ScriptRun(start(script, args, this.environment), timeout, clock);
		this.#running.add(run);
		void run.hangs.then(() => {
			this.#hanging += 1;
			leave();
			log.error(
				{ room, action },
				`room ${room}: ${name} cannot be ended, it ignores even SIGKILL; nothing else runs for that room until it ends`,
			);
		});
		const end = await run.ended;
		this.#running.delete(run);
		this.#hanging -= end.hung ? 1 : 0;
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

function fate({ exitCode, signal, code, exceeded, hung, took }: ScriptEnd, timeout: number): string {
	if (exceeded) {
		const end = hung ? `could not be ended for ${Math.round((took - timeout) / 1_000)} s` : "was ended";
		return `took longer than ${timeout / 1_000} s and ${end}`;
	}
	if (exitCode !== undefined) {
		return `exited with ${exitCode}`;
	}
	return signal !== undefined ? `was ended by ${signal}` : `could not be run (${code ?? "unknown reason"})`;
}
