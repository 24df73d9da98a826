/** The two passwords under a real systemd: nobody sees them, and FreeSWITCH may change its own. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { eventSocketConf } from "./nspawn-freeswitch.ts";
import { type Node, settingsFile, sharedNode, shippedScript } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

/** Part of both passwords. */
const secret = "s3cret";
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] as const;

const itOnNode = sharedNode("installed");

/** Fails if a secret is where it must not be. */
async function assertHidden({ container }: Node): Promise<void> {
	for (const command of [
		"ps axww --format pid,user,args",
		"ps axeww",
		"systemctl show fsconfregger fsconfregger-clear freeswitch",
		"systemctl show",
		"systemctl show-environment",
		"systemctl cat fsconfregger",
		"systemctl status --full --lines=1000 fsconfregger",
		"journalctl --output=export --all",
	]) {
		const [program = "", ...args] = command.split(" ");
		const byNobody = (await container.try(...asNobody, program, ...args)).out;
		// What root is not shown, nobody is. Only the environment of processes may be shown to root.
		const out = command === "ps axeww" ? byNobody : byNobody + (await container.try(program, ...args)).out;
		assert.ok(out.length > 0, command);
		assert.ok(!out.includes(secret), `${command} shows a secret`);
	}
	const commandLines = await container.shell("cat /proc/[0-9]*/cmdline /proc/[0-9]*/comm | tr '\\0' ' '");
	assert.match(commandLines, /fsconfregger/);
	assert.ok(!commandLines.includes(secret), "a command line has a secret");
	// All that another user can read, wherever it is. The secret is in two halves so that the search does not find itself.
	const search = `s=${secret.slice(0, 2)}; grep -rlsa "\${s}${secret.slice(2)}" /etc /opt /run /tmp /var /dev/shm; cat /proc/[0-9]*/environ 2>/dev/null | grep -ca "\${s}${secret.slice(2)}"`;
	assert.equal((await container.try(...asNobody, "sh", "-c", search)).out.trim(), "0");
	const found = (await container.try("sh", "-c", search)).out;
	assert.ok(found.includes(settingsFile) && found.includes(eventSocketConf), "root's search finds them");
}

describe("the passwords", () => {
	itOnNode("are shown to nobody: not while the script runs, in a room's life, or at the end", async (node) => {
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
		await node.startAmid("1", "2");
		await node.container.shell(`until [ -e ${waiting}/begun ]; do sleep 0.05; done`);
		await assertHidden(node);
		await node.container.run("touch", `${waiting}/go`);
		await node.freeswitch.reached("1");
		assert.match((await node.said(/room 2: .*exited with 3: /)).MESSAGE, /the password is \*\*\*/);
		assert.match(node.read(`${snippets}/conf_1.xml`), new RegExp(secret));
		await assertHidden(node);
		await node.freeswitch.order("destroy", "1", "2");
		await node.freeswitch.reached();
		await node.start("restart");
		await node.container.run("systemctl", "stop", "fsconfregger");
		assert.ok(!(await node.container.run("journalctl", "--output=export", "--all")).includes(secret));
	});

	itOnNode("may change: FreeSWITCH restarts with another, and the daemon stays and follows", async (node) => {
		await node.startWith("1");
		const before = await node.property("MainPID");
		node.freeswitch.password = `another-${secret}`;
		await node.freeswitch.restart();
		await node.freeswitch.order("create", "2");
		await node.freeswitch.reached("2");
		assert.equal(await node.property("MainPID"), before);
		assert.equal(await node.property("NRestarts"), "0");
	});
});
