/**
 * The processes of the generator script, which the real Script starts and ends, on simulated time and with a directory in
 * memory. A process can outlive the daemon that started it.
 */
import type { ScriptExit, StartScript } from "../../src/generator/script-process.ts";
import { roomSnippet } from "./directory.ts";
import type { SimulatedNode } from "./node.ts";
import { authorParam } from "./ownership.ts";
import type { ProcessTime } from "./process-time.ts";
import type { Action, Instead } from "./script-faults.ts";

/** The beginning of a run. */
export interface ScriptRecord {
	readonly room: string;
	readonly action: Action;
	/** ms */
	readonly at: number;
}

export class SimulatedScripts {
	/** Starts a process. */
	readonly start: StartScript;
	readonly #node: SimulatedNode;
	readonly #time: ProcessTime;
	/** What ends each process that is running. */
	readonly #ends = new Set<() => void>();
	/** The rooms for which one is running. */
	readonly #busy = new Set<string>();

	constructor(node: SimulatedNode, time: ProcessTime) {
		this.#node = node;
		this.#time = time;
		this.start = (_, [room = "", del], { SIP_PASSWORD: password = "", GATEWAY_MARK: mark }) =>
			this.#start(room, del === undefined ? "write" : "remove", {
				password,
				...(mark !== undefined && { username: `${room}:${mark}`, "auth-username": room }),
			});
	}

	killAll(): void {
		for (const end of [...this.#ends]) {
			end();
		}
	}

	#start(room: string, action: Action, params: Readonly<Record<string, string>>): ReturnType<StartScript> {
		const { clock, claims, history, faults, runs, options } = this.#node;
		let isLeft = !this.#time.dead;
		let isEnded = false;
		let cancel = () => {};
		let resolve!: (how: ScriptExit) => void;
		const exited = new Promise<ScriptExit>((settle) => {
			resolve = settle;
		});
		const exit = (how: ScriptExit) => {
			isLeft = false;
			cancel();
			this.#ends.delete(end);
			this.#busy.delete(room);
			this.#time.deliver(() => resolve(how));
		};
		let end = () => exit({ signal: "SIGTERM" });
		if (isLeft) {
			runs.push({ room, action, at: clock.now() });
			claims.scriptStarted(room, action);
			if (this.#busy.has(room)) {
				claims.fail(`the script is run for room ${room} while another run for it has not ended`);
			}
			this.#busy.add(room);
			const fate = faults.scripts.of({ room, action }, options.takes);
			const name = action === "write" ? `script ${room}` : `script ${room} del`;
			history.outcome(`${name} is run${fate === undefined ? "" : `, and ${fate.words}`}`);
			const { freeswitch, process } = this.#node;
			const knew = process.session?.isCurrent === true;
			const work = () => {
				const author = knew && freeswitch === this.#node.freeswitch && !this.#time.dead ? "daemon" : "late script";
				this.#work(room, action, { ...params, [authorParam]: author }, fate?.fault.instead);
				exit(isEnded ? { signal: "SIGKILL" } : { exitCode: fate?.fault.exitCode ?? 0 });
			};
			if (fate?.fault.immortal === true) {
				end = () => {
					isEnded = true;
				};
				this.#node.mendAfter(fate.takes, work);
			} else {
				cancel = clock.after(fate?.takes ?? options.takes, work);
			}
			this.#ends.add(end);
		}
		return {
			exited,
			closed: exited,
			signal: (signal) => {
				if (signal !== 0 && isLeft) {
					end();
				}
				return isLeft;
			},
			letGo: () => {},
			output: () => "",
		};
	}

	/** What a run does in the end. */
	#work(room: string, action: Action, params: Readonly<Record<string, string>>, instead: Instead | undefined): void {
		const { directory, history } = this.#node;
		if (this.#time.dead) {
			directory.orphaned.add(room);
		} else {
			directory.orphaned.delete(room);
		}
		if (instead !== undefined) {
			instead(directory, room, action);
			return;
		}
		if (action === "write") {
			directory.write(room, roomSnippet(room, this.#node.options.second, params));
		} else {
			directory.delete(room);
		}
		history.outcome(`the snippet of room ${room} is ${action === "write" ? "written" : "removed"}`);
	}
}
