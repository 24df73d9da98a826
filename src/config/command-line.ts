/** Flags, environment and defaults, made into one configuration that has been checked. */
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { Command, CommanderError } from "commander";
import type { AccessOptions } from "../freeswitch/access.ts";
import type { LogLevel } from "../log/log.ts";
import { roomsMatching, type ToRoom } from "../room.ts";
import { type Setting, type SettingName, settings } from "./settings.ts";

export interface Config extends AccessOptions {
	/** Absolute path of an executable file. */
	readonly script: string;
	readonly profile: string;
	readonly toRoom: ToRoom;
	/** ms, like the following. */
	readonly linger: number;
	readonly resync: number;
	readonly timeout: number;
	readonly logLevel: LogLevel;
}

/** What the command line asks for. */
export type Request =
	| { readonly kind: "run"; readonly config: Config }
	| { readonly kind: "help" }
	| { readonly kind: "version" };

/** A flag or variable that cannot be used; the message names it and says what is allowed. */
export class BadSetting extends Error {
	override readonly name = "BadSetting";
}

type Environment = Readonly<Record<string, string | undefined>>;

const all: Readonly<Record<SettingName, Setting>> = settings;
const names = Object.keys(settings) as SettingName[];
const secretFlags = names.filter((name) => all[name].secret === true).map((name) => all[name].flag);

/**
 * Reads the command line and the environment.
 * @param args without the program's name
 * @throws BadSetting
 */
export function readConfig(args: readonly string[], environment: Environment): Request {
	const flags = parse(args);
	if (flags["help"] === true || flags["h"] === true) {
		return { kind: "help" };
	}
	if (flags["version"] === true) {
		return { kind: "version" };
	}
	const set = (name: SettingName) => {
		const { flag, variable } = all[name];
		return [
			[`-${flag}`, flags[flag]],
			[variable, environment[variable]],
			// A unit file that passes a variable which is not set passes an empty flag; both mean: not set.
		].find(([, text]) => typeof text === "string" && text !== "");
	};
	const value = (name: SettingName): string => {
		const { flag, byDefault, objection, secret } = all[name];
		const [source, found] = set(name) ?? [`-${flag}`, byDefault];
		const text = String(found);
		const wrong = objection(text);
		if (wrong !== undefined) {
			throw new BadSetting(`${String(source)} ${wrong}${secret === true ? "" : `, not ${JSON.stringify(text)}`}`);
		}
		return text;
	};
	const conf = value("conf");
	const told = (["host", "port", "password"] as const).filter((name) => set(name) === undefined);
	const milliseconds = (name: SettingName) => Number(value(name)) * 1_000;
	return {
		kind: "run",
		config: {
			host: value("host"),
			port: Number(value("port")),
			password: value("password"),
			...(conf !== "" && { conf: { file: resolve(conf), tells: new Set(told) } }),
			profile: value("profile"),
			toRoom: roomsMatching(value("rooms")),
			linger: milliseconds("linger"),
			resync: milliseconds("resync"),
			timeout: milliseconds("timeout"),
			logLevel: value("logLevel") as LogLevel,
			script: executable(value("script")),
		},
	};
}

/** The help, in the form that Go programs print. */
export function help(): string {
	const lines = names.map((name) => {
		const { flag, variable, byDefault, value, help } = all[name];
		const unset = byDefault === "" ? "" : `default "${byDefault}", `;
		return `  -${flag} ${value}\n    \t${help} (${unset}variable ${variable})\n`;
	});
	return [
		"Registers every running conference of FreeSWITCH at the SIP registrar, and no other.\n\n",
		"Usage of fsconfregger:\n",
		...lines,
		"  -version\n    \tprint the version and exit\n",
		"  -h, -help\n    \tprint this and exit\n\n",
		"A flag wins over its variable, a variable over the file of -esconf, and that over the default; an empty one counts as not set.\n",
		"The script gets the environment, less EVENTSOCKET_PASSWORD.\n",
	].join("");
}

function parse(args: readonly string[]): Readonly<Record<string, unknown>> {
	const command = new Command()
		.exitOverride()
		.configureOutput({ writeOut: () => {}, writeErr: () => {} })
		.helpOption(false)
		.allowExcessArguments(false)
		.option("--help")
		.option("-h")
		.option("--version");
	for (const name of names) {
		command.option(`--${all[name].flag} <value>`);
	}
	try {
		return command.parse(goStyle(args), { from: "user" }).opts();
	} catch (error) {
		throw error instanceof CommanderError ? new BadSetting(complaint(error)) : error;
	}
}

/**
 * Go's flags in the form that commander knows: one dash or two, the value glued on or following. It is always glued on
 * here, so that a value that begins with a dash, or is empty, stays a value.
 */
function goStyle(args: readonly string[]): string[] {
	const valued = new Set<string>(names.map((name) => all[name].flag));
	const result: string[] = [];
	for (let index = 0; index < args.length; index++) {
		const arg = args[index] ?? "";
		const [, flag = "", glued] = /^--?([^-=][^=]*)(=[^]*)?$/.exec(arg) ?? [];
		if (glued !== undefined) {
			result.push(`--${flag}${glued}`);
		} else if (!valued.has(flag)) {
			result.push(flag === "" ? arg : flag.length > 1 ? `--${flag}` : `-${flag}`);
		} else if (index + 1 < args.length) {
			index += 1;
			result.push(`--${flag}=${args[index] ?? ""}`);
		} else {
			result.push(`--${flag}`);
		}
	}
	return result;
}

/** What commander found wrong, in our words; none of them may be a value, since that can be the password. */
function complaint({ code, message }: CommanderError): string {
	// A value that is glued to its flag without "=" looks like a longer name.
	const [, flag = ""] = /option '--?([a-z-]+)(?=['= ])/i.exec(message) ?? [];
	const name =
		flag === "" || secretFlags.some((secret) => flag.startsWith(secret) && flag !== secret) ? "" : ` -${flag}`;
	switch (code) {
		case "commander.unknownOption":
			return `unknown flag${name}; fsconfregger -help lists what there is`;
		case "commander.optionMissingArgument":
			return `${name.trim()} needs a value`;
		case "commander.excessArguments":
			return "only flags are allowed, and each has one value; fsconfregger -help lists them";
		default:
			return "the flags cannot be read; fsconfregger -help lists what there is";
	}
}

function executable(script: string): string {
	const path = resolve(script);
	const { flag, variable } = settings.script;
	const wrong = (what: string) =>
		new BadSetting(`-${flag} (${variable}) must be an executable file, but ${path} ${what}`);
	let isFile: boolean;
	try {
		isFile = statSync(path).isFile();
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw wrong(code === "ENOENT" ? "does not exist" : `cannot be looked at (${String(code)})`);
	}
	if (!isFile) {
		throw wrong("is not a file");
	}
	try {
		accessSync(path, constants.X_OK);
	} catch {
		throw wrong("may not be executed by this user");
	}
	return path;
}
