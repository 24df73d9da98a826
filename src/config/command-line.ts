/** Flags, environment and defaults, made into one configuration. */
import { Command, CommanderError } from "commander";
import { messageOf } from "../log/text.ts";
import { type Setting, type SettingName, settings } from "./settings.ts";

/** What each setting's text has become. */
type Values = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]["parse"]> };

export interface Config extends Values {
	/** Set by neither a flag nor a variable: the file `conf` supplies them. */
	readonly unset: Partial<Pick<typeof settings, "host" | "port" | "password">>;
}

/** A flag or variable that cannot be used; the message names it and says what is allowed. */
export class BadSetting extends Error {
	override readonly name = "BadSetting";
}

const all: readonly Setting[] = Object.values(settings);

/**
 * Reads the command line and the environment.
 * @returns the configuration, or what the command line asks for instead
 * @param args without the program's name
 * @throws BadSetting
 */
export function readConfig(args: readonly string[], environment: NodeJS.ProcessEnv): Config | "help" | "version" {
	const flags = parse(args);
	if (flags["help"] || flags["h"]) {
		return "help";
	}
	if (flags["version"]) {
		return "version";
	}
	// An old unit file passes an empty flag for a variable that is not set, so both count as not set.
	const set = ({ flag, variable }: Setting) =>
		[
			{ source: `-${flag}`, text: flags[flag] },
			{ source: variable, text: environment[variable] },
		].find(({ text }) => text !== undefined && text !== "");
	const valueOf = <T>(setting: Setting<T>): T => {
		const { flag, variable, byDefault, parse } = setting;
		const { source, text } = set(setting) ?? { source: `-${flag} (${variable})`, text: byDefault };
		try {
			return parse(String(text));
		} catch (error) {
			throw new BadSetting(`${source} ${messageOf(error)}`);
		}
	};
	const { host, port, password } = settings;
	return {
		host: valueOf(host),
		port: valueOf(port),
		password: valueOf(password),
		conf: valueOf(settings.conf),
		unset: {
			...(set(host) === undefined && { host }),
			...(set(port) === undefined && { port }),
			...(set(password) === undefined && { password }),
		},
		script: valueOf(settings.script),
		profile: valueOf(settings.profile),
		toRoom: valueOf(settings.toRoom),
		linger: valueOf(settings.linger),
		resync: valueOf(settings.resync),
		timeout: valueOf(settings.timeout),
		logLevel: valueOf(settings.logLevel),
	};
}

/** The help, in the form that Go programs print; no line is longer than 80 columns. */
export function help(): string {
	const flags = all.map(({ flag, variable, byDefault, value, help }) => {
		const unset = byDefault === "" ? "" : `default "${byDefault}", `;
		return [`  -${flag} ${value}`, ...help.split("\n"), `(${unset}variable ${variable})`].join("\n    \t");
	});
	return `Registers each running conference of FreeSWITCH at your SIP registrar, and
removes the registration when the conference ends.

Usage of fsconfregger:
${flags.join("\n")}
  -version
    	print the version and exit
  -h, -help
    	print this and exit

A flag wins over its variable, a variable over the file of -esconf, and that
over the default. An empty flag or variable counts as not set.

The script gets the environment, less EVENTSOCKET_PASSWORD. sofia-generator.sh
reads these variables:
  SIP_REGISTRAR  where rooms register: host or host:port (required)
  SIP_PASSWORD   password that every room has there (required)
  SIP_TRANSPORT  udp, tcp or tls (default "tcp")
  SIP_EXPIRES    seconds that a registration lasts, 5 to 86400 (default "60")
  GATEWAY_DIR    directory from which the profile loads its gateways
                 (default "/opt/freeswitch/conf/sip_profiles/external")

Manual: man fsconfregger, or docs/operating.md
`;
}

/** The flags that were given; one without a value is true. */
function parse(args: readonly string[]): Readonly<Record<string, string | true | undefined>> {
	const command = new Command()
		.exitOverride()
		.configureOutput({ writeOut: () => {}, writeErr: () => {} })
		.helpOption(false)
		.allowExcessArguments(false)
		.option("--help")
		.option("-h")
		.option("--version");
	for (const { flag } of all) {
		command.option(`--${flag} <value>`);
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
	const valued = new Set(all.map(({ flag }) => flag));
	const left = [...args];
	const result: string[] = [];
	for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
		const [, flag = "", glued] = /^--?([^-=][^=]*)(=[^]*)?$/.exec(arg) ?? [];
		const value = glued ?? (valued.has(flag) && left.length > 0 ? `=${left.shift() ?? ""}` : "");
		const dashes = flag.length > 1 || value !== "" ? "--" : "-";
		result.push(flag === "" ? arg : `${dashes}${flag}${value}`);
	}
	return result;
}

/** What commander found wrong, in our words; none of them may be a value, since that can be the password. */
function complaint({ code, message }: CommanderError): string {
	// A value that is glued to its flag without "=" looks like a longer name.
	const [, flag = ""] = /option '--?([a-z-]+)(?=['= ])/i.exec(message) ?? [];
	const isSecret = all.some(({ flag: known, secret }) => secret === true && flag.startsWith(known) && flag !== known);
	const name = flag === "" || isSecret ? "" : ` -${flag}`;
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
