/** What the bench prints: a table of figures and ratios, and lines that say whether a target was met. */
import type { Measured } from "./runs.ts";

interface Column {
	readonly title: string;
	readonly of: (measured: Measured) => number;
	readonly digits: number;
}

const columns: readonly Column[] = [
	{ title: "rooms", of: ({ rooms }) => rooms, digits: 0 },
	{ title: "median", of: ({ median }) => median, digits: 0 },
	{ title: "p95", of: ({ p95 }) => p95, digits: 0 },
	{ title: "max", of: ({ max }) => max, digits: 0 },
	{ title: "all", of: ({ span }) => span, digits: 0 },
	{ title: "scripts", of: ({ scripts }) => scripts, digits: 0 },
	{ title: "reloads", of: ({ reloads }) => reloads, digits: 0 },
	{ title: "rescans", of: ({ rescans }) => rescans, digits: 0 },
	{ title: "KB in", of: ({ kilobytes }) => kilobytes, digits: 0 },
	{ title: "CPU", of: ({ own }) => own, digits: 0 },
	{ title: "CPU/room", of: ({ ownPerRoom }) => ownPerRoom, digits: 2 },
	{ title: "scripts' CPU", of: ({ children }) => children, digits: 0 },
	{ title: "MB", of: ({ resident }) => resident, digits: 0 },
	{ title: "most MB", of: ({ peak }) => peak, digits: 0 },
	{ title: "(FS CPU)", of: ({ freeswitch }) => freeswitch, digits: 0 },
];

const titleWidth = 47;

/** The line of column titles. */
export function heading(): string {
	return row(
		"",
		"",
		columns.map(({ title }) => title),
	);
}

/** The lines of one row: the daemon, the baseline, and how many times the baseline's figure the daemon's is. */
export function rows(title: string, daemon: Measured, baseline?: Measured): string[] {
	const numbers = (measured: Measured) => columns.map(({ of, digits }) => shown(of(measured), digits));
	const lines = [row(title, "daemon", numbers(daemon))];
	if (baseline !== undefined) {
		lines.push(row("", "room by room", numbers(baseline)));
		lines.push(
			row(
				"",
				"ratio",
				columns.map(({ of, title }) => (title === "rooms" ? "" : ratio(of(daemon), of(baseline)))),
			),
		);
	}
	return lines;
}

/** A line about a target. */
export function target(what: string, value: number, limit: number, unit: string): string {
	const digits = limit < 10 ? 2 : 0;
	const verdict = value <= limit ? "met   " : "MISSED";
	return `${verdict}  ${what}: ${value.toFixed(digits)}${unit}, at most ${limit}${unit}`;
}

function row(title: string, who: string, cells: readonly string[]): string {
	const padded = cells.map((cell, index) => cell.padStart(Math.max(6, (columns[index]?.title.length ?? 0) + 1)));
	return `${title.padEnd(titleWidth)}${who.padEnd(13)}${padded.join("")}`;
}

function shown(value: number, digits: number): string {
	return Number.isFinite(value) ? value.toFixed(digits) : "-";
}

function ratio(value: number, baseline: number): string {
	const quotient = value / baseline;
	return Number.isFinite(quotient) ? quotient.toFixed(quotient < 10 ? 2 : 0) : "-";
}
