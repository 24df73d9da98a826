/** A short text that stands for the script's settings, so that a gateway which was loaded with other ones can be told. */
import { scryptSync } from "node:crypto";
import { settings } from "./settings.ts";

/** Neither the daemon's own settings nor where snippets lie make a gateway another one. */
const indifferent = new Set([
	"GATEWAY_DIR",
	"SETTINGS_FILE",
	...Object.values(settings).map(({ variable }) => variable),
]);

/**
 * The mark of the settings that a script sees in an environment: those that begin with `SIP_`, and those of the settings file. One
 * of them is a password, and a mark is shown in lists, so it is made in a way that makes guesses slow.
 * @param assigned the names of the variables that the settings file assigns
 * @returns ten hexadecimal digits; the same for the same settings
 */
export function settingsMark(environment: NodeJS.ProcessEnv, assigned: Iterable<string>): string {
	const names = new Set([...assigned, ...Object.keys(environment).filter((name) => name.startsWith("SIP_"))]);
	const values = [...names]
		.filter((name) => !indifferent.has(name) && environment[name])
		.sort()
		.map((name) => [name, environment[name]]);
	return scryptSync(JSON.stringify(values), "fsconfregger", 5).toString("hex");
}
