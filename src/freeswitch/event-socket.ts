/** FreeSWITCH as most of the program sees it: something that answers commands as long as the connection lasts. */
import type { Question } from "./commands.ts";

export interface EventSocket {
	/**
	 * Has FreeSWITCH execute a command. One at a time: the answers bear no sign of their questions.
	 * @returns the answer's text, whatever it says
	 * @throws ConnectionLost
	 */
	api(command: string): Promise<string>;
}

/** The connection ended before the answer came, or could not be made. Whether the command was executed is not known. */
export class ConnectionLost extends Error {
	override readonly name: string = this.constructor.name;
	/** An error is something for a person to see to; FreeSWITCH may be away on purpose, which is a warning. */
	readonly level: "warn" | "error" = "warn";
	/** Whether another try with the same settings is of no use. */
	readonly final: boolean = false;
	/** What kind of trouble it is. The log tells each kind once, however often the words for its cause change. */
	readonly trouble: string = this.constructor.name;
}

/** Puts a question to FreeSWITCH. Throws ConnectionLost, and what `question.read` throws. */
export async function ask<T>(socket: EventSocket, question: Question<T>): Promise<T> {
	return question.read(await socket.api(question.command));
}
