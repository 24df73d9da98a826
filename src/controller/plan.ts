/**
 * What to do for a room, worked out from what is seen of it and what is remembered. Pure: it sees no clock, no log,
 * no FreeSWITCH. Whoever wants to understand the program starts here.
 *
 *   conference | gateway  | snippet  | what is done
 *   -----------+----------+----------+------------------------------------------------------------------------------
 *   running    | none     | unknown  | write it, then load it
 *   running    | none     | written  | load it
 *   running    | none     | loaded   | nothing was loaded: that is a failure, all is tried anew after a while
 *   running    | up       | unknown  | write it: the daemon has just started and the file may be gone
 *   running    | up       | loaded   | keep it
 *   running    | up, and may have been un-registered after it had registered (the race)    | register it again
 *   running    | trying   | …        | as with one that is up
 *   running    | up, with old settings          | write it; what is loaded goes on unchanged
 *   running    | up, and it is its turn to get new ones  | have it loaded anew: kill it, now that its file is there
 *   running    | dying    | any      | register it, if it is only un-registered; if it really dies, wait until it is gone
 *   running    | up+dying | any      | keep both until the old one is gone
 *   lingering  | any      | any      | keep everything as it is
 *   ended      | up       | removed  | kill the gateway
 *   ended      | up       | other    | remove the snippet; only where that fails, kill the gateway although the snippet is there
 *   ended      | trying   | any      | remove the snippet; killed now, the gateway would not un-REGISTER what it is about to be granted
 *   ended      | dying    | any      | remove the snippet
 *   ended      | up+dying | any      | remove the snippet; once the old one is gone, it is seen whether the new one is trying
 *   ended      | none     | any      | remove the snippet; once it is removed, forget the room
 *
 * Nothing is written for a room whose gateway is dying: the next rescan, for whatever room, would load the new gateway
 * while the old one lives, and the old one's un-REGISTER takes the new one's binding away (recordings 05 and 16).
 * For the same reason no gateway is killed while its snippet is there: a rescan for another room would bring it back.
 * A script runs once at a time for a room, and after a failure not before the retry is due.
 */

/** What is seen and remembered of a room. */
export interface RoomFacts {
	/** `lingering`: it ended a moment ago and may come back. */
	readonly conference: "running" | "lingering" | "ended";
	/**
	 * `trying`: up, and waiting for the registrar's answer. `dying`: killed and not yet deleted, or un-registered by hand.
	 * `doubled`: one that is up beside one that is dying.
	 */
	readonly gateway: "none" | "up" | "trying" | "dying" | "doubled";
	/** `loaded`: written, and a rescan has succeeded since. `removed`: there is none. `unknown`: there may or may not be one. */
	readonly snippet: "unknown" | "written" | "loaded" | "removed";
	/** Whether the registrar may have lost the gateway's binding although FreeSWITCH calls it registered. */
	readonly raced: boolean;
	/** `wanted`: there are new settings, to be written. `turn`: they are written, and the gateway may go to be loaded anew. */
	readonly renewal: "none" | "wanted" | "turn";
	/** Whether the room could not be served when that was last tried. */
	readonly failing: boolean;
	/** Whether the generator may run now: it is not running for this room, and no retry is pending. */
	readonly free: boolean;
}

/** What to do for a room in this pass. */
export interface Step {
	/** Run the generator: `SCRIPT ROOM` or `SCRIPT ROOM del`. */
	readonly script?: "write" | "remove";
	/**
	 * Tell FreeSWITCH; `load` is to be done if the script succeeds, `renew` is a kill that is to be done only if FreeSWITCH can
	 * load what comes after it, the others in any case.
	 */
	readonly gateway?: "load" | "kill" | "register" | "renew";
	/** What this says about the room. */
	readonly verdict?: "not loaded" | "over";
}

const nothing: Step = {};

/** The step for one room, by the table above. */
export function nextStep(room: RoomFacts): Step {
	switch (room.conference) {
		case "running":
			return stepForRunning(room);
		case "lingering":
			return nothing;
		case "ended":
			return stepForEnded(room);
	}
}

function stepForRunning({ gateway, snippet, raced, renewal, free }: RoomFacts): Step {
	switch (gateway) {
		case "none":
			if (snippet === "loaded") {
				return { verdict: "not loaded" };
			}
			if (snippet === "written") {
				return { gateway: "load" };
			}
			return free ? { script: "write", gateway: "load" } : nothing;
		case "up":
		case "trying": {
			const old = snippet === "unknown" || snippet === "removed" || renewal === "wanted";
			const refresh: Step = free && old ? { script: "write" } : nothing;
			if (renewal === "turn" && gateway === "up" && snippet === "loaded") {
				return { gateway: "renew" };
			}
			return raced ? { ...refresh, gateway: "register" } : refresh;
		}
		case "dying":
			return { gateway: "register" };
		case "doubled":
			return nothing;
	}
}

function stepForEnded({ gateway, snippet, failing, free }: RoomFacts): Step {
	const script: Step = free && snippet !== "removed" ? { script: "remove" } : nothing;
	switch (gateway) {
		case "up":
			return snippet === "removed" || failing ? { ...script, gateway: "kill" } : script;
		case "trying":
		case "dying":
		case "doubled":
			return script;
		case "none":
			return snippet === "removed" ? { verdict: "over" } : script;
	}
}
