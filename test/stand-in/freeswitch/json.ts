/** Multi-line JSON as FreeSWITCH's library prints it, byte for byte. */

export type Json = string | number | boolean | readonly Json[] | Members | { readonly [name: string]: Json };

/** An object with possibly several members of one name. */
export class Members extends Array<readonly [name: string, value: Json]> {}

/** Indents with tabs. An array adds a level too, although it stays on its line. */
export function printJson(value: Json, depth = 0): string {
	if (typeof value !== "object") {
		return JSON.stringify(value);
	}
	if (value instanceof Array && !(value instanceof Members)) {
		return `[${value.map((element) => printJson(element, depth + 1)).join(", ")}]`;
	}
	const list = value instanceof Members ? [...value] : Object.entries(value);
	const inner = "\t".repeat(depth + 1);
	const members = list.map(([name, member]) => `${inner}${JSON.stringify(name)}:\t${printJson(member, depth + 1)}`);
	return `{\n${members.join(",\n")}${members.length === 0 ? "" : "\n"}${"\t".repeat(depth)}}`;
}
