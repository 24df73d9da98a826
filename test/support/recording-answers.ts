/** The answers to commands and the events in the recordings. */
import { isEvent, readRecording } from "./recording.ts";

/** All recordings in test/fixtures/transcripts. */
export const recordings: readonly string[] = [..."01 02 03 04 05 06 07 08 09 10 11 12 14 15 16 17".split(" ")];

export interface RecordedAnswer {
	/** Without `api`. */
	readonly command: string;
	readonly answer: string;
}

/** The commands sent with `api` in a recording, with their answers. */
export function answersIn(number: string): RecordedAnswer[] {
	const unanswered: string[] = [];
	const answers: RecordedAnswer[] = [];
	for (const entry of readRecording(number)) {
		if (entry.kind === "sent") {
			unanswered.push(entry.text.trimEnd());
		} else if (entry.kind === "arrived" && /^(command\/reply|api\/response)$/.test(entry.frame.type)) {
			const command = unanswered.shift() ?? "";
			if (entry.frame.type === "api/response") {
				answers.push({ command: command.replace(/^api /, ""), answer: entry.frame.body });
			}
		}
	}
	return answers;
}

/** The answers to one command in a recording. */
export function answersTo(command: string, number: string): string[] {
	return answersIn(number).flatMap((recorded) => (recorded.command === command ? [recorded.answer] : []));
}

/** The fields of all events in a recording, in order. */
export function eventsIn(number: string): Record<string, unknown>[] {
	return readRecording(number).flatMap((entry) =>
		entry.kind === "arrived" && isEvent(entry.frame) ? [JSON.parse(entry.frame.body) as Record<string, unknown>] : [],
	);
}

/** The commands of the protocol itself, such as `filter`, with their replies. */
export function repliesIn(number: string): { readonly command: string; readonly reply: string }[] {
	const unanswered: string[] = [];
	return readRecording(number).flatMap((entry) => {
		if (entry.kind === "sent") {
			unanswered.push(entry.text.trimEnd());
		} else if (entry.kind === "arrived" && entry.frame.type === "api/response") {
			unanswered.shift();
		} else if (entry.kind === "arrived" && entry.frame.type === "command/reply") {
			const reply = /^Reply-Text: (.*)$/m.exec(entry.frame.head)?.[1] ?? "";
			return [{ command: unanswered.shift() ?? "", reply }];
		}
		return [];
	});
}
