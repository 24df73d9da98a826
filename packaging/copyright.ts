/** The copyright file: the program's own licence, and those of all packages that its one file contains. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
	readonly version: string;
	readonly license?: string;
	readonly author?: string | { readonly name: string; readonly email?: string };
}

/**
 * @param program the text of the built file, in which the bundler names the file that each part comes from
 * @param modules node_modules
 */
export function copyright(program: string, modules: string): string {
	const names = new Set(
		[...program.matchAll(/^\s*\/\/ node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)].map(([, name]) => name ?? ""),
	);
	const parts = [...names].sort().map((name) => {
		const directory = join(modules, name);
		const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
		return `--- ${name} ${manifest.version}\n\n${terms(directory, manifest)}\n`;
	});
	return `${own}\n${parts.join("\n")}`;
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

const own = `fsconfregger

Copyright 2026 the authors of fsconfregger

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

The program is one file, which contains these packages:
`;
