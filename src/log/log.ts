/**
 * The log: JSON lines when piped, text lines with the journal's priority under systemd, coloured text on a terminal. A line's
 * sentence tells all that a person needs; its fields are for machines.
 */
import { fstatSync } from "node:fs";
import { type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";

export type Log = Pick<Logger, "trace" | "debug" | "info" | "warn" | "error" | "fatal">;

export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFormat = "json" | "journal" | "terminal";

/** A log, and how to let go of it. */
export interface LogOutput {
	readonly log: Log;
	/**
	 * Writes out what is still held, for at most `patience` ms.
	 * @returns false if a reader that has stopped reading keeps it from being written
	 */
	readonly end: (patience: number) => Promise<boolean>;
}

/** Bytes that are held for a reader that does not keep up; lines beyond that are dropped. */
const mostHeld = 4 * 2 ** 20;

/** The format that suits what standard output is. */
export function logFormat(environment: NodeJS.ProcessEnv, isTerminal: boolean): LogFormat {
	return isTerminal ? "terminal" : isJournal(environment["JOURNAL_STREAM"], 1) ? "journal" : "json";
}

/** Whether a file descriptor is the journal's: systemd names it by device and inode. */
export function isJournal(journalStream: string | undefined, fd: number): boolean {
	const { dev, ino } = fstatSync(fd);
	return journalStream === `${dev}:${ino}`;
}

/** Opens the log on standard output. It writes in the background: no reader, however slow, holds up the program. */
export function openLog(level: LogLevel, format: LogFormat): LogOutput {
	const output = pino.destination({ dest: 1, sync: false, maxLength: mostHeld });
	let readerIsGone = false;
	output.on("error", ({ code }: NodeJS.ErrnoException) => {
		// A log that cannot be written, on a full disk for one, is no reason to leave the rooms alone.
		readerIsGone ||= code === "EPIPE";
	});
	const written = {
		json: (record: string) => record,
		journal: journalLines,
		terminal: prettyFactory({ colorize: true, hideObject: true, translateTime: "SYS:HH:MM:ss.l" }),
	}[format];
	const formatters = { level: (label: string) => ({ level: label }) };
	return {
		log: pino(
			{ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters },
			{ write: (record) => output.write(written(record)) },
		),
		end: (patience) =>
			new Promise((resolve) => {
				const timer = setTimeout(() => resolve(false), patience);
				const over = () => {
					clearTimeout(timer);
					// Otherwise it would go on trying at the exit, for ever on a full disk.
					output.destroy();
					resolve(true);
				};
				output.once("close", over);
				output.once("error", over);
				output.end();
				if (readerIsGone) {
					// pino has taken the output's end() away.
					over();
				}
			}),
	};
}

/** What syslog calls pino's levels, by which `journalctl -p` selects and colours. */
const priorities: Readonly<Record<string, number>> = { fatal: 2, error: 3, warn: 4, info: 6 };

/** A record as the journal's native lines; the journal has its own timestamp. */
function journalLines(record: string): string {
	const { level, msg } = JSON.parse(record) as { level: string; msg: string };
	const lines = msg.split("\n").map((line) => `<${priorities[level] ?? 7}>${line}\n`);
	return lines.join("");
}
