/** Under a real systemd, the two passwords: one that FreeSWITCH changes, and both looked for where others could read them. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { eventSocketConf } from "./nspawn-freeswitch.ts";
import { itInContainer, type Node, settingsFile, shareNode, shippedScript } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

/** What both passwords hold. */
const secret = "s3cret";
const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];

let node: Node;

shareNode((shared) => {
	node = shared;
});

/** Fails if a secret is where it must not be. */
async function isNowhere(): Promise<void> {
	const { container } = node;
	for (const [command, ...args] of [
		["ps", "axww", "--format", "pid,user,args"],
		["ps", "axeww"],
		["systemctl", "show", "fsconfregger", "freeswitch"],
		["systemctl", "show"],
		["systemctl", "show-environment"],
		["systemctl", "cat", "fsconfregger"],
		["systemctl", "status", "--full", "--lines=1000", "fsconfregger"],
		["journalctl", "--output=export", "--all"],
	] as const) {
		// By root: what root is not shown, nobody is. But of the environment, which is root's to read.
		const asRoot = await container.try(command, ...args);
		const asNobody = await container.try("setpriv", ...nobody, command, ...args);
		const out = args[0] === "axeww" ? asNobody.out : asRoot.out + asNobody.out;
		assert.ok(out.length > 0, command);
		assert.ok(!out.includes(secret), `${command} ${args.join(" ")} shows a secret`);
	}
	const commandLines = await container.shell("cat /proc/[0-9]*/cmdline /proc/[0-9]*/comm | tr '\\0' ' '");
	assert.match(commandLines, /fsconfregger/);
	assert.ok(!commandLines.includes(secret), "a command line has a secret");
	// All that another user can read, wherever it lies. (The two halves keep the search from finding itself.)
	const search = `s=${secret.slice(0, 2)}; grep -rlsa "\${s}${secret.slice(2)}" /etc /opt /run /tmp /var /dev/shm; cat /proc/[0-9]*/environ 2>/dev/null | grep -ca "\${s}${secret.slice(2)}"`;
	assert.equal((await container.try("setpriv", ...nobody, "sh", "-c", search)).out.trim(), "0");
	const found = (await container.try("sh", "-c", search)).out;
	assert.ok(found.includes(settingsFile) && found.includes(eventSocketConf), "the search can find what is there");
}

describe("the passwords", () => {
	itInContainer("are shown to nobody: not while the script runs, not by a room's life, not at the end", async () => {
		const waiting = "/srv/waiting";
		await node.container.shell(`mkdir -p ${waiting}; chmod 0777 ${waiting}`);
		await node.edit(`ReadWritePaths=${waiting}`);
		node.set({
			GENERATOR_SCRIPT: node.script(
				`touch ${waiting}/begun`,
				`until [ -e ${waiting}/go ]; do sleep 0.05; done`,
				`[ "$1" = 1 ] && exec ${shippedScript} "$@"`,
				"set -x",
				'echo "the password is $SIP_PASSWORD"',
				"exit 3",
			),
		});
		await node.freeswitch.restart();
		await node.start();
		await node.freeswitch.order({ do: "create", rooms: ["1", "2"] });
		await node.container.shell(`until [ -e ${waiting}/begun ]; do sleep 0.05; done`);
		await isNowhere();
		await node.container.run("touch", `${waiting}/go`);
		await node.freeswitch.reached("1");
		assert.match((await node.said(/room 2: .*exited with 3: /)).MESSAGE, /the password is \*\*\*/);
		assert.match(node.read(`${snippets}/conf_1.xml`), new RegExp(secret));
		await isNowhere();
		await node.freeswitch.order({ do: "destroy", rooms: ["1", "2"] });
		await node.freeswitch.reached();
		await node.start("restart");
		await node.container.run("systemctl", "stop", "fsconfregger");
		const { out } = await node.container.try("journalctl", "--output=export", "--all");
		assert.ok(!out.includes(secret));
	});

	itInContainer("of the event socket may be changed by an upgrade of FreeSWITCH, without anybody's doing", async () => {
		await node.freeswitch.restart();
		await node.start();
		await node.freeswitch.order({ do: "create", rooms: ["1"] });
		await node.freeswitch.reached("1");
		const before = await node.property("MainPID");
		node.freeswitch.password = `another-${secret}`;
		await node.freeswitch.restart();
		await node.freeswitch.order({ do: "create", rooms: ["2"] });
		await node.freeswitch.reached("2");
		assert.equal(await node.property("MainPID"), before);
		assert.equal(await node.property("NRestarts"), "0");
	});

	itInContainer("are hidden although a flag bears one, as in the Go daemon's unit", async () => {
		await node.edit("ExecStart=\nExecStart=/usr/sbin/fsconfregger -espw event-socket-${HALF}\nEnvironment=HALF=s3cret");
		await node.freeswitch.restart();
		await node.start();
		await node.freeswitch.order({ do: "create", rooms: ["1"] });
		await node.freeswitch.reached("1");
		const commandLine = await node.container.shell(`tr '\\0' ' ' </proc/${await node.property("MainPID")}/cmdline`);
		assert.match(commandLine, /^fsconfregger/);
		assert.ok(!commandLine.includes(secret));
	});
});
