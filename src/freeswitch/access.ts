/**
 * FreeSWITCH's own event_socket.conf.xml, which tells where its event socket listens and the password. It is read anew for
 * every connection, so that a password that an upgrade has changed needs no one. Only this file knows saxes.
 */
import { constants, type FileHandle, open } from "node:fs/promises";
import { SaxesParser } from "saxes";
import { settings } from "../config/settings.ts";
import { ConfUnusable } from "./errors.ts";

/** Where FreeSWITCH's event socket is, and its password. */
export interface Access {
	readonly host: string;
	readonly port: number;
	readonly password: string;
}

export interface AccessOptions extends Access {
	readonly conf?: {
		readonly file: string;
		/** What no flag or variable has set, so that the file tells it. */
		readonly tells: ReadonlySet<keyof Access>;
	};
}

/** Bytes; FreeSWITCH's own has less than one KiB. */
const longest = 2 ** 20;

/** The parameters, with what FreeSWITCH takes for one that is missing or empty (mod_event_socket.c, config()). */
const params: Readonly<Record<keyof Access, { readonly name: string; readonly byDefault: string }>> = {
	host: { name: "listen-ip", byDefault: "127.0.0.1" },
	port: { name: "listen-port", byDefault: "8021" },
	password: { name: "password", byDefault: "ClueCon" },
};

/**
 * Where FreeSWITCH is to be looked for now.
 * @throws ConfUnusable
 */
export async function accessOf({ conf, ...set }: AccessOptions): Promise<Access> {
	if (conf === undefined || conf.tells.size === 0) {
		return set;
	}
	const { file, tells } = conf;
	const found = paramsIn(file, await textOf(file));
	const told = (name: keyof Access) => (tells.has(name) ? usable(file, name, found) : String(set[name]));
	return { host: told("host"), port: Number(told("port")), password: told("password") };
}

function usable(file: string, name: keyof Access, found: ReadonlyMap<string, string>): string {
	const { name: param, byDefault } = params[name];
	const { variable, flag, objection } = settings[name];
	const value = found.get(param) || byDefault;
	if (value.includes("$${")) {
		throw new ConfUnusable(
			file,
			`${param} is made of a variable, $\${…}, whose value only FreeSWITCH knows; set ${variable} (-${flag})`,
		);
	}
	const address = name === "host" ? dialled(value) : value;
	const wrong = objection(address);
	if (wrong !== undefined) {
		throw new ConfUnusable(
			file,
			`${param} ${wrong}${name === "password" ? "" : `, not ${JSON.stringify(value)}`}; or set ${variable} (-${flag})`,
		);
	}
	return address;
}

/** The address to connect to where FreeSWITCH listens at this one. */
function dialled(listenIp: string): string {
	switch (listenIp) {
		case "0.0.0.0":
			return "127.0.0.1";
		// There may be hosts that listen at :: and have no ::1; all addresses of this name are tried.
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
	const found = new Map<string, string>();
	const path: string[] = [];
	const seen = { configuration: false, settings: false };
	// It knows the five entities that XML has and declares no others, so there are none that could grow.
	const parser = new SaxesParser();
	parser.on("error", () => {
		// Not the parser's words: where a quotation mark is missing, they are a part of the password.
		throw new ConfUnusable(file, `it is not well-formed XML, at line ${parser.line}`);
	});
	parser.on("opentag", ({ name, attributes }) => {
		path.push(name);
		if (name === "configuration") {
			seen.configuration = attributes["name"] === "event_socket.conf";
		}
		const [grandparent, parent] = path.slice(-3);
		if (seen.configuration && path.at(-2) === "configuration" && name === "settings") {
			seen.settings = true;
		} else if (seen.configuration && grandparent === "configuration" && parent === "settings" && name === "param") {
			found.set(attributes["name"] ?? "", attributes["value"] ?? "");
		}
	});
	parser.on("closetag", () => {
		path.pop();
	});
	parser.write(text).close();
	if (!seen.settings) {
		throw new ConfUnusable(file, 'it holds no <configuration name="event_socket.conf"> with <settings>');
	}
	return found;
}

async function textOf(file: string): Promise<string> {
	let handle: FileHandle | undefined;
	try {
		// Opening a named pipe would wait for somebody who writes.
		handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
		if (!(await handle.stat()).isFile()) {
			throw new ConfUnusable(file, "it is not a file");
		}
		const buffer = Buffer.alloc(longest + 1);
		let length = 0;
		for (let read = 1; read > 0 && length < buffer.length; length += read) {
			read = (await handle.read(buffer, length, buffer.length - length)).bytesRead;
		}
		if (length > longest) {
			throw new ConfUnusable(file, `it is longer than ${longest / 2 ** 20} MiB`);
		}
		return buffer.toString("utf8", 0, length);
	} catch (error) {
		throw error instanceof ConfUnusable ? error : unreadable(file, error as NodeJS.ErrnoException);
	} finally {
		await handle?.close();
	}
}

function unreadable(file: string, error: NodeJS.ErrnoException): ConfUnusable {
	const code = String(error.code);
	const reasons: Readonly<Record<string, string>> = {
		ENOENT: "it does not exist; is FreeSWITCH installed, and EVENTSOCKET_CONF (-esconf) right?",
		ENOTDIR: "it does not exist; is EVENTSOCKET_CONF (-esconf) right?",
		EACCES: "this user may not read it (EACCES); it needs the owner or the group that the daemon runs as",
	};
	return new ConfUnusable(file, reasons[code] ?? `it cannot be read (${code})`, error);
}
