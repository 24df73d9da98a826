/**
 * The manual page fsconfregger(8), made of sections of the documents and of the settings that the program knows, so that
 * nothing is written twice. It knows as much of Markdown as those sections use.
 */
import { type Setting, settings } from "../src/config/settings.ts";

/** The documents, as Markdown. */
export interface Documents {
	readonly operating: string;
	readonly script: string;
}

/** The sections that become part of the page, in its order. */
const sections = [
	["operating", "Settings"],
	["script", "The contract", "THE SCRIPT"],
	["operating", "The service"],
	["operating", "Reading the log"],
	["operating", "What to do when"],
	["operating", "The registrar"],
	["operating", "BigBlueButton's side"],
] as const satisfies (readonly [keyof Documents, title: string, heading?: string])[];

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

/** @throws Error if a document lacks a section */
export function manPage(documents: Documents, { version, description, date }: Release): string {
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
		inline(/^# .*\n\n([^]*?)\n\n/.exec(documents.operating)?.[1] ?? ""),
		...sections.flatMap(([document, title, heading = title.toUpperCase()]) => [
			`.SH ${heading}`,
			...blocks(section(documents[document], title)),
		]),
		".SH FILES",
		...files.flatMap(([path, what]) => [".TP", `.I ${escaped(path)}`, escaped(what)]),
		".SH SEE ALSO",
		".BR systemctl (1),",
		".BR journalctl (1),",
		".BR systemd.exec (5)",
		"",
	].join("\n");
}

function section(document: string, title: string): string {
	const [, text] = new RegExp(`\\n## ${title}\\n([^]*?)(?=\\n## |$)`).exec(document) ?? [];
	if (text === undefined) {
		throw new Error(`there is no section "${title}"`);
	}
	return text;
}

/** What follows a heading, which begins the first paragraph itself. */
function blocks(markdown: string): string[] {
	const [first, ...others] = lines(markdown);
	return [...(first === undefined || first === ".PP" ? [] : [first]), ...others];
}

function lines(markdown: string): string[] {
	// Code, which may hold empty lines, or lines up to an empty one.
	const found = markdown.match(/^ *```[^]*?^ *```$|^(?:.+\n?)+/gm) ?? [];
	return found
		.map((block) => block.trim())
		.flatMap((block) => {
			if (block.startsWith("### ")) {
				return [`.SS ${block.slice(4)}`];
			}
			if (block.startsWith("- ")) {
				return block.split(/\n(?=- )/).flatMap((item) => listed(item.slice(2)));
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

/** An item of a list: a term that begins with code and what it means, or a sentence. */
function listed(item: string): string[] {
	const [, term, meaning = ""] = /^((?:`[^`]*`)(?:[^`:]|`[^`]*`)*): ([^]*)$/.exec(item) ?? [];
	return term === undefined ? [".IP \\(bu 2", inline(item)] : [".TP", inline(term), inline(meaning)];
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
