/** Lies in wait for the scripts that a daemon runs, and does them harm at a moment of their few ms that chance picks. */

import type { Random } from "../stand-in/freeswitch/random.ts";
import { shippedScript } from "../support/daemon-process.ts";
import { childrenOf, commandLineOf, isAlive, stateOf } from "../support/processes.ts";

/** ms that a script is waited for. */
const patience = 250;

/** ms from the sight of a script to its harm, at most: some live longer, and then another is found. */
const longestLife = 8;

export class ScriptHunter {
	/** How many scripts were killed themselves, and not only a program that they had started. */
	leaders = 0;
	readonly #random: Random;

	constructor(random: Random) {
		this.#random = random;
	}

	/**
	 * Kills with -9: a script, or it and what it has started, or just that.
	 * @param provoke has the daemon run scripts
	 * @returns whether it came to that
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

	/** Stops a script. @returns whether there was one, and it did not come to its end before it could be stopped */
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
		const until = performance.now() + patience;
		while (scriptsOf(daemon).length === 0) {
			if (performance.now() > until) {
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
 * The scripts that a daemon is running and that go on. A child that is still a copy of the daemon is none yet: until it
 * has become the script the daemon waits for it, and would wait for ever for one that has been stopped.
 */
function scriptsOf(daemon: number): number[] {
	return childrenOf(daemon).filter((pid) => commandLineOf(pid).includes(shippedScript) && stateOf(pid) !== "T");
}

/** Lets everything else go on, for as short a time as can be. */
function turn(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}

/** Signals a process, or the group of a negative one; false if it is not there any more. */
function signalled(pid: number, signal: NodeJS.Signals): boolean {
	try {
		return isAlive(Math.abs(pid)) && process.kill(pid, signal);
	} catch {
		return false;
	}
}
