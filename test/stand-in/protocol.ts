/** Orders to a stand-in in a process of its own, and its reports: JSON objects, one per line. */

/** To its standard input. */
export type Order =
	/** Start or end conferences, all in one turn. */
	| { readonly do: "create" | "destroy"; readonly rooms: readonly string[] }
	/** Answer with the state of everything. */
	| { readonly do: "state" };

/** From its standard output. */
export type Report =
	| { readonly report: "listening"; readonly port: number }
	/** The registrar has answered a REGISTER; with `expires` 0 it was an un-REGISTER. */
	| { readonly report: "register"; readonly user: string; readonly expires: number; readonly status: number }
	/** An order was carried out, or failed. Orders are counted from 1. */
	| { readonly report: "done"; readonly order: number; readonly answer: string }
	| { readonly report: "failed"; readonly order: number; readonly error: string };
