/** What the log may show of text from elsewhere: no control characters, no secrets, no more than a line. Pure. */

/** How much of a text a sentence quotes, in characters. */
const longestExcerpt = 200;

/** Writes control characters (C0, DEL, C1) as `\x1b`, newlines excepted: a terminal would obey them. */
export function printable(text: string): string {
	return text.replace(/(?!\n)\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The start of a text on one line, short enough for a log sentence. */
export function excerpt(text: string): string {
	const line = text.trim().replace(/\s+/g, " ");
	return printable(line.length > longestExcerpt ? `${line.slice(0, longestExcerpt)}…` : line);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : JSON.stringify(error);
}

/**
 * The values of the variables whose names say that they are secret, longest first, each as it is and as a shell quotes it
 * where it has a quotation mark of its own.
 */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
	return Object.entries(environment)
		.flatMap(([name, value]) =>
			/PASSW|SECRET|TOKEN/i.test(name) && value ? [value, value.replaceAll("'", "'\\''")] : [],
		)
		.sort((one, other) => other.length - one.length);
}

/**
 * Masks secrets as `***` in a script's output: a script under `set -x` prints every value it uses.
 * @param secrets longest first, since one may begin with another
 * @param cut whether the text is the end of a longer one, and may begin amid a secret
 */
export function redact(text: string, secrets: readonly string[], cut: boolean): string {
	let start = 0;
	for (const secret of cut ? secrets : []) {
		for (let length = secret.length - 1; length > start; length--) {
			if (text.startsWith(secret.slice(-length))) {
				start = length;
			}
		}
	}
	return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text.slice(start));
}
