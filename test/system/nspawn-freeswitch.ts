/**
 * FreeSWITCH in the container: the stand-in as freeswitch.service, run by the user freeswitch, with the password of
 * event_socket.conf.xml. Orders and reports go through files in the container.
 */
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Order, Report } from "../stand-in/protocol.ts";
import { eventually } from "../support/until.ts";
import { type Container, checkout } from "./nspawn.ts";
import { configuration, freeswitchGroup, freeswitchUser, snippets } from "./nspawn-root.ts";

export const eventSocketConf = `${configuration}/autoload_configs/event_socket.conf.xml`;

const wire = "/var/lib/stand-in";

const unit = `[Unit]
Description=The stand-in for FreeSWITCH
StartLimitIntervalSec=0

[Service]
User=freeswitch
Group=daemon
WorkingDirectory=${checkout}
StandardInput=file:${wire}/orders
StandardOutput=append:${wire}/reports
StandardError=journal
ExecStart=/bin/sh ${wire}/start
Restart=always

[Install]
WantedBy=multi-user.target
`;

const start = `STAND_IN_PASSWORD=$(sed -n 's/.*name="password" value="\\([^"]*\\).*/\\1/p' ${eventSocketConf})
export STAND_IN_PASSWORD
exec node --import tsx test/stand-in/process.ts --port 8021 --directory ${snippets} --second 100
`;

export class ContainedFreeSwitch {
	readonly #container: Container;
	readonly #orders: number;
	/** How many orders the process that runs has been given. */
	#given = 0;

	/** Installs it, and does not start it. */
	constructor(container: Container) {
		this.#container = container;
		const directory = join(container.root, wire);
		mkdirSync(directory);
		writeFileSync(join(directory, "start"), start);
		writeFileSync(join(directory, "reports"), "");
		execFileSync("mkfifo", [join(directory, "orders")]);
		for (const path of ["orders", "reports"]) {
			chownSync(join(directory, path), freeswitchUser, freeswitchGroup);
		}
		// Open at both ends, so that opening does not wait for a reader.
		this.#orders = openSync(join(directory, "orders"), "r+");
		writeFileSync(join(container.root, "/etc/systemd/system/freeswitch.service"), unit);
		this.password = "ClueCon";
	}

	/** Writes the password into FreeSWITCH's configuration; it counts from the next start on. */
	set password(password: string) {
		const path = join(this.#container.root, eventSocketConf);
		const parameters = { "listen-ip": "127.0.0.1", "listen-port": "8021", password };
		const lines = Object.entries(parameters).map(([name, value]) => `<param name="${name}" value="${value}"/>`);
		const settings = ["<settings>", ...lines, "</settings>"].join("\n");
		writeFileSync(path, `<configuration name="event_socket.conf">\n${settings}\n</configuration>\n`, { mode: 0o640 });
		chownSync(path, freeswitchUser, freeswitchGroup);
	}

	/** Rooms that were un-registered since its last start. */
	get unregistered(): string[] {
		return this.#latest.flatMap((report) =>
			report.report === "register" && report.expires === 0 ? [report.user] : [],
		);
	}

	/** What it has reported in all its runs. */
	get #reports(): Report[] {
		const lines = readFileSync(join(this.#container.root, wire, "reports"), "utf8").split("\n");
		// What follows the last line break is not complete yet.
		return lines.slice(0, -1).map((line) => JSON.parse(line) as Report);
	}

	/** What it has reported since its last start. */
	get #latest(): Report[] {
		const reports = this.#reports;
		return reports.slice(reports.findLastIndex(({ report }) => report === "listening"));
	}

	/** Starts it, or stops it and starts it again; resolves when it listens. */
	async restart(): Promise<void> {
		await this.startedBy(async () => {
			await this.#container.run("systemctl", "daemon-reload");
			await this.#container.run("systemctl", "restart", "freeswitch");
		});
	}

	/** Kills it, and resolves when systemd has started it again and it listens. */
	async crash(): Promise<void> {
		await this.startedBy(() => this.#container.run("systemctl", "kill", "--signal=KILL", "freeswitch"));
	}

	/** Does what starts it, and resolves when it listens. */
	async startedBy(deed: () => Promise<unknown>): Promise<void> {
		const starts = () => this.#reports.filter(({ report }) => report === "listening").length;
		const before = starts();
		this.#given = 0;
		await deed();
		await eventually(() => starts() > before, "the stand-in listens");
	}

	/** The names of the gateways that it has loaded. */
	async gateways(): Promise<string[]> {
		const [, list = ""] = /^gateways: (.*)$/m.exec(await this.order("state")) ?? [];
		return [...list.matchAll(/([^ ]+) [A-Z_]+/g)].map(([, name = ""]) => name).sort();
	}

	/** Has an order carried out, and resolves with its answer. @throws Error if it fails */
	async order(what: Order["do"], ...rooms: readonly string[]): Promise<string> {
		this.#given += 1;
		writeSync(this.#orders, `${JSON.stringify({ do: what, rooms })}\n`);
		const outcome = () => this.#latest.find((report) => "order" in report && report.order === this.#given);
		await eventually(() => outcome() !== undefined, `the stand-in has done: ${what} ${rooms.join(" ")}`);
		const report = outcome();
		if (report?.report !== "done") {
			throw new Error(report?.report === "failed" ? report.error : "the stand-in has ended");
		}
		return report.answer;
	}

	/** Resolves when callers reach exactly these rooms, and the snippet of each exists. */
	async reached(...rooms: readonly string[]): Promise<void> {
		const wanted = `bindings: ${[...rooms].sort().join(" ")}`;
		let state = "";
		await eventually(
			async () => {
				state = await this.order("state");
				const exists = (room: string) => existsSync(join(this.#container.root, snippets, `conf_${room}.xml`));
				return rooms.every(exists) && state.split("\n").includes(wanted);
			},
			wanted,
			{ describe: () => state },
		);
	}

	close(): void {
		closeSync(this.#orders);
	}
}
