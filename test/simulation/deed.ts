/**
 * What can befall a node: how it is drawn, what it does, and its words. Each kind is an entry of a table, here and nowhere
 * else. A schedule holds its facts as plain data; a fault bears its own duration, so that any step may be left out.
 */
import fc from "fast-check";
import type { SimulatedNode } from "./node.ts";

export interface Kind<Facts extends object> {
	/** How often it is drawn, in proportion to the others of its table. */
	readonly weight: number;
	readonly facts: fc.Arbitrary<Facts>;
	words(facts: Facts): string;
	/** It takes no time, but what it sets going does. */
	carryOut(node: SimulatedNode, facts: Facts): void;
	/** Whether it is a fault of what all nodes share. */
	readonly isShared?: true;
	/** Whether promptness may still be claimed after this fault. */
	isHarmless?(facts: Facts): boolean;
}

/** Has the type of a kind's facts inferred. */
export function kind<Facts extends object>(described: Kind<Facts>): Kind<Facts> {
	return described;
}

/** The deeds of a table of kinds. */
export type DeedOf<Table> = {
	[Name in keyof Table]: Table[Name] extends Kind<infer Facts> ? { readonly do: Name } & Readonly<Facts> : never;
}[keyof Table];

/** Few, so that one room meets much. */
export const rooms = ["1", "2", "07974"];

export const room = fc.constantFrom(...rooms);

/** ms, from nothing to long, with most of it where ticks, scripts and passes are. */
export const wait = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(0) },
	{ weight: 3, arbitrary: fc.integer({ min: 1, max: 80 }) },
	{ weight: 6, arbitrary: fc.integer({ min: 80, max: 2_500 }) },
	{ weight: 3, arbitrary: fc.integer({ min: 2_500, max: 12_000 }) },
	{ weight: 1, arbitrary: fc.integer({ min: 12_000, max: 60_000 }) },
);
