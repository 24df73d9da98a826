/** What the bench's FreeSWITCH is told and tells, as messages between parent and child process. */

export type BenchOrder =
	/** Has rooms running, with gateways that are registered, before anybody looks. */
	| { readonly do: "prepare"; readonly rooms: readonly string[] }
	/** Starts, or ends, conferences one after the other, spread evenly over `within` ms. */
	| { readonly do: "start" | "end"; readonly rooms: readonly string[]; readonly within: number }
	/** Fires events that concern no room's start or end, with `room` starting after a second; resolves when they have been fired. */
	| { readonly do: "storm"; readonly perSecond: number; readonly seconds: number; readonly room?: string }
	/** Resolves when a client has subscribed. */
	| { readonly do: "subscribed" }
	/** Resolves when a rescan has been carried out since the last `figures`, with when that was. */
	| { readonly do: "scanned" }
	/** Resolves when all that was started or ended is seen to and nothing more happens. */
	| { readonly do: "settle" }
	/** Resolves with what was seen since the last time. */
	| { readonly do: "figures" }
	/** Has a command carried out `times` times; resolves with the ms that one took, the middle one. */
	| { readonly do: "time"; readonly command: string; readonly times: number };

/** What the FreeSWITCH has seen of its client. */
export interface Figures {
	/** ms from each conference's create event to the end of the rescan that loaded its gateway; from the destroy event to killgw. */
	readonly delays: readonly number[];
	/** ms from the first of those events to the last rescan or killgw that served one. */
	readonly span: number;
	/** Files in the profile's directory that were put into place or removed. */
	readonly scripts: number;
	readonly reloads: number;
	readonly rescans: number;
	/** Bytes sent to the client. */
	readonly bytes: number;
	/** Seconds of CPU that the FreeSWITCH itself took. */
	readonly cpu: number;
}

export type BenchReport =
	| { readonly kind: "listening"; readonly port: number }
	| { readonly kind: "done"; readonly value: number | Figures }
	| { readonly kind: "failed"; readonly error: string };

/** ms on a clock that all processes of this machine share. */
export function sharedNow(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}

/** The value below which a part of all values lies, such as 0.5 for the median. */
export function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((one, other) => one - other);
	return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
