/**
 * The file that the unit's EnvironmentFile= names. systemd reads it when it starts the daemon, and a process's environment
 * never changes; so at a reload the daemon reads it itself, by systemd's rules. A process that systemd runs for the reload would
 * be given the new values, too, but would have to hand the passwords over.
 */
import { readFileSync, statSync } from "node:fs";
import type { Log } from "../log/log.ts";
import { messageOf } from "../log/text.ts";
import { assignments } from "./environment-file.ts";
import { settings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is in the file, and what that makes of the environment. */
export class SettingsFile {
	readonly path: string;
	readonly #log: Log;
	/** What the daemon was started with. */
	readonly #started: Environment;
	/** What the file held at that time; empty if it could not be read. */
	readonly #atStart: ReadonlyMap<string, string>;
	#now: ReadonlyMap<string, string>;

	/** @param environment what the daemon was started with */
	constructor(path: string, environment: Environment, log: Log) {
		this.path = path;
		this.#log = log;
		this.#started = environment;
		try {
			this.#atStart = assignments(readFileSync(path, "utf8"));
		} catch {
			// Then this is said when it matters, at a reload.
			this.#atStart = new Map();
		}
		this.#now = this.#atStart;
	}

	/** Reads it again. If it cannot be read, all stays as it was, and the log says so. */
	read(): void {
		this.warnIfOpen();
		try {
			this.#now = assignments(readFileSync(this.path, "utf8"));
		} catch (error) {
			this.#log.warn(
				`the settings cannot be read again, so those from before go on: ${messageOf(error)}; ` +
					`${this.path} must be readable by the daemon's group (root:daemon, mode 0640), or restart the daemon before you reload it`,
			);
		}
		const changed = this.#changed;
		if (changed.length > 0) {
			this.#log.warn(
				`${changed.join(", ")} in ${this.path}: such a change takes a restart of the daemon; a reload is for the script's settings`,
			);
		}
	}

	/** Says so if every local user can read or write it. */
	warnIfOpen(): void {
		let mode: number;
		try {
			mode = statSync(this.path).mode & 0o777;
		} catch {
			// What cannot be looked at is not open to everybody.
			return;
		}
		if ((mode & 0o006) !== 0) {
			this.#log.warn(
				`${this.path} holds passwords, and every local user has access to it (mode 0${mode.toString(8)}): chown root:daemon ${this.path}; chmod 0640 ${this.path}`,
			);
		}
	}

	/** The environment that the daemon would have if it were started now. */
	get environment(): Environment {
		const environment = { ...this.#started };
		for (const name of this.#atStart.keys()) {
			// One that was taken out of the file is not set any more.
			environment[name] = undefined;
		}
		return { ...environment, ...Object.fromEntries(this.#now) };
	}

	/** The variables of the daemon's own settings whose values are not those that it was started with. */
	get #changed(): string[] {
		const now = this.environment;
		return Object.values(settings)
			.map(({ variable }) => variable)
			.filter((variable) => (now[variable] ?? "") !== (this.#started[variable] ?? ""));
	}
}
