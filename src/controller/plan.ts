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
 *   running    | up, incomplete      | as with none: one of several gateways is missing
 *   running    | up, raced           | register it again: an old gateway's un-REGISTER may have taken its binding away
 *   running    | up, old settings    | write the snippet; the loaded gateway goes on unchanged
 *   running    | up, its turn        | replace it: kill it, now that the snippet with the new settings has been written
 *   running    | new, trying         | as with one that is up, but it is not replaced
 *   running    | dying    | any      | register it, which cures one that was only un-registered; a killed one is waited for
 *   running    | doubled  | any      | wait until the old one is gone
 *   lingering  | any      | any      | remove the snippet, which leaves the gateway as it is
 *   ended      | up       | removed  | kill the gateway
 *   ended      | up       | other    | remove the snippet; if that fails, kill the gateway all the same
 *   ended      | new      | any      | kill it at once, alone or beside a dying one: killed before its REGISTER, it sends none;
 *              |          |          | and remove the snippet
 *   ended      | dying               | as with one that is up, unless it was killed: one un-registered by hand would stay
 *   ended      | up, foreign         | un-register it, and leave it loaded: each rescan would bring it back, and it would REGISTER
 *   ended      | trying   | any      | remove the snippet. Do not kill yet: while a REGISTER is unanswered, FreeSWITCH skips
 *              |          |          | the un-REGISTER and the binding stays
 *   ended      | doubled  | any      | remove the snippet
 *   ended      | none     | any      | remove the snippet; once it is removed, forget the room
 *   away       | any      | any      | remove the snippet: FreeSWITCH is gone, and one that starts would register the room
 *
 * A snippet lies there only while its room runs, because whoever starts FreeSWITCH or its profile loads what lies there. Removing
 * it does nothing to a loaded gateway.
 * No snippet is written for a room whose gateway is dying. The next rescan, for whatever room, would load the new gateway while
 * the old one lives, and the old one's un-REGISTER would take the new one's binding away (the race, recordings 05 and 16). For
 * the same reason no gateway that has registered is killed while its snippet is there: a rescan for another room would bring it
 * back.
 * One script at a time runs for a room, and after a failure none before the retry is due.
 */

/** What is seen and remembered of a room. */
export interface RoomFacts {
	/** `lingering`: it ended a moment ago and may come back. `away`: FreeSWITCH cannot be reached, and may have ended with it. */
	readonly conference: "running" | "lingering" | "ended" | "away";
	/**
	 * `new`: about to REGISTER at the next tick. `trying`: waiting for the registrar's answer. `dying`: killed and not yet deleted,
	 * or un-registered. `doubled`: one that is up beside one of its name that is dying. Of several gateways of a room, the kind
	 * that restricts most what may be done.
	 */
	readonly gateway: "none" | "new" | "up" | "trying" | "dying" | "doubled";
	/** `loaded`: written, and a rescan has succeeded since. `unknown`: there may be one or not. */
	readonly snippet: "unknown" | "written" | "loaded" | "removed";
	/** Whether a gateway is there that REGISTERs at the next tick and was not killed, whatever the others are. */
	readonly due: boolean;
	/** Whether one of the room's gateways is missing. */
	readonly incomplete: boolean;
	/** Whether the registrar may have lost the gateway's binding, although FreeSWITCH calls it registered. */
	readonly raced: boolean;
	/** `wanted`: new settings are to be written. `turn`: they are written, and the gateway may be replaced now. */
	readonly renewal: "none" | "wanted" | "turn";
	/** Whether FreeSWITCH has been told to delete all of its gateways. */
	readonly killed: boolean;
	/** Whether its gateway comes back however often it is removed. */
	readonly foreign: boolean;
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
	 * What to tell FreeSWITCH. `load`: rescan, if the script has succeeded. `discard`: kill, before anything else. `renew`: kill, if
	 * FreeSWITCH can read the configuration from which it will load the next gateway.
	 */
	readonly gateway?: "load" | "kill" | "discard" | "register" | "renew" | "unregister";
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
		case "away":
			return removal(room);
		case "ended":
			return stepForEnded(room);
	}
}

function removal({ snippet, free }: RoomFacts): Step {
	return free && snippet !== "removed" ? { script: "remove" } : nothing;
}

function stepForRunning(room: RoomFacts): Step {
	const { gateway, snippet, incomplete, raced, renewal, free } = room;
	switch (gateway) {
		case "none":
			return load(room);
		case "new":
		case "up":
		case "trying": {
			if (incomplete && !raced) {
				return load(room);
			}
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

function load({ snippet, free }: RoomFacts): Step {
	if (snippet === "loaded") {
		return { verdict: "not loaded" };
	}
	if (snippet === "written") {
		return { gateway: "load" };
	}
	return free ? { script: "write", gateway: "load" } : nothing;
}

function stepForEnded(room: RoomFacts): Step {
	const { gateway, snippet, failing, due, foreign, killed } = room;
	const script = removal(room);
	if (due) {
		return { ...script, gateway: foreign ? "unregister" : "discard" };
	}
	switch (gateway) {
		case "new":
		case "up":
		case "dying":
			if (killed || (snippet !== "removed" && !failing) || (foreign && gateway === "dying")) {
				return script;
			}
			return { ...script, gateway: foreign ? "unregister" : "kill" };
		case "trying":
		case "doubled":
			return script;
		case "none":
			return snippet === "removed" ? { verdict: "over" } : script;
	}
}
