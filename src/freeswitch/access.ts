/**
 * FreeSWITCH's own event_socket.conf.xml: where its event socket listens, and the password. It is read at every connection,
 * so that nobody has to copy a password that an upgrade has changed.
 */
import { readFile, stat } from "node:fs/promises";
import { SaxesParser } from "saxes";
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

/** Bytes; FreeSWITCH's own has less than one KiB. */
const longest = 2 ** 20;

/**
 * Where FreeSWITCH's event socket is now, and its password.
 * @throws ConfUnusable
 */
export async function accessOf({ host, port, password, conf, unset }: AccessOptions): Promise<Access> {
	if (conf === "" || Object.keys(unset).length === 0) {
		return { host, port, password };
	}
	const params = paramsIn(conf, await textOf(conf));
	const read = <T>({ flag, variable, parse }: Supplied<T>, param: string, byDefault: string): T => {
		const text = params.get(param) || byDefault;
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

/** The parameters of the event socket, by name; of two with one name the last counts, as with FreeSWITCH. */
function paramsIn(file: string, text: string): Map<string, string> {
	const params = new Map<string, string>();
	const path: string[] = [];
	const places = new Set<string>();
	// saxes knows XML's five entities and reads no declarations of others, so that none can grow.
	const parser = new SaxesParser();
	parser.on("error", () => {
		// The parser's own words would show a part of the password where a quotation mark is missing.
		throw new ConfUnusable(file, `it is not well-formed XML, at line ${parser.line}`);
	});
	parser.on("opentag", ({ name, attributes }) => {
		path.push(name === "configuration" ? `${name} ${attributes["name"] ?? ""}` : name);
		places.add(path.slice(-2).join("/"));
		if (path.slice(-3).join("/") === "configuration event_socket.conf/settings/param") {
			params.set(attributes["name"] ?? "", attributes["value"] ?? "");
		}
	});
	parser.on("closetag", () => path.pop());
	parser.write(text).close();
	if (!places.has("configuration event_socket.conf/settings")) {
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
