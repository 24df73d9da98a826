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

const decimal = (character: string): string => `&#${character.charCodeAt(0)};`;
const entities: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&apos;",
};

/** How XML may show a character that is escaped; there are several habits for the apostrophe. */
const references: readonly ((character: string) => string)[] = [
	(character) => entities[character] ?? decimal(character),
	...["&#39;", "&#039;", "&#x27;"].map(
		(apostrophe) => (character: string) =>
			character === "'" ? apostrophe : (entities[character] ?? decimal(character)),
	),
	decimal,
];

/** The characters that XML is shown without: in text, in attributes of either kind, and as sofia-generator.sh writes them. */
const escaped = [/[&<]/g, /[&<>]/g, /[&<>"]/g, /[&<>']/g, /[&<>"']/g, /[&<>"'$]|(?<=x)-/gi];

/** How scripts show a value. */
const forms: readonly ((value: string) => string)[] = [
	(value) => value,
	// A shell's single quotes, its double quotes, bash without any, and JSON.
	(value) => value.replaceAll("'", "'\\''"),
	(value) => value.replace(/["$\\`]/g, "\\$&"),
	(value) => value.replace(/[^\w%+,./:=@-]/g, "\\$&"),
	(value) => JSON.stringify(value).slice(1, -1),
	...escaped.flatMap((characters) => references.map((shown) => (value: string) => value.replace(characters, shown))),
];

/** The values of the variables whose names say that they are secret, in every form in which they may be shown, longest first. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
	const shown = Object.entries(environment).flatMap(([name, value]) =>
		/PASSW|SECRET|TOKEN/i.test(name) && value ? forms.map((form) => form(value)) : [],
	);
	return [...new Set(shown)].sort((one, other) => other.length - one.length);
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
