/** Schedules drawn at random. */
import fc from "fast-check";
import type { CommandFault, Deed, Schedule, Step } from "./schedule.ts";

/** Few, so that much befalls the same one. */
const rooms = ["1", "2", "07974"];

const room = fc.constantFrom(...rooms);

/** ms, from nothing to long, with most of it where ticks, scripts and passes are. */
const wait = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(0) },
	{ weight: 3, arbitrary: fc.integer({ min: 1, max: 80 }) },
	{ weight: 6, arbitrary: fc.integer({ min: 80, max: 2_500 }) },
	{ weight: 3, arbitrary: fc.integer({ min: 2_500, max: 12_000 }) },
	{ weight: 1, arbitrary: fc.integer({ min: 12_000, max: 60_000 }) },
);

/** ms, no longer than it takes a gateway to come or to go. */
const brief = fc.oneof(
	{ weight: 1, arbitrary: fc.constant(0) },
	{ weight: 1, arbitrary: fc.integer({ min: 1, max: 80 }) },
	{ weight: 3, arbitrary: fc.integer({ min: 80, max: 1_500 }) },
);

const commandFault: fc.Arbitrary<CommandFault> = fc.oneof(
	fc.record({ kind: fc.constant("cut"), when: fc.constantFrom("before", "after") }),
	fc.record({ kind: fc.constant("half open") }),
	fc.record({ kind: fc.constant("unanswered"), done: fc.boolean() }),
	fc.record({
		kind: fc.constant("late"),
		ms: fc.integer({ min: 1, max: 15_000 }),
		done: fc.constantFrom("at once", "late"),
	}),
	fc.record({ kind: fc.constant("garbled"), how: fc.constantFrom("text", "half", "empty", "error") }),
);

const life: fc.Arbitrary<Deed> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constant("start"), room }) },
	{ weight: 6, arbitrary: fc.record({ do: fc.constant("end"), room }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("bounce"), room, away: wait }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("replace"), room, late: wait }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("reload") }) },
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant("burst"),
			rooms: fc.integer({ min: 2, max: 8 }),
			apart: fc.integer({ min: 0, max: 200 }),
			lasting: wait,
		}),
	},
);

const of = fc.constantFrom("conferences", "gateways", "all");
const count = fc.integer({ min: 1, max: 6 });

const harmless: fc.Arbitrary<Deed> = fc.record({
	do: fc.constant("events"),
	fate: fc.constant("doubled"),
	of,
	count,
	late: wait,
});

const fault: fc.Arbitrary<Deed> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constant("events"), fate: fc.constantFrom("lost", "late"), of, count, late: wait }),
	},
	{
		weight: 2,
		arbitrary: fc.record({ do: fc.constant("cut"), how: fc.constantFrom("in order", "reset", "half open") }),
	},
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant("command"),
			kind: fc.constantFrom("any", "conferences", "gateways", "reloadxml", "killgw", "rescan", "register", "version"),
			nth: fc.integer({ min: 1, max: 3 }),
			fault: commandFault,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constant("network"), how: fc.constantFrom("refused", "silent"), lasting: wait }),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("freeswitch"),
			how: fc.constantFrom("killed", "shut down"),
			down: wait,
			modules: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 })),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("profile") }) },
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("registrar"),
			how: fc.constantFrom("unreachable", "silent", "unheard", "refusing", "slow"),
			lasting: wait,
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("registrar restarts") }) },
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("script"),
			fault: fc.constantFrom("fails", "fails after all", "temporary", "broken", "slow", "hangs"),
			room: fc.option(room, { nil: undefined }),
			runs: fc.integer({ min: 1, max: 20 }),
			takes: fc.integer({ min: 100, max: 9_000 }),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("daemon"),
			how: fc.constantFrom("killed", "stopped", "stalled"),
			lasting: wait,
			scripts: fc.boolean(),
		}),
	},
);

/** What ends a connection, and no more than that. */
const ending: fc.Arbitrary<Deed> = fc.oneof(
	fc.record({ do: fc.constant("cut"), how: fc.constantFrom("in order", "reset") }),
	fc.record({
		do: fc.constant("command"),
		kind: fc.constantFrom("any", "killgw", "rescan"),
		nth: fc.constantFrom(1, 2),
		fault: fc.record({ kind: fc.constant("cut"), when: fc.constantFrom("before", "after") }),
	}),
	fc.record({ do: fc.constant("daemon"), how: fc.constant("killed"), lasting: brief, scripts: fc.boolean() }),
);

/** Scripts that have seen the old settings when there are new ones. */
const slowness: fc.Arbitrary<Deed> = fc.record({
	do: fc.constant("script"),
	fault: fc.constantFrom("slow", "fails after all"),
	room: fc.constant(undefined),
	runs: fc.integer({ min: 1, max: 4 }),
	takes: fc.integer({ min: 100, max: 2_000 }),
});

const quiet: fc.Arbitrary<Deed> = fc.constant({ do: "quiet" });

function stepsOf(deed: fc.Arbitrary<Deed>, before = wait): fc.Arbitrary<Step[]> {
	const step = fc.tuple(before, deed).map(([after, what]) => ({ after, ...what }));
	return fc.array(step, { minLength: 1, maxLength: 30, size: "max" });
}

const steps = fc.oneof(
	// Nothing is broken, so that promptness is claimed from the beginning to the end.
	{ weight: 2, arbitrary: stepsOf(fc.oneof({ weight: 9, arbitrary: life }, { weight: 1, arbitrary: harmless })) },
	// Connections end in the midst of rooms that come and go.
	{
		weight: 1,
		arbitrary: stepsOf(fc.oneof({ weight: 3, arbitrary: life }, { weight: 1, arbitrary: ending }), brief),
	},
	// New settings come while scripts run.
	{
		weight: 1,
		arbitrary: stepsOf(
			fc.oneof(
				{ weight: 3, arbitrary: life },
				{ weight: 2, arbitrary: slowness },
				{ weight: 1, arbitrary: fc.record({ do: fc.constant("reload") }) },
			),
			brief,
		),
	},
	{
		weight: 3,
		arbitrary: stepsOf(
			fc.oneof(
				{ weight: 12, arbitrary: life },
				{ weight: 1, arbitrary: harmless },
				{ weight: 8, arbitrary: fault },
				{ weight: 1, arbitrary: quiet },
			),
		),
	},
);

export const schedules: fc.Arbitrary<Schedule> = fc.record({
	linger: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 5) }),
	takes: fc.constantFrom(5, 40, 150),
	phase: fc.integer({ min: 1, max: 1_000 }),
	latency: fc.constantFrom(0, 10, 200),
	chunked: fc.boolean(),
	modules: fc.oneof(
		{ weight: 4, arbitrary: fc.constant(0) },
		{ weight: 1, arbitrary: fc.integer({ min: 1, max: 8_000 }) },
	),
	running: fc.subarray(rooms),
	stale: fc.subarray(rooms),
	seed: fc.nat(0xffff),
	steps,
});
