/** The daemon under a real systemd, as the package installs it: what the unit promises, and what `systemctl status` shows. */
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { describe } from "node:test";
import { eventually } from "../support/until.ts";
import { type Node, settingsFile, sharedNode, shippedScript } from "./nspawn-node.ts";
import { freeswitchGroup, freeswitchUser, snippets } from "./nspawn-root.ts";

const itOnNode = sharedNode("installed");

const status = async (node: Node) => (await node.systemctl("status", "--lines=5", "fsconfregger")).out;

describe("the service", () => {
	itOnNode("is active while FreeSWITCH is down, says so in its status, and connects later", async (node) => {
		await node.start();
		assert.equal(await node.property("ActiveState"), "active");
		assert.match(await node.property("StatusText"), /cannot reach .*8021.*retrying/);
		assert.match(await status(node), /Active: active \(running\)[^]*Status: "cannot reach .*retrying/);
		assert.equal((await node.said(/cannot reach FreeSWITCH's event socket/)).PRIORITY, "4");
		await node.freeswitch.restart();
		await node.becomes("StatusText", /^connected to FreeSWITCH 1\.10\.12\S*: (0|no) rooms? running/);
		assert.equal((await node.said(/^connected to FreeSWITCH/)).PRIORITY, "6");
	});

	itOnNode("registers a room for its life, with a file that only FreeSWITCH can read", async (node) => {
		await node.startWith("12345");
		const path = `${snippets}/conf_12345.xml`;
		const { mode, uid, gid } = statSync(node.path(path));
		assert.deepEqual([mode & 0o777, uid, gid], [0o640, freeswitchUser, freeswitchGroup]);
		await node.becomes("StatusText", /: 1 room running, 1 registered/);
		assert.match(await status(node), /Status: "connected to FreeSWITCH .*: 1 room running, 1 registered/);
		await node.freeswitch.order("destroy", "12345");
		await node.freeswitch.reached();
		await node.said(/^room 12345 is un-registered$/);
		assert.equal(existsSync(node.path(path)), false);
	});

	itOnNode("writes to the journal with syslog's priorities", async (node) => {
		node.set({ GENERATOR_SCRIPT: node.script("echo 'no such registrar' >&2", "exit 3") });
		await node.startAmid("1");
		assert.equal((await node.said(/room 1: .*exited with 3: no such registrar/)).PRIORITY, "3");
		assert.equal((await node.said(/^room 1 (started|is running)$/)).PRIORITY, "6");
		const own = (await node.journal()).filter(({ _COMM }) => _COMM !== "systemd");
		assert.ok(own.some(({ PRIORITY }) => PRIORITY === "7"));
		for (const { MESSAGE } of own) {
			assert.doesNotMatch(MESSAGE, /^<\d>|^\{/, "the sentence has no priority mark");
		}
	});

	itOnNode("comes back after a kill -9, leaves the rooms as they are, and catches up", async (node) => {
		await node.startWith("1", "2");
		const before = await node.property("MainPID");
		await node.container.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "fsconfregger");
		await node.freeswitch.order("create", "3");
		await node.freeswitch.reached("1", "2", "3");
		await node.becomes("ActiveState", /^active$/);
		assert.equal(await node.property("NRestarts"), "1");
		assert.notEqual(await node.property("MainPID"), before);
		assert.deepEqual(node.freeswitch.unregistered, []);
	});

	itOnNode("is restarted by the watchdog when it hangs, and only then", async (node) => {
		await node.edit("WatchdogSec=2");
		await node.startWith("1");
		const pinged = await node.property("WatchdogTimestampMonotonic");
		await eventually(
			async () => (await node.property("WatchdogTimestampMonotonic")) !== pinged,
			"the watchdog has been pinged again",
		);
		assert.equal(await node.property("NRestarts"), "0");
		await node.container.run("systemctl", "kill", "--kill-who=main", "--signal=STOP", "fsconfregger");
		await node.freeswitch.order("create", "2");
		await node.freeswitch.reached("1", "2");
		assert.equal(await node.property("NRestarts"), "1");
		await node.said(/Watchdog timeout/);
		assert.deepEqual(node.freeswitch.unregistered, []);
	});

	itOnNode("stops within 5 s while its script hangs, and leaves no process", async (node) => {
		await node.edit("TimeoutStopSec=5");
		// One child leaves the script's process group, the other ignores SIGTERM.
		const hanging = ["trap '' TERM", "(trap '' TERM; setsid sleep 1000 & sleep 1001) &", "wait"];
		node.set({ GENERATOR_SCRIPT: node.script(...hanging) });
		await node.startAmid("1");
		const sleeping = async () => (await node.container.try("pgrep", "--exact", "sleep")).out.split("\n").length - 1;
		await eventually(async () => (await sleeping()) === 2, "both of the script's children run");
		const { code } = await node.systemctl("stop", "fsconfregger");
		assert.deepEqual([code, await node.property("Result"), await node.property("ExecMainStatus")], [0, "success", "0"]);
		// systemd has killed them, and may still have to reap them.
		await eventually(async () => (await sleeping()) === 0, "no process of the script is left");
	});

	itOnNode("is not restarted with a wrong setting, and its status names the setting", async (node) => {
		node.set({ LINGER: "soon" });
		assert.notEqual((await node.systemctl("start", "fsconfregger")).code, 0);
		await node.becomes("ActiveState", /^failed$/);
		assert.deepEqual([await node.property("ExecMainStatus"), await node.property("NRestarts")], ["2", "0"]);
		assert.match(await status(node), /Status: "LINGER must be a number of seconds from 0 to 3600, not .*soon/);
		assert.equal((await node.said(/LINGER must be/)).PRIORITY, "3");
		// After the correction, a start is enough.
		node.set({ LINGER: "1" });
		await node.start();
	});

	itOnNode("does not start without its settings, which its status says, and is not tried for ever", async (node) => {
		await node.container.run("rm", settingsFile);
		assert.notEqual((await node.systemctl("start", "fsconfregger")).code, 0);
		await node.becomes("ActiveState", /^failed$/);
		assert.equal(await node.property("NRestarts"), "0");
		assert.match(await status(node), /Status: "there are no settings: \/etc\/default\/fsconfregger is missing"/);
	});

	itOnNode("registers rooms after the profile's directory was replaced", async (node) => {
		await node.startWith("1");
		await node.container.shell(
			`mv ${snippets} ${snippets}.old; mkdir ${snippets}; chown freeswitch:daemon ${snippets}; rm -r ${snippets}.old`,
		);
		await node.freeswitch.order("create", "2");
		await node.said(/^room 2 is registered/);
		assert.ok(existsSync(node.path(`${snippets}/conf_2.xml`)));
	});

	itOnNode("can write where an administrator's drop-in allows it, and nowhere else", async (node) => {
		// It starts without this script, which may write elsewhere then.
		await node.freeswitch.restart();
		node.set({ GENERATOR_SCRIPT: node.script("touch /srv/forbidden /srv/allowed/done", `exec ${shippedScript} "$@"`) });
		await node.container.shell("mkdir -p /srv/allowed; chmod 0777 /srv /srv/allowed");
		await node.edit("ReadWritePaths=/srv/allowed");
		await node.start();
		await node.freeswitch.order("create", "1");
		await node.freeswitch.reached("1");
		assert.ok(existsSync(node.path("/srv/allowed/done")));
		assert.ok(!existsSync(node.path("/srv/forbidden")));
	});
});
