/** Schedules: what a node is like, and what befalls it when. They are drawn at random, and are plain data. */
import fc from "fast-check";
import { type Kind, rooms, wait } from "./deed.ts";
import type { Deed } from "./deeds.ts";
import { events } from "./event-faults.ts";
import { faults } from "./faults.ts";
import { life } from "./life.ts";

/**
 * A deed, or `quiet`: all faults end, and nothing happens until everything must have come to rest. `after`: ms.
 * `node`: to which it is done, where there are two; the first if missing.
 */
export type Step = (Deed | { readonly do: "quiet" }) & { readonly after: number; readonly node?: number };

export interface Schedule {
	/** How many nodes there are beside the registrar; 1 if missing. */
	readonly nodes?: number;
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
	/** ms for which FreeSWITCH still loads modules when the daemon starts. */
	readonly modules: number;
	/** Whether all rooms' snippets are removed before FreeSWITCH starts; they are not if missing. */
	readonly cleared?: boolean;
	/** Whether the script writes a second gateway for each room, for another registrar; it does not if missing. */
	readonly second?: boolean;
	/** Rooms that run already, on the first node. */
	readonly running: readonly string[];
	/** Rooms whose snippets lie there from earlier. */
	readonly stale: readonly string[];
	/** For chance in FreeSWITCH and for the daemon's jitter. */
	readonly seed: number;
	readonly steps: readonly Step[];
}

/** What a node is like from the beginning, in words. */
export function circumstances(schedule: Schedule): string {
	const {
		nodes = 1,
		cleared = false,
		linger,
		takes,
		phase,
		latency,
		chunked,
		modules,
		running,
		stale,
		seed,
	} = schedule;
	return [
		`A room that ended lingers for ${linger} s; the script takes ${takes} ms; the registrar answers after ${latency} ms;`,
		`FreeSWITCH's first tick comes ${phase} ms after the profile's start; seed ${seed};`,
		`an event that comes with an answer is handled ${chunked ? "before" : "after"} the code that waits for the answer.`,
		...(nodes > 1 ? [`There are ${nodes} nodes.`] : []),
		...(schedule.second === true ? ["Each room has a second gateway, for another registrar."] : []),
		...(cleared ? ["The rooms' snippets are removed before FreeSWITCH starts."] : []),
		...(modules > 0 ? [`FreeSWITCH is still starting, and loads its modules within ${modules} ms.`] : []),
		...(running.length > 0 && modules === 0 ? [`Running already: ${running.join(", ")}.`] : []),
		...(stale.length > 0 ? [`Snippets from earlier: ${stale.join(", ")}.`] : []),
	].join("\n");
}

type Drawn = fc.Arbitrary<Deed | { do: "quiet" }>;

function as(name: string, facts: fc.Arbitrary<object>): fc.Arbitrary<Deed> {
	return facts.map((drawn) => ({ do: name, ...drawn }) as Deed);
}

/** Deeds of all kinds of a table. */
function anyOf(table: Readonly<Record<string, Kind<object>>>): Drawn {
	const kinds = Object.entries(table).map(([name, { weight, facts }]) => ({ weight, arbitrary: as(name, facts) }));
	return fc.oneof(...kinds);
}

/** ms, no longer than it takes a gateway to come or to go. */
const brief = fc.oneof(
	{ weight: 1, arbitrary: fc.constant(0) },
	{ weight: 1, arbitrary: fc.integer({ min: 1, max: 80 }) },
	{ weight: 3, arbitrary: fc.integer({ min: 80, max: 1_500 }) },
);

const doubled = as("events", events("doubled").facts);

/** What ends a connection and breaks nothing else. */
const ending: Drawn = fc.oneof(
	fc.record({ do: fc.constant("cut"), how: fc.constantFrom("in order", "reset") }),
	fc.record({
		do: fc.constant("command"),
		kind: fc.constantFrom("any", "killgw", "rescan"),
		nth: fc.constantFrom(1, 2),
		fault: fc.record({ kind: fc.constant("cut"), when: fc.constantFrom("before", "after") }),
	}),
	fc.record({ do: fc.constant("daemon"), how: fc.constant("killed"), lasting: brief, scripts: fc.boolean() }),
);

/** Scripts that began with old settings and end when there are new ones. */
const slowness: Drawn = fc.record({
	do: fc.constant("script"),
	fault: fc.constantFrom("slow", "fails after all"),
	room: fc.constant(undefined),
	runs: fc.integer({ min: 1, max: 4 }),
	takes: fc.integer({ min: 100, max: 2_000 }),
});

/** Steps of which each is one of these deeds, drawn with these weights. */
function stepsOf(before: fc.Arbitrary<number>, ...deeds: [weight: number, arbitrary: Drawn][]): fc.Arbitrary<Step[]> {
	const deed = fc.oneof(...deeds.map(([weight, arbitrary]) => ({ weight, arbitrary })));
	const step = fc.tuple(before, deed, fc.nat(1)).map(([after, what, node]) => ({ after, ...what, node }));
	return fc.array(step, { minLength: 1, maxLength: 30, size: "max" });
}

const lives = anyOf(life);

const steps = fc.oneof(
	// Nothing is broken, so that promptness is claimed from the beginning to the end.
	{ weight: 2, arbitrary: stepsOf(wait, [9, lives], [1, doubled]) },
	// Connections end in the midst of rooms that come and go.
	{ weight: 1, arbitrary: stepsOf(brief, [3, lives], [1, ending]) },
	// New settings come while scripts run.
	{ weight: 1, arbitrary: stepsOf(brief, [3, lives], [2, slowness], [1, as("reload", life.reload.facts)]) },
	// FreeSWITCH ends and starts again, and nothing else is broken.
	{
		weight: 1,
		arbitrary: stepsOf(
			wait,
			[5, lives],
			[1, as("freeswitch", faults.freeswitch.facts)],
			[1, fc.constant({ do: "quiet" })],
		),
	},
	{
		weight: 3,
		arbitrary: stepsOf(wait, [12, lives], [1, doubled], [8, anyOf(faults)], [1, fc.constant({ do: "quiet" })]),
	},
);

const facts = {
	nodes: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
	linger: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 5) }),
	takes: fc.constantFrom(5, 40, 150),
	phase: fc.integer({ min: 1, max: 1_000 }),
	latency: fc.constantFrom(0, 10, 200),
	chunked: fc.boolean(),
	modules: fc.oneof(
		{ weight: 4, arbitrary: fc.constant(0) },
		{ weight: 1, arbitrary: fc.integer({ min: 1, max: 8_000 }) },
	),
	second: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
	cleared: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
	running: fc.subarray(rooms),
	stale: fc.subarray(rooms),
	seed: fc.nat(0xffff),
	steps,
};

export const schedules: fc.Arbitrary<Schedule> = fc.record(facts);

/** FreeSWITCH is killed and started again under rooms that come and go and move, and nothing else is broken. */
export function restarts(cleared: boolean): fc.Arbitrary<Schedule> {
	return fc.record({
		...facts,
		nodes: fc.constant(2),
		modules: fc.constant(0),
		stale: fc.constant([]),
		cleared: fc.constant(cleared),
		steps: stepsOf(wait, [4, lives], [1, as("freeswitch", faults.freeswitch.facts)]),
	});
}
