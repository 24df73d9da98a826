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

/** The connection ended before the answer came; whether the command was executed is not known. */
export class ConnectionLost extends Error {
	override readonly name: string = "ConnectionLost";
}

/** Puts a question to FreeSWITCH. Throws ConnectionLost, and what `question.read` throws. */
export async function ask<T>(socket: EventSocket, question: Question<T>): Promise<T> {
	return question.read(await socket.api(question.command));
}
