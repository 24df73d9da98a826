/**
 * A room's way to new settings: its snippet is written anew while the old gateway goes on, then the gateway is killed and, by
 * the ordinary course of things, loaded anew. FreeSWITCH never changes a loaded gateway. It decides nothing; plan.ts does.
 */
import type { Action } from "../generator/generator.ts";

export class Renewal {
	/** `wanted`: the snippet may be an old one. `written`: the snippet is new, the gateway is not. */
	#stage: "none" | "wanted" | "written" = "none";
	/** Whether the script's run under way, if any, began after the renewal was asked for. */
	#fresh = false;
	#offAir = false;

	get stage(): "none" | "wanted" | "written" {
		return this.#stage;
	}

	/** Whether the room's gateway was registered, was taken down or went away in its renewal, and has not been seen registered since. */
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

	/** The gateway is an old one still, even where none was seen: a rescan may have loaded it while the script ran. */
	scriptSucceeded(action: Action): void {
		if (this.#stage === "wanted" && action === "write" && this.#fresh) {
			this.#stage = "written";
		}
	}

	/** FreeSWITCH is about to be told to let a registered gateway go; whether it was told may never be known. */
	takingDown(): void {
		this.#offAir = true;
	}

	/** A registered gateway is going or has gone, whoever wanted it: FreeSWITCH may carry out an earlier kill late. */
	wentAway(): void {
		this.#offAir ||= this.#stage !== "none";
	}

	/** The old gateway goes, or there is none: whatever comes, comes from the snippet that lies there. */
	oldOneGoes(): void {
		if (this.#stage === "written") {
			this.#stage = "none";
		}
	}

	registered(): void {
		this.#offAir = false;
	}
}
