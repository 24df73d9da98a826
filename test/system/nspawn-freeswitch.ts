/**
 * FreeSWITCH in the container: the stand-in as freeswitch.service, run by the user freeswitch, with the password that stands
 * in event_socket.conf.xml. Orders and reports go through files in the container.
 */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	chownSync,
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readFileSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Order, Report } from "../stand-in/protocol.ts";
import { eventually } from "../support/until.ts";
import { type Container, checkout } from "./nspawn.ts";
import { configuration, freeswitchGroup, freeswitchUser, snippets } from "./nspawn-root.ts";

export const eventSocketConf = `${configuration}/autoload_configs/event_socket.conf.xml`;

const wire = "/var/lib/stand-in";

const unit = `[Unit]
Description=The stand-in for FreeSWITCH

[Service]
User=freeswitch
Group=daemon
WorkingDirectory=${checkout}
StandardInput=file:${wire}/orders
StandardOutput=append:${wire}/reports
StandardError=journal
ExecStart=/bin/sh ${wire}/start
`;

const start = `STAND_IN_PASSWORD=$(sed -n 's/.*name="password" value="\\([^"]*\\).*/\\1/p' ${eventSocketConf})
export STAND_IN_PASSWORD
exec node --import tsx test/stand-in/process.ts --port 8021 --directory ${snippets} --second 100
`;

export class ContainedFreeSwitch {
	readonly #container: Container;
	readonly #orders: number;
	#numbers = 0;

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
		// Open for both, so that nobody waits for the other side.
		this.#orders = openSync(join(directory, "orders"), "r+");
		writeFileSync(join(container.root, "/etc/systemd/system/freeswitch.service"), unit);
		this.password = "ClueCon";
	}

	/** Writes the password into FreeSWITCH's configuration, to be used from its next start on. */
	set password(password: string) {
		const path = join(this.#container.root, eventSocketConf);
		const parameters = { "nat-map": "false", "listen-ip": "127.0.0.1", "listen-port": "8021", password };
		const lines = Object.entries(parameters).map(([name, value]) => `    <param name="${name}" value="${value}"/>`);
		const text = `<configuration name="event_socket.conf" description="Socket Client">\n  <settings>\n${lines.join("\n")}\n  </settings>\n</configuration>\n`;
		writeFileSync(path, text);
		chmodSync(path, 0o640);
		chownSync(path, freeswitchUser, freeswitchGroup);
	}

	/** All that it has told, over all its starts. */
	get reports(): Report[] {
		const text = readFileSync(join(this.#container.root, wire, "reports"), "utf8");
		// What has no line break yet is not written to its end.
		const whole = text.slice(0, text.lastIndexOf("\n") + 1).trim();
		return whole === "" ? [] : whole.split("\n").map((line) => JSON.parse(line) as Report);
	}

	/** Rooms that were un-registered since its last start. */
	get unregistered(): string[] {
		return this.#latest.flatMap((report) =>
			report.report === "register" && report.expires === 0 ? [report.user] : [],
		);
	}

	get #latest(): Report[] {
		const { reports } = this;
		return reports.slice(reports.findLastIndex(({ report }) => report === "listening"));
	}

	/** Starts it, or ends it at one blow and starts it again; resolves when it listens. */
	async restart(): Promise<void> {
		const starts = () => this.reports.filter(({ report }) => report === "listening").length;
		const before = starts();
		this.#numbers = 0;
		await this.#container.run("systemctl", "daemon-reload");
		await this.#container.run("systemctl", "restart", "freeswitch");
		await eventually(() => starts() > before, "the stand-in listens", {
			describe: () => JSON.stringify(this.reports.slice(-5)),
		});
	}

	async stop(): Promise<void> {
		await this.#container.run("systemctl", "stop", "freeswitch");
	}

	/** Has an order carried out, and resolves with its answer. @throws Error if it fails */
	async order(order: Order): Promise<string> {
		this.#numbers += 1;
		writeSync(this.#orders, `${JSON.stringify(order)}\n`);
		const outcome = () =>
			this.#latest.find(
				(report) => (report.report === "done" || report.report === "failed") && report.order === this.#numbers,
			);
		await eventually(() => outcome() !== undefined, `the stand-in has carried out ${JSON.stringify(order)}`);
		const report = outcome();
		if (report?.report !== "done") {
			throw new Error(report?.report === "failed" ? report.error : "the stand-in has ended");
		}
		return report.answer;
	}

	/** Resolves when callers reach exactly these rooms, and exactly their snippets lie in the directory. */
	async reached(...rooms: string[]): Promise<void> {
		const wanted = `bindings: ${[...rooms].sort().join(" ")}`;
		let state = "";
		await eventually(
			async () => {
				state = await this.order({ do: "state" });
				const there = rooms.every((room) => existsSync(join(this.#container.root, snippets, `conf_${room}.xml`)));
				return there && state.split("\n").includes(wanted);
			},
			wanted,
			{ describe: () => state },
		);
	}

	close(): void {
		closeSync(this.#orders);
	}
}
