/** The settings: each one's flag, variable, default, and what it may be. Help, parsing and checking all read this table. */
import { roomsMatching } from "../room.ts";

export interface Setting {
	/** Without dashes. */
	readonly flag: string;
	readonly variable: string;
	readonly byDefault: string;
	/** What the value is, for the help. */
	readonly value: string;
	readonly help: string;
	/** A sentence's end that says what is wrong with a value and what is allowed; undefined if it is good. */
	readonly objection: (value: string) => string | undefined;
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
		objection: matching(/^[^\s/]+$/, "a host name or an address"),
	},
	port: {
		flag: "esport",
		variable: "EVENTSOCKET_PORT",
		byDefault: "8021",
		value: "port",
		help: "port of FreeSWITCH's event socket",
		objection: number(1, 65_535, "a port from 1 to 65535", /^\d+$/),
	},
	password: {
		flag: "espw",
		variable: "EVENTSOCKET_PASSWORD",
		byDefault: "ClueCon",
		value: "password",
		help: "password of FreeSWITCH's event socket; the variable is the better place for it, since every local user can read a command line",
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the command that bears the password
		objection: matching(/^[^\x00-\x1f]+$/, "one line of text"),
		secret: true,
	},
	conf: {
		flag: "esconf",
		variable: "EVENTSOCKET_CONF",
		byDefault: "",
		value: "file",
		help: "FreeSWITCH's event_socket.conf.xml, to be read at every connection: it tells those of the three above that are not set",
		// biome-ignore lint/suspicious/noControlCharactersInRegex: no file's name has them
		objection: matching(/^[^\x00-\x1f]*$/, "the name of a file"),
	},
	script: {
		flag: "script",
		variable: "GENERATOR_SCRIPT",
		byDefault: "./sofia-generator.sh",
		value: "file",
		help: "script that writes or removes the gateway of a room",
		objection: () => undefined,
	},
	profile: {
		flag: "profile",
		variable: "SOFIA_PROFILE",
		byDefault: "external",
		value: "name",
		help: "SIP profile of FreeSWITCH that loads the gateways",
		objection: matching(/^[A-Za-z0-9._-]+$/, "a profile's name: letters, digits, dots, underscores and dashes"),
	},
	rooms: {
		flag: "rooms",
		variable: "ROOM_PATTERN",
		byDefault: "[0-9]+",
		value: "pattern",
		help: "regular expression for the whole name of those conferences that are rooms",
		objection: pattern,
	},
	linger: {
		flag: "linger",
		variable: "LINGER",
		byDefault: "5",
		value: "seconds",
		help: "how long a room that has ended stays registered, in case that it comes back",
		objection: number(0, 3_600, "a number of seconds from 0 to 3600"),
	},
	resync: {
		flag: "resync",
		variable: "RESYNC",
		byDefault: "30",
		value: "seconds",
		help: "how often to compare with FreeSWITCH without being told of a change",
		objection: number(1, 3_600, "a number of seconds from 1 to 3600"),
	},
	timeout: {
		flag: "timeout",
		variable: "GENERATOR_TIMEOUT",
		byDefault: "10",
		value: "seconds",
		help: "how long the script may run before it is ended",
		objection: number(0.1, 600, "a number of seconds from 0.1 to 600"),
	},
	logLevel: {
		flag: "loglevel",
		variable: "LOG_LEVEL",
		byDefault: "info",
		value: "level",
		help: "trace, debug, info, warn or error",
		objection: matching(/^(trace|debug|info|warn|error)$/, "one of trace, debug, info, warn, error"),
	},
} as const satisfies Record<string, Setting>;

function matching(allowed: RegExp, what: string): Setting["objection"] {
	return (value) => (allowed.test(value) ? undefined : `must be ${what}`);
}

function number(least: number, most: number, what: string, form = /^\d+(\.\d+)?$/): Setting["objection"] {
	return (value) =>
		form.test(value) && Number(value) >= least && Number(value) <= most ? undefined : `must be ${what}`;
}

function pattern(value: string): string | undefined {
	try {
		roomsMatching(value);
		return undefined;
	} catch (error) {
		return `must be a regular expression (${(error as SyntaxError).message})`;
	}
}
