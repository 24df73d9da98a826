/**
 * A directory of XML snippets as FreeSWITCH's configuration includes it: a preprocessor that knows no XML goes through its
 * files line by line, in the order of their names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The preprocessed text of all snippets in a directory; "" if there is no such directory. */
export function readSnippets(directory: string): string {
	return ignoringAbsence(() => readdirSync(directory), [])
		.filter((name) => name.endsWith(".xml") && !name.startsWith("."))
		.sort()
		.map((name) => preprocess(ignoringAbsence(() => readFileSync(join(directory, name), "utf8"), "")))
		.join("");
}

/**
 * Preprocesses a file. Lines with `<include>`, `</include>`, `<?` or X-PRE-PROCESS are dropped whole, so a snippet on one line
 * is lost. Variables have no value here.
 */
export function preprocess(file: string): string {
	return file
		.split(/(?<=\n)/)
		.filter((line) => !/<\/?include>|<\?|x-pre-process/i.test(line))
		.map((line) => line.replaceAll(/\$\$\{[^}]*\}/g, ""))
		.join("");
}

/** Skips a file that is gone by now or that may not be read. */
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
