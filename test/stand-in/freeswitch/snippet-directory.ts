/**
 * A directory of XML snippets as FreeSWITCH's configuration includes it: the preprocessor goes through its files line by
 * line, in the order of their names, and knows nothing of XML.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What `$${name}` stands for. */
export type Variables = Readonly<Record<string, string>>;

/** The text that the snippets of a directory amount to; "" if there is no such directory. */
export function readSnippets(directory: string, variables: Variables = {}): string {
	return snippetNames(directory)
		.map((name) => preprocess(readText(join(directory, name)), variables))
		.join("");
}

/** The files that count, in order: `*.xml`, hidden ones excepted. */
function snippetNames(directory: string): string[] {
	return ignoringAbsence(() => readdirSync(directory), [])
		.filter((name) => name.endsWith(".xml") && !name.startsWith("."))
		.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/**
 * What is left of a file. A line that holds `<include>`, `</include>` or `<?` is dropped whole, with whatever else stands on
 * it: a snippet written on one line is no snippet. So is a line with an X-PRE-PROCESS instruction, none of which is carried
 * out here. A comment that begins with `<!--#` is an instruction too, and is cut out.
 */
export function preprocess(file: string, variables: Variables = {}): string {
	let kept = "";
	let inInstruction = false;
	for (const raw of file.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
		if (raw.includes("<include>") || raw.includes("</include>") || raw.includes("<?")) {
			continue;
		}
		let line = raw.replace(/\$\$\{([^}]*)\}/g, (_, name: string) => variables[name] ?? "");
		if (inInstruction) {
			const end = line.indexOf("-->");
			if (end === -1) {
				continue;
			}
			inInstruction = false;
			line = line.slice(end + 3);
		}
		if (/x-pre-process/i.test(line)) {
			continue;
		}
		const start = line.indexOf("<!--#");
		if (start === -1) {
			kept += line;
			continue;
		}
		const end = line.indexOf("-->", start);
		inInstruction = end === -1;
		kept += line.slice(0, start) + (end === -1 ? "" : line.slice(end + 3));
	}
	return kept;
}

/** A file that went away since its directory was read is passed over, as is one that may not be read. */
function readText(path: string): string {
	return ignoringAbsence(() => readFileSync(path, "utf8"), "");
}

function ignoringAbsence<T>(read: () => T, otherwise: T): T {
	try {
		return read();
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === "ENOENT" || code === "EACCES" || code === "EISDIR" || code === "ENOTDIR") {
			return otherwise;
		}
		throw error;
	}
}
