/** Keeps secrets out of what a script prints: one that runs under `set -x` prints every value that it uses. */

/** How a secret looks in a shell's own output, besides as it is: quoted, where it holds a quotation mark itself. */
function looksOf(secret: string): string[] {
	return [secret, secret.replaceAll("'", "'\\''")];
}

/** The values of the variables that hold secrets, as their names tell, longest first. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
	return Object.entries(environment)
		.flatMap(([name, value]) =>
			/PASSW|SECRET|TOKEN/i.test(name) && value !== undefined && value !== "" ? looksOf(value) : [],
		)
		.sort((one, other) => other.length - one.length);
}

/**
 * Replaces all secrets by `***`.
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
