/**
 * What to do for a room, from what is seen of it and what is remembered. Pure: no clock, no log, no FreeSWITCH. Start here to
 * understand the program.
 *
 *   conference | gateway  | snippet  | what is done
 *   -----------+----------+----------+---------------------------------------------------------------------------------
 *   running    | none     | unknown  | write the snippet, then load it
 *   running    | none     | written  | load it
 *   running    | none     | loaded   | a failure: no gateway came of the snippet. Try all of it again after a while
 *   running    | up       | unknown  | write the snippet: after the daemon's start, the file may be gone
 *   running    | up       | loaded   | nothing
 *   running    | up, raced           | register it again: an old gateway's un-REGISTER may have taken its binding away
 *   running    | up, old settings    | write the snippet; the loaded gateway goes on unchanged
 *   running    | up, its turn        | replace it: kill it, now that the snippet with the new settings has been written
 *   running    | trying   | any      | as with one that is up, but it is not replaced
 *   running    | dying    | any      | register it, which cures one that was only un-registered; a killed one is waited for
 *   running    | doubled  | any      | wait until the old one is gone
 *   lingering  | any      | any      | nothing
 *   ended      | up       | removed  | kill the gateway
 *   ended      | up       | other    | remove the snippet; if that fails, kill the gateway all the same
 *   ended      | trying   | any      | remove the snippet. Do not kill yet: while a REGISTER is unanswered, FreeSWITCH skips
 *              |          |          | the un-REGISTER and the binding stays
 *   ended      | dying    | any      | remove the snippet
 *   ended      | doubled  | any      | remove the snippet
 *   ended      | none     | any      | remove the snippet; once it is removed, forget the room
 *
 * No snippet is written for a room whose gateway is dying. The next rescan, for whatever room, would load the new gateway while
 * the old one lives, and the old one's un-REGISTER would take the new one's binding away (the race, recordings 05 and 16). For
 * the same reason no gateway is killed while its snippet is there: a rescan for another room would bring it back.
 * One script at a time runs for a room, and after a failure none before the retry is due.
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
	/** `loaded`: written, and a rescan has succeeded since. `unknown`: there may be one or not. */
	readonly snippet: "unknown" | "written" | "loaded" | "removed";
	/** Whether the registrar may have lost the gateway's binding, although FreeSWITCH calls it registered. */
	readonly raced: boolean;
	/** `wanted`: new settings are to be written. `turn`: they are written, and the gateway may be replaced now. */
	readonly renewal: "none" | "wanted" | "turn";
	/** Whether the last try to serve the room has failed. */
	readonly failing: boolean;
	/** Whether the script may run now: it does not run for this room, and no retry is pending. */
	readonly free: boolean;
}

/** What to do for a room in this pass. */
export interface Step {
	/** Run the script: `SCRIPT ROOM` or `SCRIPT ROOM del`. */
	readonly script?: "write" | "remove";
	/**
	 * What to tell FreeSWITCH. `load`: rescan, if the script has succeeded. `renew`: kill, if FreeSWITCH can read the
	 * configuration from which it will load the next gateway.
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
