/** New settings under a real systemd: `systemctl reload`, and the syntax of the settings file, which the daemon reads itself then. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { environmentFiles } from "../fixtures/environment-files.ts";
import { settingsFile, sharedNode } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

const itOnNode = sharedNode("installed");

describe("systemctl reload", () => {
	itOnNode("gives a changed SIP password to the running rooms one by one, in the same process", async (node) => {
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

	itOnNode("reports a settings file that the daemon may not read; after a restart it has them", async (node) => {
		await node.startWith("1");
		node.set({ SIP_PASSWORD: "another-s3cret" });
		await node.container.shell(`chown root:root ${settingsFile}; chmod 0600 ${settingsFile}`);
		await node.container.run("systemctl", "reload", "fsconfregger");
		await node.said(/^the settings cannot be read again, so the old ones stay in force: EACCES/);
		await node.said(/^reloaded/);
		assert.ok(!node.read(`${snippets}/conf_1.xml`).includes("another"));
		await node.start("restart");
		await node.forgetJournal();
		await node.container.run("systemctl", "reload", "fsconfregger");
		await node.said(/^reloaded/);
		assert.ok(node.read(`${snippets}/conf_1.xml`).includes("another-s3cret"));
		await node.freeswitch.reached("1");
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
		itOnNode(`means the same to systemd and to the daemon: ${what}`, async (node) => {
			node.write("/srv/settings", text);
			node.write("/etc/systemd/system/probe.service", probe);
			await node.container.shell("systemctl daemon-reload; systemctl start probe");
			const variables = node.read("/srv/environment").matchAll(/(?<=^|\0)([A-D])=([^\0]*)/g);
			const pairs = [...variables].map(([, name = "", value = ""]) => [name, value] as const);
			assert.deepEqual(Object.fromEntries(pairs), means);
		});
	}
});
