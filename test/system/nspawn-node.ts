/** A node of the cluster in a container: FreeSWITCH's stand-in, the package built from this checkout, and the daemon's unit. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { adviceOn, itUnless } from "../support/needed-tool.ts";
import { eventually } from "../support/until.ts";
import { Container, type Outcome } from "./nspawn.ts";
import { ContainedFreeSwitch } from "./nspawn-freeswitch.ts";
import { snippets } from "./nspawn-root.ts";
import { buildPackage } from "./package.ts";

export const settingsFile = "/etc/default/fsconfregger";
export const shippedScript = "/etc/fsconfregger/sofia-generator.sh";
export const registrar = "127.0.0.100";
/** Tests look for both where they must not be. */
export const sipPassword = "sip-s3cret";
const eventSocketPassword = "event-socket-s3cret";

const unitName = "fsconfregger.service";
const clearUnitName = "fsconfregger-clear.service";
/** The settings as they were installed. */
const pristine = "/var/cache/pristine-settings";
const packages = "/var/cache/packages";

const tools = adviceOn(["systemd-nspawn", "nsenter", "setpriv", "pkill", "dpkg-deb"]);
const root = process.getuid?.() === 0 ? "" : "it makes a container, for which it must be run as root (sudo)";
const advice = [tools, root].filter((words) => words !== "").join(", ");

/**
 * A node that the tests of a file share.
 * @param installed whether it has the package, and is as good as new before each test
 * @returns `it()`, whose test is given the node
 */
export function sharedNode(
	installed: "installed" | "not installed",
): (title: string, test: (node: Node) => Promise<void>) => void {
	let node: Node | undefined;
	before(async () => {
		if (advice !== "") {
			return;
		}
		node = new Node(await Container.boot());
		// The machine that lends its /usr may forbid its packages to start anything.
		await node.container.run("rm", "-f", "/usr/sbin/policy-rc.d");
		if (installed === "installed") {
			await node.install();
			await node.container.run("cp", "--preserve", settingsFile, pristine);
		}
	});
	beforeEach(async () => {
		if (installed === "installed") {
			await node?.reset();
		}
	});
	after(() => node?.close());
	return (title, test) => {
		itUnless(advice, title, async () => {
			assert.ok(node !== undefined);
			await test(node);
		});
	};
}

/** A line of the journal, as far as tests look at it. */
export interface JournalEntry {
	readonly MESSAGE: string;
	/** As syslog has it: 3 error, 4 warning, 6 info, 7 debug. */
	readonly PRIORITY: string;
	/** The unit's process, or systemd's own. */
	readonly _COMM?: string;
}

export class Node {
	readonly container: Container;
	readonly freeswitch: ContainedFreeSwitch;
	/** How many lines of the journal are older than the last reset. */
	#past = 0;

	/** Without the package, and with FreeSWITCH down. */
	constructor(container: Container) {
		this.container = container;
		this.freeswitch = new ContainedFreeSwitch(container);
	}

	/** Builds and installs the package, and resolves with all that this prints. */
	async install(version: string = manifest.version): Promise<string> {
		mkdirSync(this.path(packages), { recursive: true });
		buildPackage(this.path(packages), version);
		return await this.container.shell(`dpkg --force-confold --install ${packages}/*_${version}_all.deb 2>&1`);
	}

	/** A path outside of /usr and /run, as this machine sees it. */
	path(path: string): string {
		return join(this.container.root, path);
	}

	read(path: string): string {
		return readFileSync(this.path(path), "utf8");
	}

	/** Owner and mode of an existing file stay. */
	write(path: string, text: string): void {
		writeFileSync(this.path(path), text);
	}

	/** Writes a script in place of the shipped one. */
	script(...lines: readonly string[]): string {
		const path = "/opt/script";
		this.write(path, ["#!/bin/sh", ...lines, ""].join("\n"));
		chmodSync(this.path(path), 0o755);
		return path;
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

	/** Sets what must be set; LINGER is short, and the log is complete. */
	fillIn(): void {
		this.set({ SIP_REGISTRAR: registrar, SIP_PASSWORD: sipPassword, LINGER: "0.5", LOG_LEVEL: "trace" });
	}

	/** As after the first installation, filled in; FreeSWITCH is down, and no room was ever seen. */
	async reset(): Promise<void> {
		await this.systemctl("stop", unitName, "freeswitch");
		await this.systemctl("reset-failed", unitName, clearUnitName);
		await this.container.shell(
			`rm -rf /run/systemd/system/${unitName}.d /etc/systemd/system/${clearUnitName}; find ${snippets} -type f -delete; cp ${pristine} ${settingsFile}; systemctl daemon-reload`,
		);
		this.freeswitch.password = eventSocketPassword;
		this.fillIn();
		await this.forgetJournal();
	}

	/** Has `journal` and `said` pass over what the journal holds so far. */
	async forgetJournal(): Promise<void> {
		this.#past += (await this.journal()).length;
	}

	/** Changes the daemon's unit until the next reset, as `systemctl edit --runtime` does. */
	async edit(lines: string): Promise<void> {
		const directory = `/run/systemd/system/${unitName}.d`;
		await this.container.shell(
			`mkdir -p ${directory}; printf '%s\\n' '[Service]' '${lines}' >${directory}/test.conf; systemctl daemon-reload`,
		);
	}

	/** Shuts the node down and boots it; resolves when FreeSWITCH listens. */
	async reboot(): Promise<void> {
		await this.freeswitch.startedBy(() => this.container.reboot());
		this.#past = 0;
	}

	/** Starts the daemon. @throws Error if systemd says that it has failed, with what the journal says */
	async start(how: "start" | "restart" = "start"): Promise<void> {
		const { code, err } = await this.systemctl(how, unitName);
		if (code !== 0) {
			const last = (await this.journal()).slice(-15).map(({ MESSAGE }) => MESSAGE);
			throw new Error([err, ...last].join("\n"));
		}
	}

	/** Starts FreeSWITCH and the daemon, and has rooms running. */
	async startAmid(...rooms: readonly string[]): Promise<void> {
		await this.freeswitch.restart();
		await this.start();
		await this.freeswitch.order("create", ...rooms);
	}

	/** Starts FreeSWITCH and the daemon, and has rooms running and registered. */
	async startWith(...rooms: readonly string[]): Promise<void> {
		await this.startAmid(...rooms);
		await this.freeswitch.reached(...rooms);
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

	/** The journal of the daemon's unit. */
	async journal(): Promise<JournalEntry[]> {
		await this.container.run("journalctl", "--sync");
		const lines = await this.container.run("journalctl", "--unit", unitName, "--output=json");
		const entries = lines.split("\n").slice(this.#past, -1);
		return entries.map((line) => JSON.parse(line) as JournalEntry);
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
