/** What a stand-in in a process of its own is told and tells: JSON objects, one a line. */
import type { Reachability } from "./registrar/registrar.ts";

/** To its standard input. */
export type Order =
	/** Start conferences, all in one go. */
	| { readonly do: "create"; readonly rooms: readonly string[] }
	| { readonly do: "destroy"; readonly rooms: readonly string[] }
	/** Anything that FreeSWITCH itself can be told, such as `sofia profile external restart`. */
	| { readonly do: "api"; readonly command: string }
	/** End in order (recording 14). */
	| { readonly do: "shutdown" }
	/** Change the registrar that runs inside. */
	| {
			readonly do: "registrar";
			readonly reachability?: Reachability;
			readonly refuse?: readonly string[];
			readonly restart?: boolean;
	  }
	/** Tell the state of everything. */
	| { readonly do: "state" };

/** From its standard output. */
export type Report =
	| { readonly report: "listening"; readonly port: number }
	/** A command has come over the event socket. */
	| { readonly report: "command"; readonly text: string }
	/** The registrar has answered a REGISTER; with `expires` 0 it was an un-REGISTER. */
	| { readonly report: "register"; readonly user: string; readonly expires: number; readonly status: number }
	/** FreeSWITCH has fired an event: its name or subclass, and its own headers. */
	| { readonly report: "event"; readonly name: string; readonly fields: Readonly<Record<string, string>> }
	/** An order has been carried out. */
	| { readonly report: "done"; readonly order: number; readonly answer: string }
	| { readonly report: "failed"; readonly order: number; readonly error: string };
