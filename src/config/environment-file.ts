/** The syntax of the file that a unit's EnvironmentFile= names, as systemd reads it. Pure. */

/** The start of a line that is a comment, or has no "=", and so says nothing. */
const idle = /[ \t\n\r]*(?:[#;](?:\\[^\n\r]|[^\\\n\r])*\\?|[^=\n\r]*(?=[\n\r]|$))(?:[\n\r]|$)/y;
const name = /[ \t\n\r]*([^=\n\r]*?)[ \t]*=/y;
const quoted = /[ \t]*(?:'([^']*)'?|"((?:\\[^]|[^"\\])*)\\?"?)/y;
const bare = /[ \t]*((?:\\[^]|[^\\\n\r])*)\\?[\n\r]?/y;

/**
 * The assignments in a file as systemd understands them (systemd.exec(5), EnvironmentFile=): nothing is expanded; within single
 * quotes all means itself, within double quotes a backslash is taken away before a quotation mark, a backslash, a backtick
 * and a $; elsewhere before anything. A line goes on behind a backslash at its end, and within quotes.
 */
export function assignments(text: string): Map<string, string> {
	const found = new Map<string, string>();
	let at = 0;
	const next = (pattern: RegExp): RegExpExecArray | null => {
		pattern.lastIndex = at;
		const match = pattern.exec(text);
		at = match === null ? at : pattern.lastIndex;
		return match;
	};
	while (at < text.length) {
		if (next(idle) !== null) {
			continue;
		}
		const [, variable = ""] = next(name) ?? [];
		let value = "";
		for (let part = next(quoted); part !== null; part = next(quoted)) {
			const [, single, double = ""] = part;
			value +=
				single ?? double.replace(/\\(["\\`$\n])/g, (_, character: string) => (character === "\n" ? "" : character));
		}
		value += unescaped(next(bare)?.[1] ?? "");
		if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
			found.set(variable, value);
		}
	}
	return found;
}

/** A value without quotation marks: blanks at its end do not count, unless a backslash stands before them. */
function unescaped(value: string): string {
	const [, kept = ""] = /^((?:\\[^]|[^\\])*?)[ \t]*$/.exec(value) ?? [];
	return kept.replace(/\\([^])/g, (_, character: string) => (/[\n\r]/.test(character) ? "" : character));
}
