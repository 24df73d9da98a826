/** A node of the cluster in a container: FreeSWITCH's stand-in, the package built from this checkout, and the daemon's unit. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach } from "node:test";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { adviceOn, itUnless } from "../support/needed-tool.ts";
import { eventually } from "../support/until.ts";
import { Container, type Outcome } from "./nspawn.ts";
import { ContainedFreeSwitch } from "./nspawn-freeswitch.ts";
import { snippets } from "./nspawn-root.ts";

export const settingsFile = "/etc/default/fsconfregger";
export const unitName = "fsconfregger.service";

export const shippedScript = "/etc/fsconfregger/sofia-generator.sh";
export const registrar = "127.0.0.100";
/** Both are looked for where they must not be. */
export const sipPassword = "sip-s3cret";
export const eventSocketPassword = "event-socket-s3cret";

const top = fileURLToPath(new URL("../..", import.meta.url));
/** The settings as they were installed. */
const pristine = "/var/cache/pristine-settings";
const packages = "/var/cache/packages";

const advice = [
	adviceOn(["systemd-nspawn", "nsenter", "setpriv", "pkill", "dpkg-deb"]),
	process.getuid?.() === 0 ? "" : "it makes a container, for which it must be run as root (sudo)",
]
	.filter((words) => words !== "")
	.join(", ");

/** A test that needs a container. */
export function itInContainer(title: string, test: () => Promise<void>): void {
	itUnless(advice, title, test);
}

/** What a test file begins with: a node if there can be one. Without one its tests are not run. */
export async function nodeIfPossible(): Promise<Node | undefined> {
	return advice === "" ? await Node.boot() : undefined;
}

/**
 * Has all tests of a file share a node with the package, which is as good as new before each.
 * @param given called with it before the first test
 */
export function shareNode(given: (node: Node) => void): void {
	let node: Node | undefined;
	before(async () => {
		node = await nodeIfPossible();
		if (node !== undefined) {
			given(node);
			await node.prepare();
		}
	});
	beforeEach(async () => {
		await node?.reset();
	});
	after(async () => {
		await node?.close();
	});
}

/** A line of the journal, as far as tests look at it. */
export interface JournalEntry {
	readonly MESSAGE: string;
	/** As syslog has it: 3 error, 4 warning, 6 info, 7 debug. */
	readonly PRIORITY: string;
	readonly _PID: string;
	/** The unit, or systemd itself speaking of it. */
	readonly _COMM?: string;
}

export class Node {
	readonly container: Container;
	readonly freeswitch: ContainedFreeSwitch;
	/** How many lines of the journal are of the past. */
	#past = 0;

	private constructor(container: Container) {
		this.container = container;
		this.freeswitch = new ContainedFreeSwitch(container);
	}

	/** A node without the package, whose FreeSWITCH does not run. */
	static async boot(): Promise<Node> {
		const container = await Container.boot();
		try {
			// The machine that lends its /usr may forbid its packages to start anything.
			await container.run("rm", "-f", "/usr/sbin/policy-rc.d");
			return new Node(container);
		} catch (error) {
			await container.close();
			throw error;
		}
	}

	/** Builds the package, and resolves with its path in the container. */
	build(version: string = manifest.version): string {
		const output = join(this.container.root, packages);
		mkdirSync(output, { recursive: true });
		execFileSync(process.execPath, ["--import", "tsx", join(top, "packaging/build.ts"), output, version], {
			cwd: top,
			stdio: ["ignore", "ignore", "inherit"],
		});
		return `${packages}/fsconfregger_${version}_all.deb`;
	}

	/** Installs the package or another version of it, and resolves with all that this prints. */
	async install(version?: string): Promise<string> {
		return await this.container.shell(`dpkg --force-confold --install ${this.build(version)} 2>&1`);
	}

	/** Installs the package, whose settings `reset` begins with. */
	async prepare(): Promise<void> {
		await this.install();
		await this.container.run("cp", "--preserve", settingsFile, pristine);
	}

	/** Sets lines of the settings file, commented out or not, as an administrator does. */
	set(values: Readonly<Record<string, string>>): void {
		let text = this.read(settingsFile);
		for (const [name, value] of Object.entries(values)) {
			const line = new RegExp(`^#?${name}=.*$`, "m");
			text = line.test(text) ? text.replace(line, () => `${name}=${value}`) : `${text}${name}=${value}\n`;
		}
		this.write(settingsFile, text);
	}

