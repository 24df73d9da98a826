/**
 * FreeSWITCH's own event_socket.conf.xml: where its event socket listens, and the password. It is read at every connection,
 * so that nobody has to copy a password that an upgrade has changed.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Parser } from "htmlparser2";
import { messageOf } from "../log/text.ts";
import { ConfUnusable } from "./errors.ts";

/** Where FreeSWITCH's event socket is, and its password. */
export interface Access {
	readonly host: string;
	readonly port: number;
	readonly password: string;
	/** The file that the password was read from, if any. */
	readonly passwordFrom?: string | undefined;
}

/** One of the daemon's settings that FreeSWITCH's file supplies where it is not set. */
export interface Supplied<T> {
	readonly flag: string;
	readonly variable: string;
	/** @throws Error that says in a sentence's end what is allowed */
	readonly parse: (text: string) => T;
}

export interface AccessOptions extends Access {
	/** FreeSWITCH's file; empty if there is none to be read. */
	readonly conf: string;
	/** What the file is to supply. */
	readonly unset: {
		readonly host?: Supplied<string>;
		readonly port?: Supplied<number>;
		readonly password?: Supplied<string>;
	};
}

/** Bytes. FreeSWITCH's own has less than one KiB; its expanded configuration has 200, and half of one for each gateway. */
const longest = 4 * 2 ** 20;

/**
 * Where FreeSWITCH's event socket is now, and its password.
 * @throws ConfUnusable
 */
export async function accessOf({ host, port, password, conf, unset }: AccessOptions): Promise<Access> {
	if (conf === "" || Object.keys(unset).length === 0) {
		return { host, port, password };
	}
	const params = paramsIn(conf, await preprocessed(conf));
	const read = <T>({ flag, variable, parse }: Supplied<T>, param: string, byDefault: string): T => {
		const found = params.get(param) || byDefault;
		// FreeSWITCH reads a number among blanks (atoi()), and any other value with them.
		const text = param === "listen-port" ? found.trim() : found;
		if (text.includes("$${")) {
			const why = `${param} is made of a variable, $\${…}, whose value only FreeSWITCH knows`;
			throw new ConfUnusable(conf, `${why}; set ${variable} (-${flag})`);
		}
		try {
			return parse(text);
		} catch (error) {
			throw new ConfUnusable(conf, `${param} ${messageOf(error)}; or set ${variable} (-${flag})`);
		}
	};
	// FreeSWITCH has the same defaults for a parameter that is missing or empty (mod_event_socket.c, config()).
	return {
		host: unset.host === undefined ? host : dialled(read(unset.host, "listen-ip", "127.0.0.1")),
		port: unset.port === undefined ? port : read(unset.port, "listen-port", "8021"),
		password: unset.password === undefined ? password : read(unset.password, "password", "ClueCon"),
		passwordFrom: unset.password && conf,
	};
}

/** The address to connect to where FreeSWITCH listens at this one. */
function dialled(listenIp: string): string {
	switch (listenIp) {
		case "0.0.0.0":
			return "127.0.0.1";
		// A host that listens at :: may have no ::1; all addresses of this name are tried.
		case "::":
		case "[::]":
		case "*":
		case "any":
			return "localhost";
		default:
			return listenIp;
	}
}

/**
 * The text as FreeSWITCH's parser gets it (switch_xml.c, preprocess()), with an empty line for each that FreeSWITCH drops.
 * A variable that neither the file nor vars.xml sets plainly stays as it is.
 */
async function preprocessed(file: string): Promise<string> {
	const text = await textOf(file);
	const variables = new Map<string, string>();
	if (text.includes("$${")) {
		// FreeSWITCH's configuration has vars.xml above autoload_configs/.
		for (const directory of [join(dirname(file), ".."), dirname(file)]) {
			try {
				preprocess(await textOf(join(directory, "vars.xml")), variables);
			} catch (error) {
				// The parameter that needs a variable of that file is told.
				if (!(error instanceof ConfUnusable)) {
					throw error;
				}
			}
		}
	}
	return preprocess(text, variables);
}

