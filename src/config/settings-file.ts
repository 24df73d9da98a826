/**
 * The file that the unit's EnvironmentFile= names. systemd reads it when it starts the daemon, and a process's environment
 * never changes; so at a reload the daemon reads it itself, by systemd's rules. (A process that systemd runs for the reload
 * would get the new values, too, but would have to hand the passwords over.)
 */
import { readFileSync, statSync } from "node:fs";
import type { Log } from "../log/log.ts";
import { messageOf } from "../log/text.ts";
import { settings } from "./settings.ts";

export class SettingsFile {
	readonly #path: string;
	readonly #log: Log;
	readonly #started: NodeJS.ProcessEnv;
	/** What the file held when the daemon was started; empty if it could not be read. */
	readonly #atStart: ReadonlyMap<string, string>;
	#now: ReadonlyMap<string, string>;
	/** What is odd in the file as it was read last, and what of that was told. */
	#odd: readonly string[] = [];
	#told: readonly string[] = [];

	/** @param started the environment that the daemon was started with */
	constructor(path: string, started: NodeJS.ProcessEnv, log: Log) {
		this.#path = path;
		this.#log = log;
		this.#started = started;
		try {
			this.#atStart = this.#parse();
		} catch {
			// It matters at a reload, and is said then.
			this.#atStart = new Map();
		}
		this.#now = this.#atStart;
	}

	/** Reads it again. If it cannot be read, the old settings stay in force, and the log says so. */
	read(): void {
		try {
			this.#now = this.#parse();
		} catch (error) {
			this.#log.warn(
				`the settings cannot be read again, so the old ones stay in force: ${messageOf(error)}; ` +
					`${this.#path} must be readable by the daemon's group (root:daemon, mode 0640), or restart the daemon before you reload it`,
			);
		}
		this.warn();
		const { environment } = this;
		const changed = Object.values(settings)
			.map(({ variable }) => variable)
			.filter((variable) => (environment[variable] ?? "") !== (this.#started[variable] ?? ""));
		if (changed.length > 0) {
			this.#log.warn(
				`${changed.join(", ")} in ${this.#path}: such a change takes a restart of the daemon; a reload is for the script's settings`,
			);
		}
	}

	/** Warns if every local user can read or write it, and of lines that hardly mean what they say, unless these were there before. */
	warn(): void {
		for (const sentence of this.#odd.filter((one) => !this.#told.includes(one))) {
			this.#log.warn(sentence);
		}
		this.#told = this.#odd;
		let mode: number;
		try {
			mode = statSync(this.#path).mode & 0o777;
		} catch {
			// What the daemon cannot look at is not open to everybody.
			return;
		}
		if ((mode & 0o006) !== 0) {
			this.#log.warn(
				`${this.#path} holds passwords, and every local user has access to it (mode 0${mode.toString(8)}): chown root:daemon ${this.#path}; chmod 0640 ${this.#path}`,
			);
		}
	}

	/** The variables that it sets. */
	get names(): readonly string[] {
		return [...this.#now.keys()];
	}

	/** The environment that the daemon would have if it were started now; what was taken out of the file is undefined. */
	get environment(): NodeJS.ProcessEnv {
		const environment = { ...this.#started };
		for (const name of [...this.#atStart.keys(), ...this.#now.keys()]) {
			environment[name] = this.#now.get(name);
		}
		return environment;
	}

	#parse(): ReadonlyMap<string, string> {
		const odd: string[] = [];
		const found = assignments(readFileSync(this.#path, "utf8"), (line, what) =>
			odd.push(`line ${line} of ${this.#path}: ${what}`),
		);
		this.#odd = odd;
		return found;
	}
}

/** The start of a line that is a comment, or has no "=", and so says nothing. */
const idle = /[ \t\n\r]*(?:[#;](?:\\[^\n\r]|[^\\\n\r])*\\?|[^=\n\r]*(?=[\n\r]|$))(?:[\n\r]|$)/y;
const name = /[ \t\n\r]*([^=\n\r]*?)[ \t]*=/y;
const quoted = /[ \t]*(?:'([^']*)'?|"((?:\\[^]|[^"\\])*)\\?"?)/y;
/** In what stands without quotes, a # as a shell's comment begins. */
const comment = /^(?:\\[^]|[^\\])*?[ \t]#/;
const bare = /[ \t]*((?:\\[^]|[^\\\n\r])*?)[ \t]*(?:[\n\r]|\\?$)/y;

/**
 * The assignments in a file as systemd understands them (systemd.exec(5), EnvironmentFile=): nothing is expanded; within single
 * quotes all means itself, within double quotes a backslash is taken away before a quotation mark, a backslash, a backtick
 * and a $; elsewhere before anything. A line goes on behind a backslash at its end, and within quotes. Without quotes, blanks
 * at the end do not count.
 * @param odd told of assignments that a shell would understand otherwise, by the line and without the value
 */
export function assignments(text: string, odd: (line: number, what: string) => void = () => {}): Map<string, string> {
	const found = new Map<string, string>();
	let at = 0;
	const next = (pattern: RegExp): RegExpExecArray | null => {
		pattern.lastIndex = at;
		const match = pattern.exec(text);
		at = match === null ? at : pattern.lastIndex;
		return match;
	};
	while (at < text.length) {
		if (next(idle) !== null) {
			continue;
		}
		const [before = "", variable = ""] = next(name) ?? [];
		const line = text.slice(0, at - before.trimStart().length).split("\n").length;
		let value = "";
		for (let part = next(quoted); part !== null; part = next(quoted)) {
			const [, single, double = ""] = part;
			value += single ?? unescaped(double, /\\(["\\`$\n])/g);
		}
		const [rest = "", last = ""] = next(bare) ?? [];
		value += unescaped(last, /\\([^])/g);
		const [, exported = "", plain = ""] = /^(?:export[ \t]+(\w+)|([A-Za-z_]\w*))$/.exec(variable) ?? [];
		if (plain !== "") {
			found.set(plain, value);
		}
		if (exported !== "") {
			odd(line, `systemd ignores ${exported}, because of the word export before it; remove that word`);
		} else if (plain !== "" && comment.test(rest)) {
			odd(
				line,
				`the # and what follows are part of the value of ${plain}; put a comment on a line of its own, or such a value into quotes`,
			);
		}
	}
	return found;
}

function unescaped(text: string, escape: RegExp): string {
	return text.replace(escape, (_, character: string) => (/[\n\r]/.test(character) ? "" : character));
}