	/** Of a file outside of /usr and /run. */
	read(path: string): string {
		return readFileSync(join(this.container.root, path), "utf8");
	}

	/**
	 * As after the first installation, filled in; with FreeSWITCH down, and no room ever seen. LINGER is short, and the log
	 * has all that there is.
	 */
	async reset(values: Readonly<Record<string, string>> = {}): Promise<void> {
		await this.systemctl("stop", unitName, "freeswitch");
		await this.systemctl("reset-failed", unitName);
		await this.container.shell(
			`rm -rf /run/systemd/system/${unitName}.d; find ${snippets} -type f -delete; cp ${pristine} ${settingsFile}; systemctl daemon-reload`,
		);
		this.freeswitch.password = eventSocketPassword;
		this.set({ SIP_REGISTRAR: registrar, SIP_PASSWORD: sipPassword, LINGER: "0.5", LOG_LEVEL: "trace", ...values });
		await this.turnPage();
	}

	/** Leaves what the journal has so far to the past. */
	async turnPage(): Promise<void> {
		this.#past += (await this.journal()).length;
	}

	/** Changes the daemon's unit until the next reset, as `systemctl edit --runtime` does. */
	async edit(lines: string): Promise<void> {
		const directory = `/run/systemd/system/${unitName}.d`;
		await this.container.shell(
			`mkdir -p ${directory}; printf '%s\\n' '[Service]' '${lines}' >${directory}/test.conf; systemctl daemon-reload`,
		);
	}

	/** Starts the daemon. @throws Error if systemd says that it has failed, with what the journal says */
	async start(how: "start" | "restart" = "start"): Promise<void> {
		const { code, err } = await this.systemctl(how, unitName);
		if (code !== 0) {
			const last = (await this.journal()).slice(-15).map(({ MESSAGE }) => MESSAGE);
			throw new Error([err, ...last].join("\n"));
		}
	}

	/** Starts FreeSWITCH and the daemon, and has rooms running and registered. */
	async startWith(...rooms: readonly string[]): Promise<void> {
		await this.freeswitch.restart();
		await this.start();
		await this.freeswitch.order({ do: "create", rooms });
		await this.freeswitch.reached(...rooms);
	}

	/** Writes a script in place of the shipped one. */
	script(...lines: readonly string[]): string {
		const path = "/opt/script";
		this.write(path, ["#!/bin/sh", ...lines, ""].join("\n"));
		chmodSync(join(this.container.root, path), 0o755);
		return path;
	}

	/** Like `read`. Owner and mode stay if the file is there already. */
	write(path: string, text: string): void {
		writeFileSync(join(this.container.root, path), text);
	}

	async systemctl(...args: readonly string[]): Promise<Outcome> {
		return await this.container.try("systemctl", ...args);
	}

	/** A property of the daemon's unit. */
	async property(name: string): Promise<string> {
		return (await this.container.run("systemctl", "show", `--property=${name}`, "--value", unitName)).trim();
	}

	/** Resolves when a property of the daemon's unit matches. */
	async becomes(property: string, pattern: RegExp): Promise<void> {
		let value = "";
		await eventually(
			async () => {
				value = await this.property(property);
				return pattern.test(value);
			},
			`${property} matches ${String(pattern)}`,
			{ describe: () => `it is ${value}` },
		);
	}

	/** The journal of the daemon's unit, since the node was booted or reset. */
	async journal(): Promise<JournalEntry[]> {
		await this.container.run("journalctl", "--sync");
		const lines = await this.container.run("journalctl", "--unit", unitName, "--output=json");
		return lines
			.trim()
			.split("\n")
			.filter((line) => line !== "")
			.slice(this.#past)
			.map((line) => JSON.parse(line) as JournalEntry);
	}

	/** Resolves with the first line of the journal that matches. */
	async said(pattern: RegExp): Promise<JournalEntry> {
		let entries: JournalEntry[] = [];
		const find = () => entries.find(({ MESSAGE }) => pattern.test(MESSAGE));
		await eventually(
			async () => {
				entries = await this.journal();
				return find() !== undefined;
			},
			`the journal says ${String(pattern)}`,
			{ describe: () => entries.map(({ MESSAGE }) => MESSAGE).join("\n") },
		);
		return find() as JournalEntry;
	}

	async close(): Promise<void> {
		this.freeswitch.close();
		await this.container.close();
	}
}
