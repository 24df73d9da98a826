/** What an administrator installs besides the program: the settings sample and the systemd unit. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { settings } from "../../src/config/settings.ts";
import { itNeeding } from "../support/needed-tool.ts";

const shipped = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const sample = readFileSync(shipped("fsconfregger.sample"), "utf8");
const unit = readFileSync(shipped("fsconfregger.service"), "utf8");
const script = readFileSync(shipped("sofia-generator.sh"), "utf8");

const placeholders = { SIP_REGISTRAR: "sip.example.org", SIP_PASSWORD: "change-me" };
const filledIn = {
	...placeholders,
	EVENTSOCKET_CONF: "/opt/freeswitch/etc/freeswitch/autoload_configs/event_socket.conf.xml",
	GENERATOR_SCRIPT: "/usr/local/sbin/sofia-generator.sh",
};

/** What is commented out in the sample. */
const defaults = {
	SIP_TRANSPORT: "tcp",
	SIP_EXPIRES: "60",
	GATEWAY_DIR: "/opt/freeswitch/conf/sip_profiles/external",
	EVENTSOCKET_HOST: "localhost",
	EVENTSOCKET_PORT: "8021",
	EVENTSOCKET_PASSWORD: "ClueCon",
	SOFIA_PROFILE: "external",
	ROOM_PATTERN: "[0-9]+",
	LINGER: "5",
	RESYNC: "30",
	GENERATOR_TIMEOUT: "10",
	LOG_LEVEL: "info",
};

/** The assignments in a text whose lines begin with `mark`. */
function assignments(text: string, mark: "" | "#"): Record<string, string> {
	const lines = text.matchAll(new RegExp(`^${mark}(\\w+)=(.*)$`, "gm"));
	return Object.fromEntries([...lines].map(([, name, value]) => [name ?? "", value ?? ""] as const));
}

/** All values of a key in the unit, in their order. */
const inUnit = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value);

