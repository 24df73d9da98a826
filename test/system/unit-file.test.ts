/** What an administrator installs besides the program: the settings sample and the systemd unit. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { settings } from "../../src/config/settings.ts";
import { itNeeding } from "../support/needed-tool.ts";
import { top } from "./package.ts";

const shipped = (name: string) => readFileSync(join(top, name), "utf8");
const sample = shipped("fsconfregger.sample");
const unit = shipped("fsconfregger.service");

/** The sample's assignments: as they are, or those that are commented out. */
function assignments(mark: "" | "#"): Record<string, string> {
	const lines = sample.matchAll(new RegExp(`^${mark}(\\w+)=(.*)$`, "gm"));
	return Object.fromEntries([...lines].map(([, name, value]) => [name ?? "", value ?? ""] as const));
}

describe("the settings sample", () => {
	it("shows the default of every optional setting, and leaves the others to be filled in", () => {
		assert.deepEqual(assignments(""), {
			// The script refuses both placeholders.
			SIP_REGISTRAR: "sip.example.org",
			SIP_PASSWORD: "change-me",
			[settings.conf.variable]: "/opt/freeswitch/etc/freeswitch/autoload_configs/event_socket.conf.xml",
			[settings.script.variable]: "/usr/local/sbin/sofia-generator.sh",
		});
		const optional = Object.values(settings).filter(({ variable }) => !(variable in assignments("")));
		const ofDaemon = optional.map(({ variable, byDefault }) => [variable, byDefault] as const);
		const inScript = [...shipped("sofia-generator.sh").matchAll(/\$\{(\w+):-([^}]+)\}/g)];
		assert.equal(inScript.length, 3);
		const ofScript = inScript.map(([, name = "", value = ""]) => [name, value] as const);
		assert.deepEqual(assignments("#"), Object.fromEntries([...ofScript, ...ofDaemon]));
	});

	it("explains every setting above it or above its group, and has nothing behind a value", () => {
		for (const line of sample.split("\n")) {
			assert.match(line, /^(?:#?[A-Z_]+=[^\s"'\\]*|# .*|#|)$/);
		}
		for (const name of Object.keys({ ...assignments(""), ...assignments("#") })) {
			assert.match(sample, new RegExp(`^# .*\\n(?:\\n|#?[A-Z_]+=.*\\n)*#?${name}=`, "m"));
		}
	});
});

/** What no test in a container shows: all lines of the unit with these keys. */
const promises: readonly [title: string, ...lines: string[]][] = [
	["has its settings in a file", "EnvironmentFile=-/etc/default/fsconfregger"],
	["tells the daemon where its settings are", "Environment=SETTINGS_FILE=/etc/default/fsconfregger"],
	["starts what an installation by hand installs", "ExecStart=/usr/local/sbin/fsconfregger"],
	// The daemon pings twice in that time, and notices a part that hangs after 20 s.
	["ends a daemon that hangs", "WatchdogSec=60"],
	["writes no passwords to the disk when it ends a daemon", "WatchdogSignal=SIGKILL", "LimitCORE=0"],
	["starts after FreeSWITCH at boot", "After=freeswitch.service"],
	["restarts the daemon after every failure, for ever", "StartLimitIntervalSec=0", "Restart=always"],
	["does not restart a daemon with wrong settings", "RestartPreventExitStatus=2 216 217"],
	[
		"allows writing to the profiles' directory, by both of its names, and nowhere else",
		"ReadWritePaths=-/opt/freeswitch/etc/freeswitch/sip_profiles",
		"ReadWritePaths=-/opt/freeswitch/conf/sip_profiles",
		"ProtectSystem=strict",
	],
	["reloads without a program that its package would have to depend on", "ExecReload=/bin/sh -c 'kill -HUP $$MAINPID'"],
	["lets Node.js compile", "MemoryDenyWriteExecute=no"],
];

describe("the systemd unit", () => {
	const keyOf = (line: string) => line.split("=")[0];

	for (const [title, ...lines] of promises) {
		it(title, () => {
			const keys = lines.map(keyOf);
			const found = unit.split("\n").filter((line) => keys.includes(keyOf(line)));
			assert.deepEqual(found, lines);
		});
	}

	it("is neither started nor stopped with FreeSWITCH, and leaves its shared memory alone", () => {
		assert.doesNotMatch(unit, /^(PartOf|BindsTo|Requires|Requisite|Wants|StopPropagatedFrom|RemoveIPC)=/m);
	});

	it("holds no password, since every local user can read it", () => {
		assert.doesNotMatch(unit, /ClueCon|espw|_PASSWORD/);
		assert.ok(sample.includes("# Installed as /etc/default/fsconfregger, root:daemon with mode 0640,"));
	});

	itNeeding(["systemd-analyze"], "passes systemd's own check, unknown keys included", (analyze = "") => {
		const directory = mkdtempSync(join(tmpdir(), "unit-"));
		const file = join(directory, "fsconfregger.service");
		const verify = (text: string) => {
			// The program must exist for this check, and need not be installed here.
			writeFileSync(file, text.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath}`));
			const args = ["verify", "--man=no", "--recursive-errors=no", file];
			const { status, stderr } = spawnSync(analyze, args, { encoding: "utf8" });
			return { status, stderr };
		};
		try {
			assert.deepEqual(verify(unit), { status: 0, stderr: "" });
			assert.notEqual(verify(unit.replace("KillMode=", "KilMode=")).status, 0);
		} finally {
			rmSync(directory, { recursive: true });
		}
	});

	itNeeding(["systemd-analyze"], "leaves the daemon little to do harm with: an exposure of 1.5", (analyze = "") => {
		const exposure = (tenths: number) => {
			const args = ["security", "--offline=true", `--threshold=${tenths}`, join(top, "fsconfregger.service")];
			return spawnSync(analyze, args).status;
		};
		assert.equal(exposure(15), 0);
		assert.notEqual(exposure(5), 0, "the check itself tells the difference");
	});
});
