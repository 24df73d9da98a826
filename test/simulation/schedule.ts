/**
 * What can befall a node in the simulation. It says nothing of how a deed is done or what must come of it. A fault bears its
 * own duration, so that any step of a schedule may be left out.
 */
/** What a command meets in place of being carried out and answered. */
export type CommandFault =
	| { readonly kind: "cut"; readonly when: "before" | "after" }
	/** From just before it, bytes go nowhere in either direction, and nobody is told. */
	| { readonly kind: "half open" }
	| { readonly kind: "unanswered"; readonly done: boolean }
	/** Answered `ms` late; carried out at once, or late as well, even if nobody waits for it any more. */
	| { readonly kind: "late"; readonly ms: number; readonly done: "at once" | "late" }
	| { readonly kind: "garbled"; readonly how: "text" | "half" | "empty" | "error" };

export type CommandKind =
	| "any"
	| "conferences"
	| "gateways"
	| "reloadxml"
	| "killgw"
	| "rescan"
	| "register"
	| "version";

export type ScriptFault = "fails" | "does nothing" | "fails after all" | "temporary" | "broken" | "slow" | "hangs";

/** Times are in ms. A room is given by its name. */
export type Deed =
	| { readonly do: "start"; readonly room: string }
	| { readonly do: "end"; readonly room: string }
	| { readonly do: "bounce"; readonly room: string; readonly away: number }
	/** The old conference's destroy event comes `late` after the new one's create event. */
	| { readonly do: "replace"; readonly room: string; readonly late: number }
	| { readonly do: "burst"; readonly rooms: number; readonly apart: number; readonly lasting: number }
	/** The daemon is told to bring new settings to all rooms. */
	| { readonly do: "reload" }
	| {
			readonly do: "events";
			readonly fate: "lost" | "doubled" | "late";
			readonly of: "conferences" | "gateways" | "all";
			readonly count: number;
			readonly late: number;
	  }
	| { readonly do: "cut"; readonly how: "in order" | "reset" | "half open" }
	| { readonly do: "command"; readonly kind: CommandKind; readonly nth: number; readonly fault: CommandFault }
	| { readonly do: "network"; readonly how: "refused" | "silent"; readonly lasting: number }
	| { readonly do: "freeswitch"; readonly how: "killed" | "shut down"; readonly down: number; readonly modules: number }
	| { readonly do: "profile" }
	| {
			readonly do: "registrar";
			readonly how: "unreachable" | "silent" | "unheard" | "refusing" | "slow";
			readonly lasting: number;
	  }
	| { readonly do: "registrar restarts" }
	| {
			readonly do: "script";
			readonly fault: ScriptFault;
			/** Undefined: whatever room. */
			readonly room: string | undefined;
			readonly runs: number;
			readonly takes: number;
	  }
	| {
			readonly do: "daemon";
			readonly how: "killed" | "stopped" | "stalled";
			readonly lasting: number;
			/** Whether scripts that are under way when it is killed go on. */
			readonly scripts: boolean;
	  }
	/** All faults end, and nothing happens until everything must have come to rest. */
	| { readonly do: "quiet" };

export type Step = Deed & { readonly after: number };

export interface Schedule {
	/** Seconds. */
	readonly linger: number;
	/** ms that a run of the script takes. */
	readonly takes: number;
	/** ms from a profile's start to its first tick. */
	readonly phase: number;
	/** ms that the registrar takes to answer. */
	readonly latency: number;
	/** Whether events that follow an answer are read together with it. */
	readonly chunked: boolean;
	/** ms that FreeSWITCH has yet to take for loading its modules when the daemon starts. */
	readonly modules: number;
	/** Rooms that run already. */
	readonly running: readonly string[];
	/** Rooms whose snippets lie there from earlier. */
	readonly stale: readonly string[];
	/** What chance is drawn from, in FreeSWITCH and for the daemon's jitter. */
	readonly seed: number;
	readonly steps: readonly Step[];
}
