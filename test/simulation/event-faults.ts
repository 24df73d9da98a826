/** What can befall FreeSWITCH's events on their way to the daemon. */
import fc from "fast-check";
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import { Armed } from "./armed.ts";
import { kind, wait } from "./deed.ts";

/** `told`: a delay in ms for each time that the event is told. */
const fates = {
	lost: () => ({ words: "lost", told: [] }),
	doubled: () => ({ words: "told twice", told: [0, 0] }),
	late: (ms: number) => ({ words: `told ${ms} ms late`, told: [ms] }),
};

interface EventFault {
	readonly fate: keyof typeof fates;
	readonly of: "conferences" | "gateways" | "all";
	readonly count: number;
	/** ms */
	readonly late: number;
}

export class EventFaults extends Armed<EventFault, EventRecord> {
	constructor() {
		super(({ of }, event) => {
			const isConference = event["Event-Subclass"] === "conference::maintenance";
			return of === "all" || of === (isConference ? "conferences" : "gateways");
		});
	}
}

/** What becomes of an event. */
export function fateOf({ fate, late }: EventFault): { words: string; told: readonly number[] } {
	return fates[fate](late);
}

/** The kind whose fates are these. */
export const events = (...drawn: EventFault["fate"][]) =>
	kind<EventFault>({
		weight: 4,
		facts: fc.record({
			fate: fc.constantFrom(...drawn),
			of: fc.constantFrom("conferences", "gateways", "all"),
			count: fc.integer({ min: 1, max: 6 }),
			late: wait,
		}),
		words: ({ fate, of, count, late }) =>
			`the next ${count} events${of === "all" ? "" : ` of ${of}`} will be ${fates[fate](late).words}`,
		carryOut: (node, fault) => node.faults.events.add(fault, { times: fault.count }),
		isHarmless: ({ fate }) => fate === "doubled",
	});
