/** The built program as an administrator runs it: a process, with the shipped script, connected to the stand-in. */
import assert from "node:assert/strict";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { StandIn, type StandInOptions } from "../stand-in/stand-in.ts";
import { DaemonProcess, shippedScript } from "../support/daemon-process.ts";
import { isAlive } from "../support/processes.ts";
import { eventually } from "../support/until.ts";

const password = "event-socket-s3cret";
const sipPassword = "sip-s3cret";

let root: string;
let directory: string;
let standIn: StandIn | undefined;
let daemons: DaemonProcess[];

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "fsconfregger-"));
	directory = mkdtempSync(join(root, "external-"));
	daemons = [];
	standIn = undefined;
});

afterEach(async () => {
	await Promise.all(daemons.map((daemon) => daemon.kill()));
	await standIn?.close();
	rmSync(root, { recursive: true, force: true });
	for (const { output, errors } of daemons) {
		assert.ok(!(output + errors).includes("s3cret"), "no log holds a secret, whatever the test was about");
	}
});

/** A FreeSWITCH whose seconds last 100 ms. */
async function freeswitch(options: StandInOptions = {}): Promise<StandIn> {
	standIn = await StandIn.start({ password, directory, second: 100, ...options });
	return standIn;
}

function start(args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): DaemonProcess {
	const daemon = new DaemonProcess({
		args,
		environment: {
			EVENTSOCKET_HOST: "127.0.0.1",
			EVENTSOCKET_PORT: String(standIn?.port ?? 1),
			EVENTSOCKET_PASSWORD: password,
			GENERATOR_SCRIPT: shippedScript,
			SIP_REGISTRAR: "127.0.0.100",
			SIP_PASSWORD: sipPassword,
			GATEWAY_DIR: directory,
			LOG_LEVEL: "trace",
			LINGER: "0.5",
			...environment,
		},
	});
	daemons.push(daemon);
	return daemon;
}

/** Waits until callers reach exactly these rooms, and exactly their snippets lie in the directory. */
async function reached(node: StandIn, ...rooms: string[]): Promise<void> {
	const expected = [...rooms].sort().join(" ");
	await node.until(() => node.registrar.bindings().join(" ") === expected, `the bindings are: ${expected}`);
	// A snippet goes before its binding does, and comes before it.
	assert.deepEqual(
		readdirSync(directory).sort(),
		[...rooms].sort().map((room) => `conf_${room}.xml`),
	);
}

function script(name: string, ...lines: string[]): string {
	const path = join(root, name);
	writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
	return path;
}

/** A script that hangs with its child until it is repaired. */
function hangingScript(): { path: string; pids: () => number[]; repair: () => void } {
	const pids = join(root, "pids");
	const repaired = join(root, "repaired");
	const path = script(
		"hang",
		`[ -e ${repaired} ] && exec ${shippedScript} "$@"`,
		"trap '' TERM",
		"sleep 1000 &",
		`printf '%s\\n' $$ $! >>${pids}`,
		"wait",
	);
	return {
		path,
		pids: () => (existsSync(pids) ? readFileSync(pids, "utf8").trim().split("\n").map(Number) : []),
		repair: () => {
			writeFileSync(repaired, "");
		},
	};
}

