/** Finds the scripts that a daemon runs, and kills or stops them at a random moment of their few ms. */
import { setImmediate as turn } from "node:timers/promises";
import type { Random } from "../stand-in/freeswitch/random.ts";
import { shippedScript } from "../support/daemon-process.ts";
import { childrenOf, commandLineOf, isAlive, stateOf } from "../support/processes.ts";

/** ms to wait for a script. */
const patience = 250;

/** ms from the sight of a script to its harm, at most. Some scripts end earlier, and then another is found. */
const longestLife = 8;

export class ScriptHunter {
	/** How many scripts were killed themselves, not only a program that they had started. */
	leaders = 0;
	readonly #random: Random;

	constructor(random: Random) {
		this.#random = random;
	}

	/**
	 * Kills with -9: a script, or it and what it has started, or only the latter.
	 * @param provoke has the daemon run scripts
	 * @returns whether one was killed
	 */
	async kill(daemon: number, provoke: () => Promise<void>): Promise<boolean> {
		for (let tries = 0; tries < 20; tries += 1) {
			const script = await this.#find(daemon);
			if (script === undefined) {
				await provoke();
				continue;
			}
			const [program] = childrenOf(script);
			const target = [program, script, -script][this.#random.between(0, 2)];
			if (target !== undefined && signalled(target, "SIGKILL")) {
				while (isAlive(Math.abs(target))) {
					await turn();
				}
				this.leaders += target === program ? 0 : 1;
				return true;
			}
		}
		return false;
	}

	/** Stops a script. @returns false if there was none, or it ended before it could be stopped */
	async stop(daemon: number): Promise<boolean> {
		const script = await this.#find(daemon);
		if (script === undefined || !signalled(script, "SIGSTOP")) {
			return false;
		}
		while (isAlive(script) && stateOf(script) !== "T") {
			await turn();
		}
		return isAlive(script);
	}

	async #find(daemon: number): Promise<number | undefined> {
		const deadline = performance.now() + patience;
		while (scriptsOf(daemon).length === 0) {
			if (performance.now() > deadline) {
				return undefined;
			}
			await turn();
		}
		const moment = performance.now() + this.#random.between(0, longestLife * 10) / 10;
		while (performance.now() < moment) {
			await turn();
		}
		const scripts = scriptsOf(daemon);
		return scripts.length === 0 ? undefined : scripts[this.#random.between(0, scripts.length - 1)];
	}
}

/**
 * The scripts of a daemon that are not stopped. A child that is still a copy of the daemon is left out: until it has become
 * the script the daemon waits for it, and would wait for ever for one that has been stopped.
 */
function scriptsOf(daemon: number): number[] {
	return childrenOf(daemon).filter((pid) => commandLineOf(pid).includes(shippedScript) && stateOf(pid) !== "T");
}

/** Signals a process, or the group of a negative one; false if it no longer exists. */
function signalled(pid: number, signal: NodeJS.Signals): boolean {
	try {
		return isAlive(Math.abs(pid)) && process.kill(pid, signal);
	} catch {
		return false;
	}
}
