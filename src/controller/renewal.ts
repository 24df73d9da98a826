/**
 * A room's way to new settings: its snippet is written anew while the old gateway goes on, then the gateway is killed and
 * loaded again from the new snippet. FreeSWITCH never changes a loaded gateway. It decides nothing; plan.ts does.
 */
import type { ListedGateway } from "../freeswitch/commands.ts";
import type { Action } from "../generator/generator.ts";
import type { Generation } from "./generation.ts";

export class Renewal {
	readonly #current: () => Generation;
	/** The settings of the snippet, of the script under way, and of the loaded gateway or the one that is loaded next. */
	#snippet: Generation | undefined;
	#script: Generation | undefined;
	#gateway: Generation | "old" | undefined;
	/** Whether FreeSWITCH was told to load a snippet of these settings, and had no gateway of the room before. */
	#loaded: Generation | undefined;
	#offAir = false;
	#clashes = false;

	constructor(current: () => Generation) {
		this.#current = current;
	}

	/** `wanted`: the gateway has old settings, and so may the snippet. `written`: the snippet is new, the gateway is not. */
	get stage(): "none" | "wanted" | "written" {
		if (!this.#isOld) {
			return "none";
		}
		return this.#snippet === this.#current() ? "written" : "wanted";
	}

	/** Whether the room lost its registration by its renewal, and has not been listed as registered since. */
	get offAir(): boolean {
		return this.#offAir;
	}

	/** Whether FreeSWITCH has loaded the room's gateway from another file than its snippet. */
	get clashes(): boolean {
		return this.#clashes;
	}

	/** Whether the gateway is known to have today's settings. */
	get isCurrent(): boolean {
		return this.#gateway === this.#current();
	}

	/** Settings that are not known are old ones after a reload; before, they are taken for today's. */
	get #isOld(): boolean {
		const current = this.#current();
		return this.#gateway === undefined ? current.number > 0 : this.#gateway !== current;
	}

	scriptStarted(action: Action): void {
		this.#script = action === "write" ? this.#current() : undefined;
		this.#snippet = undefined;
		if (action === "remove") {
			this.#loaded = undefined;
		}
	}

	scriptSucceeded(): void {
		this.#snippet = this.#script;
	}

	/** FreeSWITCH has no gateway of the room, or is deleting it: the next one will be loaded from the current snippet. */
	gatewayReplaced(): void {
		this.#gateway = this.#snippet;
	}

	/** A rescan has succeeded before which the room had no gateway. */
	loaded(): void {
		this.#loaded = this.#snippet;
	}

	/**
	 * FreeSWITCH lists the room's gateways. A mark tells their settings; without one, what was done for them does.
	 * @param marked whether the script is known to write marks
	 */
	listed(gateways: readonly ListedGateway[], marked: boolean): void {
		const current = this.#current();
		const isCurrent = gateways.every(({ mark }) => mark !== undefined && current.matches(mark));
		this.#clashes = marked && !isCurrent && this.#loaded === current;
		if (isCurrent) {
			this.#gateway = current;
		} else if (!this.#clashes && gateways.some(({ mark }) => mark !== undefined && !current.matches(mark))) {
			this.#gateway = "old";
		}
	}

	/** FreeSWITCH is about to be told to kill a registered gateway; the answer may be lost although it obeys. */
	takingDown(): void {
		this.#offAir = true;
	}

	/** The registration has gone, whoever ended it: FreeSWITCH may carry out an earlier kill late. */
	unregistered(): void {
		this.#offAir ||= this.stage !== "none";
	}

	registered(): void {
		this.#offAir = false;
	}
}
