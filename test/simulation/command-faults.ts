/** What can befall a command in place of being carried out and answered. */
import fc from "fast-check";
import { Armed } from "./armed.ts";
import { kind } from "./deed.ts";
import type { SimulatedSession } from "./session.ts";

interface Effect {
	/** The end of a sentence that begins with the command. */
	readonly words: string;
	/** @returns whether the command reaches FreeSWITCH */
	before?(session: SimulatedSession): boolean | Promise<boolean>;
	/** Called when it was carried out. */
	after?(session: SimulatedSession): void | Promise<void>;
	/** Makes the answer one of which nobody can make anything. */
	garble?(answer: string): string;
}

interface Fault<Facts extends object> {
	readonly facts: fc.Arbitrary<Facts>;
	effect(facts: Facts): Effect;
}

function fault<Facts extends object>(facts: fc.Arbitrary<Facts>, effect: (facts: Facts) => Effect): Fault<Facts> {
	return { facts, effect };
}

const garbage = { text: "\u0000\uFFFD}{", empty: "", error: "-ERR no reply\n" };

const faults = {
	cut: fault(fc.record({ when: fc.constantFrom("before", "after") }), ({ when }) => ({
		words: `is ${when === "before" ? "not " : ""}carried out, and the connection ends before an answer`,
		before: (session) => {
			if (when === "before") {
				session.cut("reset");
			}
			return when === "after";
		},
		after: (session) => session.cut("reset"),
	})),
	"half open": fault(fc.record({}), () => ({
		words: "goes nowhere: the connection is half open from here on",
		before: (session) => {
			session.silence();
			return false;
		},
	})),
	unanswered: fault(fc.record({ done: fc.boolean() }), ({ done }) => ({
		words: `is ${done ? "" : "not "}carried out, and never answered`,
		before: () => done || new Promise(() => {}),
		after: () => new Promise(() => {}),
	})),
	late: fault(
		fc.record({ ms: fc.integer({ min: 1, max: 15_000 }), done: fc.constantFrom("at once", "late") }),
		({ ms, done }) =>
			done === "late"
				? {
						words: `is answered ${ms} ms late, and carried out only then`,
						// Even if nobody waits for it any more.
						before: (session) => session.pause(ms).then(() => true),
					}
				: { words: `is answered ${ms} ms late`, after: (session) => session.pause(ms) },
	),
	garbled: fault(fc.record({ how: fc.constantFrom("text", "half", "empty", "error") }), ({ how }) => ({
		words: `is carried out, and its answer garbled (${how})`,
		// Half of whole lines would be a good answer that only says less; no FreeSWITCH sends that, since it tells the length first.
		garble: (answer) => (how === "half" ? answer.slice(0, answer.trim().length / 2).trimEnd() : garbage[how]),
	})),
};

const patterns = {
	any: /^/,
	conferences: /^conference/,
	gateways: /jsonstatus$/,
	reloadxml: /^reloadxml/,
	killgw: /killgw/,
	rescan: /rescan$/,
	register: / register /,
	version: /^(version|global_getvar)/,
};

type CommandFault = {
	[Name in keyof typeof faults]: (typeof faults)[Name] extends Fault<infer Facts> ? { kind: Name } & Facts : never;
}[keyof typeof faults];

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
	of(command: string): Effect | undefined {
		const facts = this.next(command)?.fault;
		const kind: Fault<object> | undefined = facts && faults[facts.kind];
		return facts && kind?.effect(facts);
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
