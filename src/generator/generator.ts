/** What a generator is to the rest of the program, and how it fails. */
import type { Room } from "../room.ts";

export type Action = "write" | "remove";

export interface Generator {
	/**
	 * Writes or removes the snippet of a room. Settles when no process of the run is left, however long that takes.
	 * @param urgent whether the room waits for it; runs that are not urgent leave half of the places to others
	 * @throws GeneratorFailed
	 */
	run(room: Room, action: Action, urgent: boolean): Promise<void>;
}

/** The script did not do its work. */
export class GeneratorFailed extends Error {
	override readonly name = "GeneratorFailed";
	readonly exitCode: number | undefined;
	readonly signal: string | undefined;
	/** The last lines that the script printed. */
	readonly output: string;

	constructor(what: string, facts: Partial<GeneratorFailed> & { readonly output: string }) {
		super(facts.output === "" ? what : `${what}: ${facts.output.replaceAll("\n", " | ")}`, { cause: facts.cause });
		this.exitCode = facts.exitCode;
		this.signal = facts.signal;
		this.output = facts.output;
	}
}
