/** What can befall a run of the script. */
import fc from "fast-check";
import { Armed } from "./armed.ts";
import { kind, room } from "./deed.ts";
import type { SimulatedDirectory } from "./directory.ts";

export type Action = "write" | "remove";

/** What a run does in place of its work. */
export type Instead = (directory: SimulatedDirectory, room: string, action: Action) => void;

interface Fault {
	/** The end of a sentence that begins with the script. */
	words(takes: number): string;
	readonly exitCode: number;
	/** ms; by default, it takes as long as any run. */
	takes?(takes: number): number;
	readonly instead?: Instead;
	/** Whether no signal ends it: it waits for a file system, and does its work when that answers again. */
	readonly immortal?: boolean;
}

const nothing = () => {};

const drawnFaults = {
	fails: { words: () => "exits with 1", exitCode: 1, instead: nothing },
	"fails after all": { words: () => "exits with 1 after having done its work", exitCode: 1 },
	temporary: {
		words: () => "exits with 1, leaving a temporary file",
		exitCode: 1,
		instead: (directory, room) => directory.litter(room),
	},
	broken: {
		words: () => "exits with 1, leaving a broken snippet if it was to write one",
		exitCode: 1,
		instead: (directory, room, action) => action === "write" && directory.break(room),
	},
	slow: { words: (takes) => `takes ${takes} ms`, exitCode: 0, takes: (takes) => takes },
	// It goes on after that time, if nobody has ended it.
	hangs: { words: () => "hangs", exitCode: 0, takes: () => 30_000 },
	stuck: {
		words: (takes) => `cannot be ended for ${5 * takes} ms`,
		exitCode: 0,
		takes: (takes) => 5 * takes,
		immortal: true,
	},
} satisfies Record<string, Fault>;

const faults = {
	...drawnFaults,
	"does nothing": { words: () => "exits with 0 without having done anything", exitCode: 0, instead: nothing },
};

export interface ScriptFault {
	readonly fault: keyof typeof faults;
	/** Undefined: whatever room. */
	readonly room?: string | undefined;
	readonly runs: number;
	/** ms, if it is slow. */
	readonly takes: number;
}

export class ScriptFaults extends Armed<ScriptFault, { room: string; action: Action }> {
	/** For tests by hand: asked at every run, and goes before what was added. */
	always: (room: string, action: Action) => Partial<ScriptFault> | undefined = () => undefined;

	constructor() {
		super((fault, run) => (fault.room ?? run.room) === run.room);
	}

	/** What befalls a run that would take `usual` ms. */
	of(run: { room: string; action: Action }, usual: number): { words: string; fault: Fault; takes: number } | undefined {
		const { fault: name, takes = 0 } = this.always(run.room, run.action) ?? this.next(run) ?? {};
		if (name === undefined) {
			return undefined;
		}
		const fault: Fault = faults[name];
		return { words: fault.words(takes), fault, takes: fault.takes?.(takes) ?? usual };
	}
}

export const script = kind<ScriptFault>({
	weight: 4,
	facts: fc.record({
		fault: fc.constantFrom(...(Object.keys(drawnFaults) as (keyof typeof drawnFaults)[])),
		room: fc.option(room, { nil: undefined }),
		runs: fc.integer({ min: 1, max: 20 }),
		takes: fc.integer({ min: 100, max: 9_000 }),
	}),
	words: (fault) =>
		`something will befall the next ${fault.runs} runs of the script${fault.room === undefined ? "" : ` for room ${fault.room}`}`,
	carryOut: (node, fault) => node.faults.scripts.add(fault, { times: fault.runs }),
});