describe("the settings sample", () => {
	it("names every setting, shows its default, and leaves only what must be set to be filled in", () => {
		assert.deepEqual(assignments(sample, ""), filledIn);
		assert.deepEqual(assignments(sample, "#"), defaults);
	});

	it("explains every setting above it or above its group, and has nothing behind a value", () => {
		for (const block of sample.split(/\n\n+/)) {
			for (const line of block.split("\n")) {
				assert.match(line, /^(?:#?[A-Z_]+=[^\s"'\\]*|# .*|#|)$/);
			}
		}
		for (const name of [...Object.keys(filledIn), ...Object.keys(defaults)]) {
			assert.match(sample, new RegExp(`^# .*\\n(?:\\n|#?[A-Z_]+=.*\\n)*#?${name}=`, "m"));
		}
	});

	it("shows the daemon's own defaults, of every setting that the daemon has", () => {
		const { script: generator, conf, ...others } = settings;
		assert.ok(generator.variable in filledIn && conf.variable in filledIn);
		for (const { variable, byDefault } of Object.values(others)) {
			assert.equal(assignments(sample, "#")[variable], byDefault, variable);
		}
	});

	it("shows the script's own defaults", () => {
		for (const [name, value] of Object.entries(defaults).filter(([name]) => script.includes(`\${${name}:-`))) {
			assert.ok(script.includes(`\${${name}:-${value}}`), name);
		}
		assert.equal([...script.matchAll(/\$\{\w+:-[^}]+\}/g)].length, 3);
	});

	it("is refused by the script as long as a placeholder is left in it", () => {
		for (const [left, env] of [
			["SIP_REGISTRAR", placeholders],
			["SIP_PASSWORD", { ...placeholders, SIP_REGISTRAR: "registrar.test" }],
			["SIP_REGISTRAR", { ...placeholders, SIP_PASSWORD: "ke3Pwd8x" }],
		] as const) {
			const run = { env: { ...env, GATEWAY_DIR: tmpdir() }, encoding: "utf8" } as const;
			const { status, stderr } = spawnSync(shipped("sofia-generator.sh"), ["12345"], run);
			assert.equal(status, 2);
			assert.match(stderr, new RegExp(`${left} still is the placeholder`));
		}
	});
});

describe("the systemd unit", () => {
	it("has its settings in a file, and no password where every local user reads it", () => {
		assert.deepEqual(inUnit("EnvironmentFile"), ["/etc/default/fsconfregger"]);
		assert.deepEqual(inUnit("ExecStart"), ["/usr/local/sbin/fsconfregger"]);
		assert.deepEqual(inUnit("Environment"), ["SETTINGS_FILE=/etc/default/fsconfregger"]);
		assert.ok(sample.includes("# Installed as /etc/default/fsconfregger, root:daemon with mode 0640,"));
		assert.doesNotMatch(unit, /ClueCon|espw|_PASSWORD/);
	});

	it("tells systemd how it is, is ended when it hangs, and leaves no memory with passwords on the disk", () => {
		assert.deepEqual([...inUnit("Type"), ...inUnit("NotifyAccess")], ["notify", "all"]);
		// systemd is told twice in that time, and a part that hangs is noticed after 20 s.
		assert.deepEqual([...inUnit("WatchdogSec"), ...inUnit("WatchdogSignal")], ["60", "SIGKILL"]);
		assert.deepEqual(inUnit("LimitCORE"), ["0"]);
	});

	it("gives new settings to the rooms that run when it is reloaded", () => {
		assert.deepEqual(inUnit("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
	});

	it("survives FreeSWITCH's restarts, and is neither started nor stopped with it", () => {
		for (const key of ["PartOf", "BindsTo", "Requires", "Requisite", "Wants", "StopPropagatedFrom"]) {
			assert.deepEqual(inUnit(key), [], key);
		}
		assert.deepEqual(inUnit("After"), ["freeswitch.service"]);
	});

	it("is started again after every failure, for ever, but not after wrong settings", () => {
		assert.deepEqual(inUnit("Restart"), ["always"]);
		assert.deepEqual(inUnit("StartLimitIntervalSec"), ["0"]);
		assert.deepEqual(inUnit("RestartPreventExitStatus"), ["2 216 217"]);
	});

	it("may write snippets that FreeSWITCH can read, by both names of the directory, and nothing else", () => {
		assert.deepEqual([...inUnit("User"), ...inUnit("Group"), ...inUnit("UMask")], ["freeswitch", "daemon", "0027"]);
		assert.deepEqual(inUnit("ProtectSystem"), ["strict"]);
		assert.deepEqual(inUnit("ReadWritePaths"), [
			"-/opt/freeswitch/etc/freeswitch/sip_profiles/external",
			`-${defaults.GATEWAY_DIR}`,
		]);
	});

	it("lets Node compile, and leaves FreeSWITCH's shared memory alone at a stop", () => {
		assert.deepEqual(inUnit("MemoryDenyWriteExecute"), ["no"]);
		assert.deepEqual(inUnit("RemoveIPC"), []);
	});

	itNeeding(["systemd-analyze"], "passes systemd's own check, unknown keys included", (analyze = "") => {
		const verify = (text: string) => {
			const directory = mkdtempSync(join(tmpdir(), "unit-"));
			try {
				const file = join(directory, "fsconfregger.service");
				// The program must exist for this check, and need not be installed here.
				writeFileSync(file, text.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath}`));
				const { status, stderr } = spawnSync(analyze, ["verify", "--man=no", "--recursive-errors=no", file], {
					encoding: "utf8",
				});
				return { status, stderr };
			} finally {
				rmSync(directory, { recursive: true });
			}
		};
		assert.deepEqual(verify(unit), { status: 0, stderr: "" });
		assert.notEqual(verify(unit.replace("KillMode=", "KilMode=")).status, 0);
	});

	itNeeding(
		["systemd-analyze"],
		"leaves the daemon little to do harm with: an exposure of 1.5 at most",
		(analyze = "") => {
			const exposure = (tenths: number) =>
				spawnSync(analyze, ["security", "--offline=true", `--threshold=${tenths}`, shipped("fsconfregger.service")])
					.status;
			assert.equal(exposure(15), 0);
			assert.notEqual(exposure(5), 0, "the check itself tells the difference");
		},
	);
});