/** @param variables what is set so far; gets what the text sets */
function preprocess(text: string, variables: Map<string, string>): string {
	const kept = text.split("\n").map((raw) => {
		const line = raw.replace(/\$\$\{([^{}]*)\}/g, (whole, name: string) => variables.get(name) ?? whole);
		const [directive, before] = /(.?)X-PRE-PROCESS.*/i.exec(line) ?? [];
		if (before === "<") {
			note(directive ?? "", variables);
		}
		return directive === undefined && !/<\?|<\/?include>/.test(line) ? line : "";
	});
	return kept.join("\n");
}

/** Notes what an X-PRE-PROCESS directive sets. What a command, STUN or the environment sets is not known any more. */
function note(directive: string, variables: Map<string, string>): void {
	const [tag = ""] = directive.split("/>");
	const [, command = "", data = ""] = /cmd[^=]*=[^"]*"([^"]*)".*?data[^=]*=[^"]*"([^"]*)"/i.exec(tag) ?? [];
	const [, name = "", value = ""] = /^(.*?) *= *(.*)$/.exec(data) ?? [];
	if (/^set$/i.test(command)) {
		variables.set(name, value);
	} else if (/-set$/i.test(command)) {
		variables.delete(name);
	}
}

/**
 * The parameters of the event socket, by name. As with FreeSWITCH the last of two with one name counts, and the first of two
 * configurations, which an expanded file can hold.
 */
function paramsIn(file: string, text: string): Map<string, string> {
	const params = new Map<string, string>();
	const path: string[] = [];
	/** How deep the settings lie that count, and whether they are over. */
	let settings: { readonly depth: number; over: boolean } | undefined;
	let opened = 0;
	// The parser's own words are not told: they could show a part of the password.
	const unusable = (why: string) =>
		new ConfUnusable(file, `${why}, at line ${text.slice(0, parser.startIndex).split("\n").length}`);
	const parser = new Parser(
		{
			onopentag: (name, attributes) => {
				opened = parser.startIndex;
				path.push(name === "configuration" ? `${name} ${attributes["name"] ?? ""}` : name);
				if (settings === undefined && path.slice(-2).join("/") === "configuration event_socket.conf/settings") {
					settings = { depth: path.length, over: false };
				} else if (name === "param" && settings?.over === false && path.length === settings.depth + 1) {
					params.set(attributes["name"] ?? "", attributes["value"] ?? "");
				}
			},
			onclosetag: (_, isImplied) => {
				// A tag that closes itself is closed where it was opened.
				if (isImplied && parser.startIndex !== opened) {
					throw unusable("it is not well-formed XML");
				}
				if (settings?.depth === path.length) {
					settings.over = true;
				}
				path.pop();
			},
			onprocessinginstruction: (_, declaration) => {
				if (declaration.includes("<!ENTITY")) {
					throw unusable("it declares entities, which only FreeSWITCH reads");
				}
			},
		},
		{ xmlMode: true },
	);
	parser.end(text);
	if (settings === undefined) {
		throw new ConfUnusable(file, 'it holds no <configuration name="event_socket.conf"> with <settings>');
	}
	return params;
}

async function textOf(file: string): Promise<string> {
	try {
		// Looked at first: to open a named pipe would be to wait for somebody who writes.
		const found = await stat(file);
		if (!found.isFile()) {
			throw new ConfUnusable(file, "it is not a file");
		}
		if (found.size > longest) {
			throw new ConfUnusable(file, `it is longer than ${longest / 2 ** 20} MiB`);
		}
		return await readFile(file, "utf8");
	} catch (error) {
		if (error instanceof ConfUnusable) {
			throw error;
		}
		const { code = "" } = error as NodeJS.ErrnoException;
		const why = {
			ENOENT: "it does not exist; is FreeSWITCH installed, and EVENTSOCKET_CONF (-esconf) right?",
			ENOTDIR: "it does not exist; is EVENTSOCKET_CONF (-esconf) right?",
			EACCES: "this user may not read it (EACCES); it needs the owner or the group that the daemon runs as",
		}[code];
		throw new ConfUnusable(file, why ?? `it cannot be read (${code})`, error);
	}
}
