/** The settings: each one's flag, variable, default, and how it is read. Help, manual and command line go by this table. */
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { logLevels } from "../log/log.ts";
import { excerpt, messageOf } from "../log/text.ts";
import { roomsMatching } from "../room.ts";

export interface Setting<T = unknown> {
	/** Without dashes. */
	readonly flag: string;
	readonly variable: string;
	readonly byDefault: string;
	/** What the value is, for the help. */
	readonly value: string;
	/** Lines of 72 characters at most. */
	readonly help: string;
	/** @throws RangeError that says in a sentence's end what is allowed and, unless that is secret, what came */
	readonly parse: (text: string) => T;
	/** Whether the value must not be shown to anybody. */
	readonly secret?: boolean;
}

export type SettingName = keyof typeof settings;

export const settings = {
	host: {
		flag: "eshost",
		variable: "EVENTSOCKET_HOST",
		byDefault: "localhost",
		value: "host",
		help: "host name or address of FreeSWITCH's event socket",
		parse: parser("a host name or an address", (text) =>
			/^(?:\[([^\s/[\]]*:[^\s/[\]]*)\]|([^\s/[\]]+))$/.exec(text)?.slice(1).join(""),
		),
	},
	port: {
		flag: "esport",
		variable: "EVENTSOCKET_PORT",
		byDefault: "8021",
		value: "port",
		help: "port of FreeSWITCH's event socket",
		parse: number("a port", 1, 65_535, /^\d+$/),
	},
	password: {
		flag: "espw",
		variable: "EVENTSOCKET_PASSWORD",
		byDefault: "ClueCon",
		value: "password",
		help: "password of FreeSWITCH's event socket; better in the variable, since\nevery local user can read a command line",
		// A control character would end the command that bears the password.
		parse: matching(/^[^\x00-\x1f]+$/, "one line of text", "secret"),
		secret: true,
	},
	conf: {
		flag: "esconf",
		variable: "EVENTSOCKET_CONF",
		byDefault: "",
		value: "file",
		help: "FreeSWITCH's event_socket.conf.xml, read at every connection: supplies\nhost, port and password where they are not set",
		parse: parser("the name of a file", (text) => (/^[^\x00-\x1f]*$/.test(text) ? text && resolve(text) : undefined)),
	},
	script: {
		flag: "script",
		variable: "GENERATOR_SCRIPT",
		byDefault: "./sofia-generator.sh",
		value: "file",
		help: "script that writes or removes the gateway of a room",
		parse: executable,
	},
	profile: {
		flag: "profile",
		variable: "SOFIA_PROFILE",
		byDefault: "external",
		value: "name",
		help: "SIP profile of FreeSWITCH that loads the gateways",
		parse: matching(/^[A-Za-z0-9._-]+$/, "a profile's name: letters, digits, dots, underscores and dashes"),
	},
	toRoom: {
		flag: "rooms",
		variable: "ROOM_PATTERN",
		byDefault: "[0-9]+",
		value: "pattern",
		help: "regular expression: a conference whose whole name it matches is a room",
		parse: (text: string) => {
			try {
				return roomsMatching(text);
			} catch (error) {
				throw new RangeError(`must be a regular expression (${excerpt(messageOf(error))})`);
			}
		},
	},
	linger: {
		flag: "linger",
		variable: "LINGER",
		byDefault: "5",
		value: "seconds",
		help: "how long a room that has ended stays registered, in case it comes back",
		parse: seconds(0, 3_600),
	},
	resync: {
		flag: "resync",
		variable: "RESYNC",
		byDefault: "30",
		value: "seconds",
		help: "how often to compare with FreeSWITCH's lists when no event comes",
		parse: seconds(1, 3_600),
	},
	timeout: {
		flag: "timeout",
		variable: "GENERATOR_TIMEOUT",
		byDefault: "10",
		value: "seconds",
		help: "how long the script may run before it is ended",
		parse: seconds(0.1, 600),
	},
	logLevel: {
		flag: "loglevel",
		variable: "LOG_LEVEL",
		byDefault: "info",
		value: "level",
		help: "trace, debug, info, warn or error",
		parse: parser(`one of ${logLevels.join(", ")}`, (text) => logLevels.find((level) => level === text)),
	},
} as const satisfies Record<string, Setting>;

/** @param read undefined for a text that is not allowed */
function parser<T>(what: string, read: (text: string) => T | undefined, secret?: "secret"): Setting<T>["parse"] {
	return (text) => {
		const value = read(text);
		if (value === undefined) {
			throw new RangeError(`must be ${what}${secret === undefined ? `, not ${JSON.stringify(text)}` : ""}`);
		}
		return value;
	};
}

function matching(allowed: RegExp, what: string, secret?: "secret"): Setting<string>["parse"] {
	return parser(what, (text) => (allowed.test(text) ? text : undefined), secret);
}

function number(what: string, least: number, most: number, form: RegExp, unit = 1): Setting<number>["parse"] {
	return parser(`${what} from ${least} to ${most}`, (text) =>
		form.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) * unit : undefined,
	);
}

/** The value is in ms. */
function seconds(least: number, most: number): Setting<number>["parse"] {
	return number("a number of seconds", least, most, /^\d+(\.\d+)?$/, 1_000);
}

/** The value is an absolute path. */
function executable(text: string): string {
	const path = resolve(text);
	const refusal = (what: string) => new RangeError(`must be an executable file, but ${path} ${what}`);
	try {
		accessSync(path, constants.X_OK);
	} catch (error) {
		const { code = "" } = error as NodeJS.ErrnoException;
		const what = { ENOENT: "does not exist", EACCES: "may not be executed by this user" }[code];
		throw refusal(what ?? `cannot be looked at (${code})`);
	}
	if (!statSync(path).isFile()) {
		throw refusal("is not a file");
	}
	return path;
}
