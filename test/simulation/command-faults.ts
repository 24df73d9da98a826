/** What can befall a command in place of being carried out and answered. */
import fc from "fast-check";
import { Armed } from "./armed.ts";
import { kind } from "./deed.ts";
import type { SimulatedSession } from "./session.ts";

interface Fault<Facts extends object> {
	readonly facts: fc.Arbitrary<Facts>;
	/** The end of a sentence that begins with the command. */
	words(facts: Facts): string;
	/** @returns whether the command reaches FreeSWITCH */
	before?(session: SimulatedSession, facts: Facts): boolean | Promise<boolean>;
	/** Called when it was carried out. */
	after?(session: SimulatedSession, facts: Facts): void | Promise<void>;
	/** Makes the answer one of which nobody can make anything. */
	garble?(answer: string, facts: Facts): string;
}

function fault<Facts extends object>(described: Fault<Facts>): Fault<Facts> {
	return described;
}

const garbage = { text: "\u0000\uFFFD}{", empty: "", error: "-ERR no reply\n" };

const faults = {
	cut: fault({
		facts: fc.record({ when: fc.constantFrom("before", "after") }),
		words: ({ when }) => `is ${when === "before" ? "not " : ""}carried out, and the connection ends before an answer`,
		before: (session, { when }) => {
			if (when === "before") {
				session.cut("reset");
			}
			return when === "after";
		},
		after: (session) => session.cut("reset"),
	}),
	"half open": fault({
		facts: fc.record({}),
		words: () => "goes nowhere: the connection is half open from here on",
		before: (session) => {
			session.silence();
			return false;
		},
	}),
	unanswered: fault({
		facts: fc.record({ done: fc.boolean() }),
		words: ({ done }) => `is ${done ? "" : "not "}carried out, and never answered`,
		before: (_, { done }) => done || new Promise(() => {}),
		after: () => new Promise(() => {}),
	}),
	late: fault({
		facts: fc.record({ ms: fc.integer({ min: 1, max: 15_000 }), done: fc.constantFrom("at once", "late") }),
		words: ({ ms, done }) => `is answered ${ms} ms late${done === "late" ? ", and carried out only then" : ""}`,
		// Carried out even if nobody waits for it any more.
		before: async (session, { ms, done }) => {
			if (done === "late") {
				await session.pause(ms);
			}
			return true;
		},
		after: async (session, { ms, done }) => {
			if (done === "at once") {
				await session.pause(ms);
			}
		},
	}),
	garbled: fault({
		facts: fc.record({ how: fc.constantFrom("text", "half", "empty", "error") }),
		words: ({ how }) => `is carried out, and its answer garbled (${how})`,
		// Half of whole lines would be a good answer that only says less; no FreeSWITCH sends that, since it tells the length first.
		garble: (answer, { how }) => (how === "half" ? answer.slice(0, answer.trim().length / 2).trimEnd() : garbage[how]),
	}),
};

const patterns = {
	any: /^/,
	conferences: /^conference/,
	gateways: /jsonstatus$/,
	reloadxml: /^reloadxml/,
	killgw: /killgw/,
	rescan: /rescan$/,
	register: / register /,
	version: /^version/,
};

type CommandFault = {
	[Name in keyof typeof faults]: (typeof faults)[Name] extends Fault<infer Facts> ? { kind: Name } & Facts : never;
}[keyof typeof faults];

/** A fault with its facts. */
interface BoundFault {
	readonly words: string;
	before(session: SimulatedSession): boolean | Promise<boolean>;
	after(session: SimulatedSession): void | Promise<void>;
	garble(answer: string): string | undefined;
}

interface Armament {
	readonly kind: keyof typeof patterns;
	readonly nth: number;
	readonly fault: CommandFault;
}

export class CommandFaults extends Armed<Armament, string> {
	constructor() {
		super(({ kind }, command) => patterns[kind].test(command));
	}

	/** What befalls a command. */
	of(command: string): BoundFault | undefined {
		const facts = this.next(command)?.fault;
		if (facts === undefined) {
			return undefined;
		}
		const fault: Fault<object> = faults[facts.kind];
		return {
			words: fault.words(facts),
			before: (session) => fault.before?.(session, facts) ?? true,
			after: (session) => fault.after?.(session, facts),
			garble: (answer) => fault.garble?.(answer, facts),
		};
	}
}

function drawn(name: keyof typeof faults): fc.Arbitrary<CommandFault> {
	const { facts }: Fault<object> = faults[name];
	return facts.map((drawn) => ({ kind: name, ...drawn }) as CommandFault);
}

export const command = kind<Armament>({
	weight: 6,
	facts: fc.record({
		kind: fc.constantFrom(...(Object.keys(patterns) as (keyof typeof patterns)[])),
		nth: fc.integer({ min: 1, max: 3 }),
		fault: fc.oneof(...(Object.keys(faults) as (keyof typeof faults)[]).map(drawn)),
	}),
	words: ({ kind, nth }) => `something will befall command ${nth} of kind ${kind}, counted from now on`,
	carryOut: (node, armament) => node.faults.commands.add(armament, { after: armament.nth - 1 }),
});