describe("the daemon", () => {
	it("registers rooms as they start, and un-registers them after they have ended", async () => {
		const node = await freeswitch();
		const daemon = start();
		await daemon.said(/connected to FreeSWITCH 1\.10\.12-release~64bit at 127\.0\.0\.1:/);
		node.freeswitch.conferences.create("12345");
		node.freeswitch.conferences.create("07974");
		await reached(node, "07974", "12345");
		node.freeswitch.conferences.destroy("12345");
		await reached(node, "07974");
		await daemon.said(/room 12345 is un-registered/);
		assert.equal(await daemon.stop(), 0);
		await reached(node, "07974");
	});

	it("leaves a conference alone for whose name ROOM_PATTERN takes for ever, and says so once", async () => {
		const node = await freeswitch();
		const daemon = start([], { ROOM_PATTERN: "([0-9]+)+" });
		const slow = ["a", "b"].map((end) => "1".repeat(60) + end);
		for (const name of [...slow, "12345"]) {
			node.freeswitch.conferences.create(name);
		}
		await reached(node, "12345");
		await daemon.said(/^ROOM_PATTERN takes too long for the name 1+[ab], so neither that is a room/);
		node.freeswitch.conferences.destroy("12345");
		await reached(node);
		assert.equal(daemon.count(/takes too long/), 1);
		assert.equal(await daemon.stop(), 0);
	});

	it("converges when it is killed and started again", async () => {
		const node = await freeswitch();
		const first = start();
		node.freeswitch.conferences.create("1");
		node.freeswitch.conferences.create("2");
		await reached(node, "1", "2");
		await first.kill();
		node.freeswitch.conferences.destroy("1");
		node.freeswitch.conferences.create("3");
		const second = start();
		await reached(node, "2", "3");
		await second.said(/2 rooms are running, 1 registered already; 1 that ended unseen still has its gateway/);
	});

	it("registers rooms anew after it was started with other settings, and leaves them after it was started with the same", async () => {
		const node = await freeswitch();
		await start().said(/0 rooms are running/);
		node.freeswitch.conferences.create("1");
		node.freeswitch.conferences.create("2");
		await reached(node, "1", "2");
		const gateways = () => node.freeswitch.sofia.profile("external")?.gateways ?? [];
		const before = gateways();
		await daemons[0]?.stop();
		const same = start();
		await same.said(/2 rooms are running, 2 registered already/);
		await same.said(/sofia-generator.sh 2 ran/);
		assert.deepEqual(gateways(), before);
		await same.stop();
		const other = start([], { SIP_EXPIRES: "120" });
		await other.said(/rooms are registered with other settings than today's: 2 rooms are registered anew, one after/);
		await other.said(/reloaded: all rooms have the new settings/);
		await reached(node, "1", "2");
		assert.deepEqual(
			gateways().map(({ settings }) => settings.requestedSeconds),
			[120, 120],
		);
	});

	it("registers a room at two registrars, and un-registers it at both", async () => {
		const node = await freeswitch();
		const daemon = start([], { SIP_REGISTRAR: "127.0.0.100 127.0.0.101" });
		node.freeswitch.conferences.create("12345");
		const names = () => (node.freeswitch.sofia.profile("external")?.gateways ?? []).map(({ name }) => name).sort();
		await node.until(() => names().join(" ") === "conf_12345 conf_12345.2", "both gateways are loaded");
		await daemon.said(/room 12345 is registered/);
		node.freeswitch.conferences.destroy("12345");
		await node.until(() => names().length === 0, "both are gone");
		await reached(node);
	});

	it("has the snippets of all rooms removed as soon as FreeSWITCH is gone, and writes them again for those that run", async () => {
		const node = await freeswitch();
		const daemon = start();
		node.freeswitch.conferences.create("1");
		await reached(node, "1");
		await node.kill();
		await eventually(() => readdirSync(directory).length === 0, "no snippet lies in the directory");
		await node.start();
		node.freeswitch.conferences.create("1");
		await eventually(() => readdirSync(directory).join() === "conf_1.xml", "the snippet of the room that runs is back");
		await daemon.said(/room 1 is registered, after/);
	});

	it("reconnects after FreeSWITCH was killed, and after it was shut down", async () => {
		const node = await freeswitch();
		const daemon = start();
		node.freeswitch.conferences.create("1");
		await reached(node, "1");
		await node.kill();
		await daemon.said(/connection to FreeSWITCH lost: (closed|reset) by the other side/);
		await node.start();
		node.freeswitch.conferences.create("2");
		await reached(node, "2");
		await daemon.said(/connected to FreeSWITCH .*, after \d+\.\d s without/);
		await node.shutdown();
		await daemon.said(/connection to FreeSWITCH lost: The system is being shut down/);
		await node.start();
		node.freeswitch.conferences.create("3");
		await reached(node, "3");
	});

	it("has rooms that start in a burst registered with far fewer reloads than rooms, and lets them go again", async () => {
		const node = await freeswitch({ latencies: { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 } });
		await start().said(/rooms? (is|are) running/);
		const before = node.server.count(/^api reloadxml/);
		const rooms = Array.from({ length: 100 }, (_, index) => String(10_000 + index));
		for (const room of rooms) {
			node.freeswitch.conferences.create(room);
		}
		await reached(node, ...rooms);
		const reloads = node.server.count(/^api reloadxml/) - before;
		assert.ok(reloads <= rooms.length / 2, `${reloads} reloads`);
		for (const room of rooms) {
			node.freeswitch.conferences.destroy(room);
		}
		await reached(node);
	});

	it("ends a script that hangs, with its children, and registers the room once the script works", async () => {
		const node = await freeswitch();
		const { path, pids, repair } = hangingScript();
		const daemon = start(["-script", path, "-timeout", "0.5"]);
		node.freeswitch.conferences.create("1");
		await daemon.said(/room 1: .*hang 1 took longer than 0\.5 s and was ended; retrying/);
		await eventually(() => !pids().some(isAlive), "the script and its child have ended");
		repair();
		await reached(node, "1");
	});

	it("stops in time although its script hangs, and leaves no process behind", async () => {
		const node = await freeswitch();
		const { path, pids } = hangingScript();
		const daemon = start(["-script", path]);
		node.freeswitch.conferences.create("1");
		await eventually(() => pids().length === 2, "the script hangs");
		assert.equal(await daemon.stop(), 0);
		assert.deepEqual(pids().filter(isAlive), []);
	});

	it("logs the exit code and the last lines of a script that fails, with secrets masked", async () => {
		const node = await freeswitch();
		const daemon = start(["-script", script("fails", "set -x", 'echo "the password is $SIP_PASSWORD" >&2', "exit 3")]);
		node.freeswitch.conferences.create("1");
		await daemon.said(/room 1: .*fails 1 exited with 3: .*the password is \*\*\*.*; retrying/);
	});

	it("gives the script its environment, but neither the event socket's password nor what is systemd's", async () => {
		const node = await freeswitch();
		const dump = join(root, "dump");
		const systemds = { NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "60000000" };
		const path = script("dumps", `env >${dump}.new; mv ${dump}.new ${dump}`);
		const daemon = start(["-script", path], { ...systemds, SITE: "ours", PATH: "/usr/bin:/bin" });
		node.freeswitch.conferences.create("1");
		await eventually(() => existsSync(dump), "the script has run");
		const environment = readFileSync(dump, "utf8");
		assert.match(environment, /^SITE=ours$/m);
		assert.match(environment, new RegExp(`^SIP_PASSWORD=${sipPassword}$`, "m"));
		assert.doesNotMatch(environment, /EVENTSOCKET_PASSWORD|NOTIFY_SOCKET|WATCHDOG/);
		await daemon.said(/systemd cannot be told how the service is/);
	});

	for (const [what, options, args, words] of [
		[
			"password",
			{},
			["-espw", "wr0ng-s3cret"],
			/refused the password; EVENTSOCKET_PASSWORD must be the password in .*event_socket\.conf\.xml/,
		],
		["address", { allows: () => false }, [], /refused this host's address; look at apply-inbound-acl/],
	] as const) {
		it(`exits with a sentence when FreeSWITCH refuses the ${what} at the start`, async () => {
			await freeswitch(options);
			const daemon = start(args);
			assert.deepEqual(await daemon.ended(), { code: 1, signal: null });
			assert.equal(daemon.count(words), 1);
		});
	}

	it("exits when FreeSWITCH refuses the password later", async () => {
		const node = await freeswitch();
		const daemon = start();
		await daemon.said(/rooms? (is|are) running/);
		node.server.faults.on(/^auth/, { kind: "text", text: "-ERR invalid" });
		node.server.cut("RST");
		assert.deepEqual(await daemon.ended(), { code: 1, signal: null });
	});

	it("reads FreeSWITCH's own file at each attempt: missing, with a wrong password, with the right one", async () => {
		const conf = join(root, "event_socket.conf.xml");
		const write = (params: Readonly<Record<string, string>>) => {
			const lines = Object.entries(params).map(([name, value]) => `<param name="${name}" value="${value}"/>`);
			const text = `<configuration name="event_socket.conf"><settings>\n${lines.join("\n")}\n</settings></configuration>`;
			writeFileSync(`${conf}.new`, text);
			renameSync(`${conf}.new`, conf);
		};
		const node = await freeswitch();
		const params = { "listen-ip": "0.0.0.0", "listen-port": String(node.port) };
		const nothingSet = { EVENTSOCKET_HOST: "", EVENTSOCKET_PORT: "", EVENTSOCKET_PASSWORD: "" };
		const daemon = start(["-esconf", conf], nothingSet);
		await daemon.said(/event socket cannot be looked up in .*event_socket\.conf\.xml: it does not exist/);
		write({ ...params, password: "wr0ng-s3cret" });
		await daemon.said(/refused the password in .*event_socket\.conf\.xml; .*retrying/);
		write({ ...params, password });
		node.freeswitch.conferences.create("1");
		await reached(node, "1");
		await daemon.said(new RegExp(`connected to FreeSWITCH .* at 127\\.0\\.0\\.1:${node.port}`));
		assert.equal(daemon.records.filter(({ level }) => level === "error").length, 2);
		assert.equal(await daemon.stop(), 0);
	});

	it("accepts the command line of the Go daemon's unit file, and hides the password from the process list", async () => {
		const node = await freeswitch();
		const daemon = start(
			["-eshost", "127.0.0.1", "-esport", String(node.port), "-espw", password, "-script", shippedScript],
			{ EVENTSOCKET_HOST: "", EVENTSOCKET_PORT: "", EVENTSOCKET_PASSWORD: "", GENERATOR_SCRIPT: "" },
		);
		node.freeswitch.conferences.create("1");
		await reached(node, "1");
		const commandLine = readFileSync(`/proc/${daemon.pid}/cmdline`, "utf8");
		assert.match(commandLine, /^fsconfregger/);
		assert.doesNotMatch(commandLine, /s3cret/);
	});

	it("stops at SIGINT as at SIGTERM, and when nothing can be connected to", async () => {
		const node = await freeswitch();
		const connected = start();
		await connected.said(/rooms? (is|are) running/);
		connected.signal("SIGINT");
		assert.deepEqual(await connected.ended(), { code: 0, signal: null });
		await node.kill();
		const waiting = start();
		await waiting.said(/cannot reach/);
		assert.equal(await waiting.stop(), 0);
		assert.equal(waiting.count(/what is registered stays registered/), 1);
	});
});

describe("the daemon at SIGHUP", () => {
	it("registers all running rooms anew with what the settings file holds now, and warns if others can read it", async () => {
		const node = await freeswitch();
		const file = join(root, "settings");
		writeFileSync(file, `SIP_PASSWORD=${sipPassword}\nLINGER=0.5\n`);
		chmodSync(file, 0o644);
		const daemon = start([], { SETTINGS_FILE: file });
		await daemon.said(/settings holds passwords, and every local user has access to it \(mode 0644\)/);
		node.freeswitch.conferences.create("1");
		node.freeswitch.conferences.create("2");
		await reached(node, "1", "2");
		const loadedWith = () =>
			node.freeswitch.sofia
				.profile("external")
				?.gateways.map(({ settings }) => settings.password)
				.join() ?? "";
		assert.equal(loadedWith(), `${sipPassword},${sipPassword}`);
		writeFileSync(file, `SIP_PASSWORD='n"w-s3cret'\nLINGER=7\n`);
		chmodSync(file, 0o640);
		daemon.signal("SIGHUP");
		await daemon.said(/^reloading: 2 rooms are registered anew, one after the other$/);
		await daemon.said(/^LINGER in .*settings: such a change takes a restart/);
		await daemon.said(/^reloaded: all rooms have the new settings$/);
		await reached(node, "1", "2");
		assert.equal(loadedWith(), `n"w-s3cret,n"w-s3cret`);
		assert.equal(daemon.count(/holds passwords/), 1);
	});

	for (const [what, file, words] of [
		["cannot be read", "settings", /^the settings cannot be read again, so the old ones stay in force: .*ENOENT/],
		["is not named", "", /SETTINGS_FILE names no file/],
	] as const) {
		it(`says that a settings file ${what}, has all snippets written anew, and goes on`, async () => {
			const node = await freeswitch();
			writeFileSync(join(root, "settings"), "", { mode: 0o640 });
			const daemon = start([], { SETTINGS_FILE: file && join(root, file) });
			node.freeswitch.conferences.create("1");
			await reached(node, "1");
			rmSync(join(root, "settings"));
			daemon.signal("SIGHUP");
			await daemon.said(words);
			await daemon.said(/^reloaded/);
			await reached(node, "1");
			assert.equal(await daemon.stop(), 0);
		});
	}
});

describe("the daemon under systemd", () => {
	/** In place of systemd: a program systemd-notify that records what it is told. */
	function systemd(): { environment: Record<string, string>; told: () => string[]; status: () => string } {
		const record = join(root, "notices");
		writeFileSync(record, "");
		mkdirSync(join(root, "bin"));
		const told = () => readFileSync(record, "utf8").trim().split("\n");
		script("bin/systemd-notify", `for each; do printf '%s\\n' "$each" >>${record}; done`);
		return {
			environment: { PATH: `${join(root, "bin")}:${process.env["PATH"] ?? ""}`, NOTIFY_SOCKET: "/nowhere" },
			told,
			status: () => told().findLast((line) => line.startsWith("STATUS=")) ?? "",
		};
	}

	it("is ready once it has looked for FreeSWITCH, and keeps its status up to date", async () => {
		const node = await freeswitch();
		await node.kill();
		const { environment, told, status } = systemd();
		const daemon = start([], environment);
		await eventually(() => told().includes("READY=1"), "it is ready");
		const lost = `STATUS=cannot reach FreeSWITCH's event socket at 127.0.0.1:${node.port}: connection refused, nothing listens there; retrying`;
		await eventually(() => status() === lost, "the status tells that FreeSWITCH is away");
		await node.start();
		node.freeswitch.conferences.create("1");
		node.freeswitch.conferences.create("2");
		const all = "STATUS=connected to FreeSWITCH 1.10.12: 2 rooms running, 2 registered";
		await eventually(() => status() === all, "the status counts the rooms");
		assert.equal(await daemon.stop(), 0);
		assert.ok(told().includes("STOPPING=1"));
		assert.equal(status(), "STATUS=stopped; what is registered stays registered");
		assert.equal(told().filter((line) => line === "READY=1").length, 1);
		assert.ok(!told().some((line) => line.startsWith("WATCHDOG")));
	});

	it("pings the watchdog, also while FreeSWITCH is away", async () => {
		const node = await freeswitch();
		await node.kill();
		const { environment, told } = systemd();
		start([], { ...environment, WATCHDOG_USEC: "200000" });
		await eventually(() => told().filter((line) => line === "WATCHDOG=1").length > 5, "the watchdog is told");
	});

	it("leaves the cause in its status when it does not start: a bad setting, or a refused password", async () => {
		await freeswitch();
		const { environment, told, status } = systemd();
		const mistaken = start(["-linger", "soon"], environment);
		assert.equal((await mistaken.ended()).code, 2);
		assert.deepEqual(told(), ['STATUS=-linger must be a number of seconds from 0 to 3600, not "soon"']);
		const refused = start(["-espw", "wr0ng-s3cret"], environment);
		assert.equal((await refused.ended()).code, 1);
		assert.match(status(), /^STATUS=FreeSWITCH at .* refused the password; EVENTSOCKET_PASSWORD must be/);
		assert.ok(!told().includes("READY=1"));
	});
});

describe("the command line", () => {
	for (const [what, args, environment, code, out, err] of [
		["prints the version", ["-version"], {}, 0, /^fsconfregger \d+\.\d+\.\d+\n$/, /^$/],
		["prints the help", ["-h"], {}, 0, /-eshost host\n {4}\t.*\n {4}\t\(default "localhost", variable/, /^$/],
		["refuses a bad flag", ["-esport", "0"], {}, 2, /^$/, /^fsconfregger: -esport must be a port [^\n]+, not "0"\n$/],
		["refuses a bad variable", [], { LINGER: "soon" }, 2, /^$/, /^fsconfregger: LINGER must be [^\n]+, not "soon"\n$/],
	] as const) {
		it(`${what}, and ends with exit code ${code}`, async () => {
			const daemon = new DaemonProcess({ args, environment });
			assert.equal((await daemon.ended()).code, code);
			assert.match(daemon.output, out);
			assert.match(daemon.errors, err);
		});
	}
});
