/** A schedule's parts in words. */
import type { Deed, Schedule } from "./schedule.ts";

/** What is so from the beginning. */
export function circumstances({
	linger,
	takes,
	phase,
	latency,
	chunked,
	modules,
	running,
	stale,
	seed,
}: Schedule): string {
	return [
		`A room that ended lingers for ${linger} s; the script takes ${takes} ms; the registrar answers after ${latency} ms;`,
		`FreeSWITCH's first tick comes ${phase} ms after the profile's start; seed ${seed};`,
		`an event right after an answer is handled ${chunked ? "before" : "after"} who waits for the answer goes on.`,
		...(modules > 0 ? [`FreeSWITCH is still starting, and loads its modules within ${modules} ms.`] : []),
		...(running.length > 0 && modules === 0 ? [`Running already: ${running.join(", ")}.`] : []),
		...(stale.length > 0 ? [`Snippets from earlier: ${stale.join(", ")}.`] : []),
	].join("\n");
}

/** What is done to the node. */
export function sentence(deed: Deed): string {
	switch (deed.do) {
		case "start":
			return `room ${deed.room} starts`;
		case "end":
			return `room ${deed.room} ends`;
		case "bounce":
			return `room ${deed.room} ends, to come back after ${deed.away} ms`;
		case "replace":
			return `room ${deed.room} is replaced by a new one, with the old one's destroy event ${deed.late} ms after the new one's create event`;
		case "burst":
			return `${deed.rooms} rooms start, ${deed.apart} ms apart, each for ${deed.lasting} ms`;
		case "reload":
			return "the script's settings are changed, and the daemon is reloaded";
		case "events": {
			const late = deed.fate === "late" ? `${deed.late} ms late` : deed.fate;
			return `the next ${deed.count} events${deed.of === "all" ? "" : ` of ${deed.of}`} are going to be ${late}`;
		}
		case "cut":
			return deed.how === "half open"
				? "the connection goes half open: bytes go nowhere from now on"
				: `the connection is cut (${deed.how})`;
		case "command":
			return `something is going to befall command ${deed.nth} of kind ${deed.kind} from now on`;
		case "network":
			return `connections are ${deed.how === "refused" ? "refused" : "not answered"} for ${deed.lasting} ms, and the one that is there is ${deed.how === "refused" ? "cut" : "half open"}`;
		case "freeswitch":
			return `FreeSWITCH is ${deed.how}, for ${deed.down} ms`;
		case "profile":
			return "somebody restarts the profile";
		case "registrar":
			return `the registrar is ${deed.how} for ${deed.lasting} ms`;
		case "registrar restarts":
			return "the registrar restarts, without its bindings";
		case "script":
			return `something is going to befall the next ${deed.runs} runs of the script${deed.room === undefined ? "" : ` for room ${deed.room}`}`;
		case "daemon":
			return deed.how === "stalled"
				? `the daemon gets no processor for ${deed.lasting} ms`
				: `the daemon is ${deed.how}, for ${deed.lasting} ms${deed.how === "stopped" ? "" : `; scripts that run ${deed.scripts ? "go on" : "are killed with it"}`}`;
		case "quiet":
			return "all faults end, and nothing happens for a while";
	}
}
