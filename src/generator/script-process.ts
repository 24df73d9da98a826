/** A process that runs the script, as the leader of a process group of its own, so that its children end with it. */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { kill } from "node:process";
import { execa } from "execa";
import { printable, redact, secretsIn } from "../log/text.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ScriptProcess {
	/** Settles when the script itself has exited. Its children may live on, and may hold its output open. Never rejects. */
	readonly exited: Promise<unknown>;
	/** Settles when it has exited and its output has been read or let go. Never rejects. */
	readonly closed: Promise<ScriptExit>;
	/**
	 * Sends a signal to the whole group; 0 only looks.
	 * @returns whether anybody is left in it
	 */
	readonly signal: (signal: "SIGTERM" | "SIGKILL" | 0) => boolean;
	/** Stops reading: a process that has left the group may hold the output open for ever. */
	readonly letGo: () => void;
	/** The last lines that it has printed. */
	readonly output: () => string;
}

export interface ScriptExit {
	readonly exitCode?: number | undefined;
	readonly signal?: string | undefined;
	/** The system's name of the error for which it could not be run. */
	readonly code?: string | undefined;
	readonly cause?: unknown;
}

/** Starts a process, and never throws: what cannot be started has exited. */
export type StartScript = (script: string, args: readonly string[], environment: Environment) => ScriptProcess;

/** How much of the output is kept, in characters and lines: enough to tell what is wrong. */
const keptOutput = { characters: 4_096, lines: 5 };

export const startScript: StartScript = (script, args, environment) => {
	const lack = lackOfDescriptors();
	if (lack !== undefined) {
		const closed = Promise.resolve({ code: lack });
		return { exited: closed, closed, signal: () => false, letGo: () => {}, output: () => "" };
	}
	const child = execa(script, args, {
		detached: true,
		cleanup: false,
		extendEnv: false,
		env: environment,
		stdin: "ignore",
		buffer: false,
		reject: false,
	});
	const { pid } = child;
	const closed = child.then(({ exitCode, signal, code, cause }) => ({ exitCode, signal, code, cause }));
	const exited = new Promise<void>((resolve) => {
		child.once("exit", () => {
			resolve();
		});
	});
	return {
		exited: Promise.race([exited, closed]),
		closed,
		signal: pid === undefined ? () => false : signalsTo(pid),
		letGo: () => {
			child.stdout.destroy();
			child.stderr.destroy();
		},
		output: lastLines([child.stdout, child.stderr], secretsIn(environment)),
	};
};

/**
 * Makes what sends signals to a process group. Who has ended and is only not collected yet does not count: where the first
 * process of a container collects nobody, that is for ever.
 */
function signalsTo(group: number): ScriptProcess["signal"] {
	let members: number[] = [];
	return (signal) => {
		// All processes are gone through only when none of those is left that were found before.
		const isMember = (pid: number) => isAliveIn(group, pid);
		try {
			kill(-group, signal);
			members = members.filter(isMember);
			if (members.length === 0) {
				members = readdirSync("/proc").map(Number).filter(isMember);
			}
			if (members.length === 0) {
				// For one that was started by another while they were gone through.
				kill(-group, "SIGKILL");
			}
			return members.length > 0;
		} catch (error) {
			// EPERM: somebody is there whom this user may not signal.
			return (error as NodeJS.ErrnoException).code !== "ESRCH";
		}
	};
}

/** Whether a process of this group goes on, or hangs. */
function isAliveIn(group: number, pid: number): boolean {
	try {
		// The name in parentheses can contain anything. (proc_pid_stat(5): pid, name, state, parent, group)
		const [, state = "", , of] = /^.*\) (\w) (\d+) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
		return Number(of) === group && state !== "Z" && state !== "X";
	} catch {
		// It has ended meanwhile, or is no process.
		return false;
	}
}

/** Collects the end of what is printed, reading all of it so that the script never waits for a reader. */
function lastLines(streams: readonly NodeJS.ReadableStream[], secrets: readonly string[]): () => string {
	let tail = "";
	let cut = false;
	for (const stream of streams) {
		stream.setEncoding("utf8");
		stream.on("data", (text: string) => {
			const all = tail + text;
			cut ||= all.length > keptOutput.characters;
			tail = all.slice(-keptOutput.characters);
		});
	}
	return () => printable(redact(tail, secrets, cut).trim().split("\n").slice(-keptOutput.lines).join("\n"));
}

/** What it takes to start a process: two descriptors for each pipe of its output, two for telling whether it began, one in its own hands; and some for a later Node. */
const neededDescriptors = 10;

/**
 * The error with which a process could not be started now, if so. On EMFILE, `spawn()` returns a child without streams,
 * which execa 9 cannot handle and which would end the daemon: so this is looked at first.
 */
function lackOfDescriptors(): string | undefined {
	const opened: number[] = [];
	try {
		while (opened.length < neededDescriptors) {
			opened.push(openSync("/dev/null", "r"));
		}
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return code === "EMFILE" || code === "ENFILE" ? code : undefined;
	} finally {
		opened.forEach(closeSync);
	}
	return undefined;
}
