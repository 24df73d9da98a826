/** FreeSWITCH starts under a real systemd: it finds no gateways of rooms, and whatever is to remove them never holds it up. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { type Node, settingsFile, sharedNode } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

const itOnNode = sharedNode("installed");

const administrators = `${snippets}/conf_trunk.xml`;
const clearUnit = "/usr/lib/systemd/system/fsconfregger-clear.service";

/** Two rooms run and are registered; then the daemon stops, and nobody watches FreeSWITCH any more. */
async function unwatched(node: Node): Promise<void> {
	await node.startWith("1", "2");
	await node.container.run("systemctl", "stop", "fsconfregger");
}

async function files(node: Node): Promise<string> {
	return await node.container.run("ls", "-A", snippets);
}

async function assertCleared(node: Node): Promise<void> {
	assert.deepEqual([await node.freeswitch.gateways(), await files(node)], [[], ""]);
}

/** FreeSWITCH starts, in spite of something, and loads what lies there. */
async function assertStarts(node: Node): Promise<void> {
	await node.freeswitch.crash();
	assert.deepEqual(await node.freeswitch.gateways(), ["conf_1", "conf_2"]);
}

describe("a FreeSWITCH that starts without rooms", () => {
	itOnNode(
		"registers none after a crash while the daemon was stopped, and leaves an administrator's file",
		async (node) => {
			await unwatched(node);
			node.write(administrators, "<include>\n</include>\n");
			await node.freeswitch.crash();
			assert.deepEqual([await node.freeswitch.gateways(), await files(node)], [[], "conf_trunk.xml\n"]);
		},
	);

	itOnNode("registers none after a restart, which the daemon has seen", async (node) => {
		await node.startWith("1", "2");
		await node.freeswitch.restart();
		assert.deepEqual(await node.freeswitch.gateways(), []);
	});

	itOnNode("registers none after each of many crashes", async (node) => {
		await unwatched(node);
		for (let crash = 0; crash < 7; crash += 1) {
			await node.freeswitch.crash();
			await assertCleared(node);
			node.write(`${snippets}/conf_1.xml`, "<include>\n</include>\n");
		}
	});

	itOnNode("registers none at boot", async (node) => {
		await node.startWith("1", "2");
		await node.container.run("systemctl", "enable", "freeswitch");
		await node.container.run("systemctl", "disable", "fsconfregger");
		await node.reboot();
		await assertCleared(node);
	});

	itOnNode("keeps the gateways of running rooms when it is started while it runs", async (node) => {
		await unwatched(node);
		await node.container.run("systemctl", "start", "freeswitch");
		assert.equal(await files(node), "conf_1.xml\nconf_2.xml\n");
	});

	itOnNode("has its gateways removed from a directory that a drop-in of the daemon's unit names", async (node) => {
		const directory = "/opt/our profile";
		await node.container.shell(`mkdir -p '${directory}'; chown freeswitch:daemon '${directory}'`);
		await node.edit(`Environment="GATEWAY_DIR=${directory}"`);
		node.write(`${directory}/conf_1.xml`, "<include>\n</include>\n");
		await node.freeswitch.restart();
		assert.equal(await node.container.run("ls", "-A", directory), "");
	});
});

describe("what removes the gateways", () => {
	itOnNode("is a script of one's own as well, and is not told the event socket's password", async (node) => {
		await unwatched(node);
		node.set({
			EVENTSOCKET_PASSWORD: "event-socket-s3cret",
			GENERATOR_SCRIPT: node.script(`{ echo "$@"; env; } >${snippets}/called`, `rm ${snippets}/conf_*`),
		});
		await node.freeswitch.crash();
		const [words, ...environment] = node.read(`${snippets}/called`).split("\n");
		assert.equal(words, "--all del");
		assert.ok(environment.some((line) => line.startsWith("SIP_REGISTRAR=")));
		assert.deepEqual(
			environment.filter((line) => /event-socket-s3cret|EVENTSOCKET_PASSWORD/.test(line)),
			[],
		);
	});

	itOnNode("cannot keep FreeSWITCH from starting when it fails, and its journal says why", async (node) => {
		await unwatched(node);
		node.set({ GENERATOR_SCRIPT: node.script("echo 'no such day' >&2", "exit 3") });
		await assertStarts(node);
		assert.match(await node.container.run("journalctl", "--unit=fsconfregger-clear"), /no such day/);
	});

	itOnNode("cannot when its script is missing", async (node) => {
		await unwatched(node);
		node.set({ GENERATOR_SCRIPT: "/opt/missing" });
		await assertStarts(node);
	});

	itOnNode("cannot when it hangs, and is ended before there are rooms", async (node) => {
		await unwatched(node);
		node.set({ GENERATOR_SCRIPT: node.script("trap '' TERM", "sleep 1000 & wait; sleep 1001") });
		await assertStarts(node);
		assert.equal((await node.container.try("pgrep", "--exact", "sleep")).out, "");
		const result = await node.container.run(
			"systemctl",
			"show",
			"--property=ActiveState",
			"--value",
			"fsconfregger-clear",
		);
		assert.equal(result, "failed\n");
	});

	itOnNode("cannot when it is masked", async (node) => {
		await unwatched(node);
		await node.container.run("systemctl", "mask", "fsconfregger-clear");
		await assertStarts(node);
	});

	itOnNode("cannot when its unit is gone", async (node) => {
		await unwatched(node);
		await node.container.shell(`mv ${clearUnit} /root/; systemctl daemon-reload`);
		try {
			await assertStarts(node);
		} finally {
			await node.container.shell(`mv /root/fsconfregger-clear.service ${clearUnit}; systemctl daemon-reload`);
		}
	});

	itOnNode("takes the shipped script when there are no settings", async (node) => {
		await unwatched(node);
		await node.container.run("rm", settingsFile);
		await node.freeswitch.crash();
		await assertCleared(node);
	});
});
