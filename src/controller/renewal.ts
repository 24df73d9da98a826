/**
 * A room's way to new settings: its snippet is written anew while the old gateway goes on, then the gateway is killed and
 * loaded again from the new snippet. FreeSWITCH never changes a loaded gateway. It decides nothing; plan.ts does.
 */
import type { Action } from "../generator/generator.ts";

export class Renewal {
	/** `wanted`: the snippet may be an old one. `written`: the snippet is new, the gateway is not. */
	#stage: "none" | "wanted" | "written" = "none";
	/** Whether the script under way, if any, was started after the renewal was asked for. */
	#fresh = false;
	#offAir = false;

	get stage(): "none" | "wanted" | "written" {
		return this.#stage;
	}

	/** Whether the room lost its registration by its renewal, and has not been listed as registered since. */
	get offAir(): boolean {
		return this.#offAir;
	}

	/** There are new settings. */
	ask(): void {
		this.#stage = "wanted";
		this.#fresh = false;
	}

	scriptStarted(action: Action): void {
		this.#fresh = action === "write";
		if (this.#stage === "written") {
			this.#stage = "wanted";
		}
	}

	/** The gateway counts as an old one even if none was seen: a rescan may have loaded it while the script ran. */
	scriptSucceeded(action: Action): void {
		if (this.#stage === "wanted" && action === "write" && this.#fresh) {
			this.#stage = "written";
		}
	}

	/** FreeSWITCH is about to be told to kill a registered gateway; the answer may be lost although it obeys. */
	takingDown(): void {
		this.#offAir = true;
	}

	/** The registration has gone, whoever ended it: FreeSWITCH may carry out an earlier kill late. */
	unregistered(): void {
		this.#offAir ||= this.#stage !== "none";
	}

	/** The old gateway goes, or there is none: the next one will be loaded from the snippet that lies there. */
	gatewayReplaced(): void {
		if (this.#stage === "written") {
			this.#stage = "none";
		}
	}

	registered(): void {
		this.#offAir = false;
	}
}
