/** Makes text from elsewhere fit for a log that is read on a terminal. Pure. */

/** Writes control characters (C0, DEL, C1) as `\x1b`, newlines excepted: a terminal would obey them. */
export function printable(text: string): string {
	return text.replace(/(?!\n)\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
