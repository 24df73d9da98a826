/** A log that keeps its lines. */
import type { Log } from "../../src/log/log.ts";

export interface LogLine {
	readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
	readonly fields: Readonly<Record<string, unknown>>;
	readonly sentence: string;
}

export interface RecordingLog extends Log {
	readonly lines: LogLine[];
	/** The sentences that match, of whatever level but debug and trace. */
	said(pattern: RegExp): string[];
}

export function recordingLog(): RecordingLog {
	const lines: LogLine[] = [];
	const at =
		(level: LogLine["level"]) =>
		(...args: unknown[]): void => {
			const [fields, sentence] =
				typeof args[0] === "string" ? [{}, args[0]] : [args[0] as LogLine["fields"], String(args[1])];
			lines.push({ level, fields, sentence });
		};
	return {
		lines,
		said: (pattern) =>
			lines.flatMap(({ level, sentence }) =>
				level !== "debug" && level !== "trace" && pattern.test(sentence) ? [sentence] : [],
			),
		trace: at("trace"),
		debug: at("debug"),
		info: at("info"),
		warn: at("warn"),
		error: at("error"),
		fatal: at("fatal"),
	};
}
