/** The copyright file: the program's own licence, and those of all packages that its one file contains. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
	readonly version: string;
	readonly license?: string;
	readonly author?: string | { readonly name: string; readonly email?: string };
}

/**
 * @param licence the program's own
 * @param program the text of the built file, in which the bundler names the file that each part comes from
 * @param modules node_modules
 */
export function copyright(licence: string, program: string, modules: string): string {
	const names = new Set(
		[...program.matchAll(/^\s*\/\/ node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)].map(([, name]) => name ?? ""),
	);
	const parts = [...names].sort().map((name) => {
		const directory = join(modules, name);
		const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
		return `--- ${name} ${manifest.version}\n\n${terms(directory, manifest)}\n`;
	});
	return `fsconfregger\n\n${licence}\nThe program is one file, which contains these packages:\n\n${parts.join("\n")}`;
}

/** The text that comes with a package; for one without, what it says of itself, and no more. */
function terms(directory: string, { license, author }: Manifest): string {
	const file = readdirSync(directory).find((entry) => /^(licen[cs]e|copying)(\.|-|$)/i.test(entry));
	if (file !== undefined) {
		const text = readFileSync(join(directory, file), "utf8").replaceAll("\r", "").trim();
		// Every Debian has this one already.
		return /Apache License\s+Version 2\.0/.test(text)
			? `${copyrightLine(text)}The Apache License, version 2.0: /usr/share/common-licenses/Apache-2.0`
			: text;
	}
	const by = typeof author === "string" ? author : (author?.name ?? "its authors");
	return `Copyright ${by}. The package comes without a licence's text${license === undefined ? " and names none" : `, and names ${license}`}.`;
}

/** What stands before the terms, or in their appendix. */
function copyrightLine(text: string): string {
	const [line] = /^\s*Copyright \d{4}.*$/m.exec(text) ?? [];
	return line === undefined ? "" : `${line.trim()}\n\n`;
}
