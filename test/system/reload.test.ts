/** New settings under a real systemd: `systemctl reload`, and the syntax of the settings file, which the daemon reads itself then. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { environmentFiles } from "../fixtures/environment-files.ts";
import { itInContainer, type Node, settingsFile, shareNode } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

let node: Node;

shareNode((shared) => {
	node = shared;
});

describe("systemctl reload", () => {
	itInContainer("gives a changed SIP password to the rooms that run, one after the other, in one process", async () => {
		await node.startWith("1", "2", "3");
		const process = await node.property("MainPID");
		node.set({ SIP_PASSWORD: "'n#w s3cret'" });
		await node.container.run("systemctl", "reload", "fsconfregger");
		await node.said(/^reloading: 3 rooms are registered anew, one after the other$/);
		await node.said(/^reloaded: all rooms have the new settings$/);
		await node.freeswitch.reached("1", "2", "3");
		for (const room of ["1", "2", "3"]) {
			assert.ok(node.read(`${snippets}/conf_${room}.xml`).includes('"n#w s3cret"'));
		}
		assert.equal(await node.property("MainPID"), process);
		const own = (await node.journal()).map(({ MESSAGE }) => MESSAGE);
		const changes = own.slice(own.findIndex((line) => line.startsWith("reloading"))).flatMap((line) => {
			const [, room, what] = /^room (\d+) is (un-)?registered/.exec(line) ?? [];
			return room === undefined ? [] : [`${room} ${what === undefined ? "comes" : "goes"}`];
		});
		assert.deepEqual(changes, ["1 goes", "1 comes", "2 goes", "2 comes", "3 goes", "3 comes"]);
		assert.ok(!own.some((line) => line.includes("s3cret")));
	});

	itInContainer(
		"says so where the daemon may not read the settings, and a restart before it has them taken",
		async () => {
			await node.startWith("1");
			node.set({ SIP_PASSWORD: "another-s3cret" });
			await node.container.shell(`chown root:root ${settingsFile}; chmod 0600 ${settingsFile}`);
			await node.container.run("systemctl", "reload", "fsconfregger");
			await node.said(/^the settings cannot be read again, so the old ones stay in force: EACCES/);
			await node.said(/^reloaded/);
			assert.ok(!node.read(`${snippets}/conf_1.xml`).includes("another"));
			await node.start("restart");
			await node.turnPage();
			await node.container.run("systemctl", "reload", "fsconfregger");
			await node.said(/^reloaded/);
			assert.ok(node.read(`${snippets}/conf_1.xml`).includes("another-s3cret"));
			await node.freeswitch.reached("1");
		},
	);

	itInContainer("of a daemon whose settings everybody can read warns of that, as its start did", async () => {
		await node.container.shell(`chmod 0644 ${settingsFile}`);
		await node.start();
		assert.equal(
			(await node.said(/holds passwords, and every local user has access to it \(mode 0644\)/)).PRIORITY,
			"4",
		);
	});
});

/** Writes down the environment that it is given. */
const probe = `[Service]
Type=oneshot
EnvironmentFile=/srv/settings
ExecStart=/usr/bin/env -0
StandardOutput=truncate:/srv/environment
`;

describe("the settings file", () => {
	for (const { what, text, means } of environmentFiles) {
		itInContainer(`means to systemd what the daemon takes it for: ${what}`, async () => {
			node.write("/srv/settings", text);
			node.write("/etc/systemd/system/probe.service", probe);
			await node.container.run("systemctl", "daemon-reload");
			await node.container.run("systemctl", "start", "probe");
			const all = node
				.read("/srv/environment")
				.split("\0")
				.map((line) => {
					const [, name = "", value = ""] = /^([^=]*)=([^]*)$/.exec(line) ?? [];
					return [name, value] as const;
				});
			assert.deepEqual(Object.fromEntries(all.filter(([name]) => /^[A-D]$/.test(name))), means);
		});
	}
});
