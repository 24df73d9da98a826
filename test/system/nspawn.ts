/**
 * A container with systemd as its process 1, and a network of its own. Changes in it, also in /usr, stay in it. It ends with
 * this process, whatever ends that.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf, commandLineOf } from "../support/processes.ts";
import { eventually } from "../support/until.ts";
import { makeRoot } from "./nspawn-root.ts";

/** This checkout, as it is called in the container. */
export const checkout = "/srv/checkout";

/**
 * Kills the container and removes all of it when this script's input is closed, which happens even if this process is killed.
 * With the container's first process all others end; without one, nothing runs in it yet.
 */
const guard = `read -r _
pkill -KILL -P "$1" || kill -KILL "$1"
while kill -0 "$1"; do sleep 0.05; done
rm -rf --one-file-system "$2"
find /sys/fs/cgroup -depth -type d -path "*/\${2##*/}*" -exec rmdir {} +`;

/** Starts a command in a control group of its own. Two containers in one would share the groups of their units. */
const inGroup = 'mkdir -p "$0"; echo $$ >"$0/cgroup.procs"; exec "$@"';

/** The path for a control group of that name. @throws Error on a machine without cgroups of version 2 */
function controlGroup(name: string): string {
	const mounted = /^(?:\S+ ){4}(\S+) .* - cgroup2 /m.exec(readFileSync("/proc/self/mountinfo", "utf8"))?.[1];
	const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
	if (mounted === undefined || own === undefined) {
		throw new Error("a container needs cgroups of version 2, which are not mounted here");
	}
	return join(mounted, own, name);
}

/** ms after which a command is ended that hangs. */
const patience = 180_000;

const environment = ["PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER="];

export interface Outcome {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

export class Container {
	readonly #directory: string;
	#nspawn: ChildProcess;
	#guard: ChildProcess;
	#console = "";
	/** Process 1, by its id on this machine. */
	#first = 0;

	private constructor() {
		this.#directory = mkdtempSync(join(tmpdir(), "fsconfregger-nspawn-"));
		for (const part of ["root", "usr"]) {
			mkdirSync(join(this.#directory, part), { mode: 0o755 });
		}
		makeRoot(this.root);
		[this.#nspawn, this.#guard] = this.#launch();
	}

	#launch(): [nspawn: ChildProcess, guard: ChildProcess] {
		const node = realpathSync(process.execPath);
		const nspawn = spawn(
			"sh",
			[
				"-euc",
				inGroup,
				controlGroup(basename(this.#directory)),
				"systemd-nspawn",
				`--directory=${this.root}`,
				`--overlay=/usr:${join(this.#directory, "usr")}:/usr`,
				// The package needs Node.js where Debian installs it.
				...(node === "/usr/bin/node" ? [] : [`--bind-ro=${node}:/usr/bin/node`]),
				`--bind-ro=${fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")}:${checkout}`,
				`--machine=${basename(this.#directory)}`,
				..."--private-network --register=no --keep-unit --link-journal=no".split(" "),
				..."--resolv-conf=off --timezone=off --console=pipe --boot".split(" "),
			],
			// systemd needs cgroups of version 2, whatever the machine uses for itself.
			{ env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" }, stdio: ["ignore", "pipe", "pipe"] },
		);
		// In a session of its own, because a signal that ends this process may go to the whole terminal.
		const guarding = spawn("sh", ["-c", guard, "sh", String(nspawn.pid), this.#directory], {
			stdio: ["pipe", "ignore", "ignore"],
			detached: true,
		});
		for (const stream of [nspawn.stdout, nspawn.stderr]) {
			stream.setEncoding("utf8").on("data", (text: string) => {
				this.#console += text;
			});
		}
		return [nspawn, guarding];
	}

	/** Resolves when it has booted. */
	static async boot(): Promise<Container> {
		const container = new Container();
		try {
			await container.#booted();
		} catch (error) {
			await container.close();
			throw error;
		}
		return container;
	}

	/** Shuts it down in order, and resolves when it has booted again. */
	async reboot(): Promise<void> {
		const down = once(this.#nspawn, "close");
		// It may be shut down before the command has ended.
		await this.try("systemctl", "reboot");
		await down;
		const guarding = this.#guard;
		[this.#nspawn, this.#guard] = this.#launch();
		guarding.kill("SIGKILL");
		await this.#booted();
	}

	async #booted(): Promise<void> {
		await eventually(
			async () => {
				assert.equal(this.#nspawn.exitCode, null, `the container did not start:\n${this.#console}`);
				return this.#findFirst() && /^(running|degraded)/.test((await this.try("systemctl", "is-system-running")).out);
			},
			"the container has booted",
			{ describe: () => this.#console },
		);
	}

	/** Its root, as this machine sees it. /usr, /run and the like are not in it. */
	get root(): string {
		return join(this.#directory, "root");
	}

	/** Runs a command as root, and resolves however it ends. */
	async try(command: string, ...args: readonly string[]): Promise<Outcome> {
		return await new Promise((resolve) => {
			execFile(
				"nsenter",
				[`--target=${this.#first}`, "--all", "--", "env", "-i", ...environment, command, ...args],
				{ maxBuffer: 64 * 1_024 * 1_024, timeout: patience, killSignal: "SIGKILL" },
				(error, out, err) => {
					const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
					resolve({ code, out, err });
				},
			);
		});
	}

	/** Runs a command as root, and resolves with what it prints. @throws Error if it fails */
	async run(command: string, ...args: readonly string[]): Promise<string> {
		const { code, out, err } = await this.try(command, ...args);
		if (code !== 0) {
			throw new Error(`${[command, ...args].join(" ")} exited with ${code}:\n${out}${err}`);
		}
		return out;
	}

	/** Runs a script of the shell. @throws Error if it fails */
	async shell(script: string): Promise<string> {
		return await this.run("sh", "-euc", script);
	}

	/** Ends it and removes all of it. */
	async close(): Promise<void> {
		const ended = once(this.#guard, "close");
		this.#guard.stdin?.end();
		await ended;
	}

	#findFirst(): boolean {
		[this.#first = 0] = childrenOf(this.#nspawn.pid ?? 0);
		return commandLineOf(this.#first).includes("/systemd/systemd");
	}
}
