/**
 * The manual page fsconfregger(8), made of the README's own sections and of the settings that the program knows, so that
 * nothing is written twice. It knows as much of Markdown as those sections use.
 */
import { type Setting, settings } from "../src/config/settings.ts";

/** The README's sections that become part of the page, in their order there. */
const sections = ["Settings", "A script of your own", "Reading the log", "What to do when"];

const files = [
	["/etc/default/fsconfregger", "the settings; its first lines say when a change takes effect"],
	["/etc/fsconfregger/sofia-generator.sh", "the script that writes the gateways; it may be changed"],
	["/opt/freeswitch/conf/sip_profiles/external/conf_ROOM.xml", "the gateway of a room, as long as it runs"],
] as const;

export interface Release {
	readonly version: string;
	readonly description: string;
	/** `YYYY-MM-DD` */
	readonly date: string;
}

/** @throws Error if the README lacks a section */
export function manPage(readme: string, { version, description, date }: Release): string {
	const all: readonly Setting[] = Object.values(settings);
	const flags = all.map(({ flag, value }) => `[\\fB\\-${escaped(flag)}\\fR \\fI${escaped(value)}\\fR]`);
	return [
		`.TH FSCONFREGGER 8 "${date}" "fsconfregger ${version}" "System administration"`,
		".SH NAME",
		`fsconfregger \\- ${escaped(description)}`,
		".SH SYNOPSIS",
		".B fsconfregger",
		...flags,
		".br",
		".B fsconfregger \\-version | \\-help",
		".SH DESCRIPTION",
		...blocks(readme.replace(/^# .*\n/, "").split("\n```")[0] ?? ""),
		...sections.flatMap((title) => section(readme, title)),
		".SH FILES",
		...files.flatMap(([path, what]) => [".TP", `.I ${escaped(path)}`, escaped(what)]),
		".SH SEE ALSO",
		".BR systemctl (1),",
		".BR journalctl (1),",
		".BR systemd.exec (5)",
		"",
	].join("\n");
}

function section(readme: string, title: string): string[] {
	const [, text] = new RegExp(`\\n## ${title}\\n([^]*?)(?=\\n##? )`).exec(readme) ?? [];
	if (text === undefined) {
		throw new Error(`the README has no section "${title}"`);
	}
	return [`.SH ${title.toUpperCase()}`, ...blocks(text)];
}

/** What follows a heading, which begins the first paragraph itself. */
function blocks(markdown: string): string[] {
	const [first, ...others] = lines(markdown);
	return [...(first === undefined || first === ".PP" ? [] : [first]), ...others];
}

function lines(markdown: string): string[] {
	return markdown
		.split(/\n\n+/)
		.map((block) => block.replace(/^\n+|\n+$/g, ""))
		.filter((block) => block !== "" && block !== "---")
		.flatMap((block) => {
			if (block.startsWith("|")) {
				return table(block);
			}
			if (block.startsWith("- ")) {
				return block.split(/\n(?=- )/).flatMap((item) => [".IP \\(bu 2", inline(item.slice(2))]);
			}
			if (block.startsWith("```")) {
				const code = block.split("\n").slice(1, -1);
				return [".PP", ".RS 4", ".nf", ...code.map((line) => `\\&${escaped(line)}`), ".fi", ".RE"];
			}
			// Where a manual page's readers look for it.
			const exit = /^Exit codes: ([^]*)$/.exec(block);
			return exit === null ? [".PP", inline(block)] : [".SH EXIT STATUS", inline(exit[1] ?? "")];
		});
}

/** A list: what stands in the first columns, then what it means. */
function table(block: string): string[] {
	const [head = [], , ...rows] = block
		.split("\n")
		.map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
		.map((cells) => cells.map((cell) => inline(cell.trim().replaceAll("\\|", "|"))));
	const column = (name: string, row: readonly string[]) => row[head.indexOf(name)] ?? "";
	return rows.flatMap((row) => {
		if (head.includes("default")) {
			const names = [column("variable", row), column("flag", row)].filter((name) => name !== "").join(", ");
			const byDefault = column("default", row);
			return [".TP", `${names}${byDefault === "" ? "" : ` (${byDefault})`}`, column("meaning", row)];
		}
		const [first = "", ...others] = row;
		return [".TP", first, ...others.flatMap((cell, index) => [...(index > 0 ? [".br"] : []), guarded(cell)])];
	});
}

/** A paragraph, with what is code in it in bold. */
function inline(markdown: string): string {
	const text = markdown.replaceAll(/\s*\n\s*/g, " ").replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
	const parts = text.split(/`([^`]*)`/);
	const formatted = parts.map((part, index) =>
		index % 2 === 1
			? `\\fB${escaped(part)}\\fR`
			: escaped(part)
					.replaceAll(/\*\*([^*]+)\*\*/g, "\\fB$1\\fR")
					.replaceAll(/\b_([^_]+)_\b/g, "\\fI$1\\fR"),
	);
	return guarded(formatted.join(""));
}

/** No line of text may be taken for a request. */
function guarded(text: string): string {
	return /^[.']/.test(text) ? `\\&${text}` : text;
}

/** Text as groff prints it unchanged, to be copied into a shell as well. */
function escaped(text: string): string {
	return text
		.replaceAll("\\", "\\[rs]")
		.replaceAll("-", "\\-")
		.replaceAll("'", "\\(aq")
		.replaceAll("`", "\\(ga")
		.replaceAll("^", "\\(ha")
		.replaceAll("~", "\\(ti")
		.replaceAll("…", "\\&...");
}
