/** JSON text as FreeSWITCH's library prints it, byte for byte; an object may have several members of one name. */

export type Json = string | number | boolean | readonly Json[] | JsonObject;

class JsonObject {
	readonly members: readonly (readonly [name: string, value: Json])[];

	constructor(members: readonly (readonly [name: string, value: Json])[]) {
		this.members = members;
	}
}

/** An object with the given members, in their order. */
export function jsonObject(...members: (readonly [name: string, value: Json])[]): JsonObject {
	return new JsonObject(members);
}

/** On many lines, indented with tabs: an array costs a level of indentation too although it stays on its line. */
export function printJson(value: Json, depth = 0): string {
	if (value instanceof JsonObject) {
		const inner = "\t".repeat(depth + 1);
		const members = value.members.map(
			([name, member]) => `${inner}${JSON.stringify(name)}:\t${printJson(member, depth + 1)}`,
		);
		return `{\n${members.join(",\n")}${members.length === 0 ? "" : "\n"}${"\t".repeat(depth)}}`;
	}
	if (typeof value === "object") {
		return `[${value.map((element) => printJson(element, depth + 1)).join(", ")}]`;
	}
	return JSON.stringify(value);
}

/** Without any white space. */
export function printJsonCompact(value: Json): string {
	if (value instanceof JsonObject) {
		const members = value.members.map(([name, member]) => `${JSON.stringify(name)}:${printJsonCompact(member)}`);
		return `{${members.join(",")}}`;
	}
	if (typeof value === "object") {
		return `[${value.map(printJsonCompact).join(",")}]`;
	}
	return JSON.stringify(value);
}
