/** The Debian package's life on a node with a real systemd: installed, upgraded, removed and purged while rooms run. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { describe } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { eventually } from "../support/until.ts";
import { checkout } from "./nspawn.ts";
import { type Node, registrar, shippedScript as script, settingsFile, sharedNode, sipPassword } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

/** Each test goes on where the one before it ended. */
const itOnNode = sharedNode("not installed");

const filledIn = `SIP_REGISTRAR=${registrar}\nSIP_PASSWORD='${sipPassword}'\nGENERATOR_SCRIPT=${script}\n`;

async function assertState(node: Node, enabled: string, active: string): Promise<void> {
	const isEnabled = (await node.systemctl("is-enabled", "fsconfregger")).out.trim();
	assert.deepEqual([isEnabled, await node.property("ActiveState")], [enabled, active]);
}

/** The settings hold a password, so only root and FreeSWITCH's group may read them. */
function assertSettingsProtected(node: Node): void {
	const { mode, uid, gid } = statSync(node.path(settingsFile));
	assert.deepEqual([mode & 0o777, uid, gid], [0o640, 0, 1]);
}

const unitFile = "/etc/systemd/system/fsconfregger.service";

/** What docs/operating.md has administrators do. */
function documented(): { install: string; freeswitch: string; changeOver: string } {
	const operating = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");
	const [, install = "", freeswitch = "", changeOver = ""] =
		/### By hand\n[^]*?```sh\n([^]*?)```[^]*?```ini\n([^]*?)```[^]*?```sh\n([^]*?)```/.exec(operating) ?? [];
	return { install, freeswitch, changeOver };
}

/** Installs by hand, as documented, and has a room running and registered. */
async function byHand(node: Node): Promise<void> {
	await node.container.shell(`cd ${checkout}; ${documented().install}`);
	node.fillIn();
	await node.container.shell("mkdir -p /etc/systemd/system/freeswitch.service.d");
	node.write("/etc/systemd/system/freeswitch.service.d/override.conf", documented().freeswitch);
	await node.freeswitch.restart();
	await node.container.shell("systemctl enable fsconfregger; systemctl restart fsconfregger");
	await node.freeswitch.order("create", "30001");
	await node.freeswitch.reached("30001");
}

describe("the Debian package on a node", () => {
	itOnNode("says what to do, and is neither enabled nor started, until the settings are filled in", async (node) => {
		assert.match(
			await node.install(),
			/^fsconfregger: fill in \S+fsconfregger \(as in \S+\), then systemctl enable --now /m,
		);
		await assertState(node, "disabled", "inactive");
		assertSettingsProtected(node);
		node.fillIn();
		// An upgrade changes nothing of that: what was not enabled at first, the administrator enables.
		await node.install();
		await assertState(node, "disabled", "inactive");
		await node.container.run("systemctl", "enable", "--now", "fsconfregger");
		await assertState(node, "enabled", "active");
	});

	itOnNode("is upgraded while rooms run: none is un-registered, and no edit is lost", async (node) => {
		await node.freeswitch.restart();
		const rooms = ["10001", "10002", "10003"];
		await node.freeswitch.order("create", ...rooms);
		await node.freeswitch.reached(...rooms);
		node.write(script, `${node.read(script)}# Ours.\n`);
		const settings = node.read(settingsFile);
		const before = await node.property("MainPID");
		await node.install(`${manifest.version}+next`);
		const installed = await node.container.run("dpkg-query", "--show", "fsconfregger");
		assert.equal(installed, `fsconfregger\t${manifest.version}+next\n`);
		await node.becomes("ActiveState", /^active$/);
		assert.notEqual(await node.property("MainPID"), before);
		// The new version works.
		await node.freeswitch.order("create", "10004");
		await node.freeswitch.reached(...rooms, "10004");
		assert.deepEqual(node.freeswitch.unregistered, []);
		assert.equal(node.read(settingsFile), settings);
		assert.match(node.read(script), /# Ours\.\n$/);
		await node.freeswitch.order("destroy", "10004");
		await node.freeswitch.reached(...rooms);
	});

	itOnNode("stays disabled or masked through an upgrade", async (node) => {
		await node.container.run("systemctl", "disable", "--now", "fsconfregger");
		await node.install();
		await assertState(node, "disabled", "inactive");
		await node.container.run("systemctl", "mask", "fsconfregger");
		await node.install();
		await assertState(node, "masked", "inactive");
		await node.container.run("systemctl", "unmask", "fsconfregger");
		await node.container.run("systemctl", "enable", "--now", "fsconfregger");
	});

	itOnNode("leaves, when removed, the settings, and no gateway that FreeSWITCH would load", async (node) => {
		const others = `${snippets}/conf_ours.xml`;
		node.write(others, "<include>\n</include>\n");
		const said = await node.container.shell("dpkg --remove fsconfregger 2>&1");
		assert.match(said, /^fsconfregger: files of gateways are deleted; what is loaded stays registered until /m);
		assert.equal(await node.container.shell(`ls -A ${snippets}`), "conf_ours.xml\n");
		assert.ok(existsSync(node.path(settingsFile)) && existsSync(node.path(script)));
		await assertState(node, "", "inactive");
		assert.deepEqual(node.freeswitch.unregistered, ["10004"]);
		// Installed again, it is enabled as before, and has the snippets written anew.
		await node.install();
		await assertState(node, "enabled", "active");
		await node.freeswitch.reached("10001", "10002", "10003");
		await node.container.run("rm", others);
	});

	for (const [where, name] of [
		["the settings name", (node: Node) => node.set({ GATEWAY_DIR: '"/opt/our profile"' })],
		["a drop-in names", (node: Node) => node.edit('Environment="GATEWAY_DIR=/opt/our profile"')],
	] as const) {
		itOnNode(`deletes, when removed, the snippets in the directory that ${where}`, async (node) => {
			await node.install();
			const settings = node.read(settingsFile);
			await node.container.shell("mkdir '/opt/our profile'; chown freeswitch:daemon '/opt/our profile'");
			await name(node);
			await node.container.shell(
				`GATEWAY_DIR='/opt/our profile' SIP_REGISTRAR=${registrar} SIP_PASSWORD=${sipPassword} ${script} 20001`,
			);
			assert.ok(existsSync(node.path("/opt/our profile/conf_20001.xml")));
			await node.container.run("dpkg", "--remove", "fsconfregger");
			assert.equal(await node.container.run("ls", "-A", "/opt/our profile"), "");
			await node.container.shell(
				`rmdir '/opt/our profile'; rm -rf ${snippets}/* /run/systemd/system/fsconfregger.service.d`,
			);
			node.write(settingsFile, settings);
		});
	}

	itOnNode("says, when removed, that snippets may be left if the script cannot delete them", async (node) => {
		await node.install();
		node.set({ GENERATOR_SCRIPT: "/bin/false" });
		const said = await node.container.shell("dpkg --remove fsconfregger 2>&1");
		assert.match(
			said,
			/^fsconfregger: files of gateways may be left, with the password of the registrar: journalctl /m,
		);
	});

	itOnNode("makes the settings anew when they are gone, which only their reader may read", async (node) => {
		await node.container.run("rm", settingsFile);
		assert.match(await node.install(), /^fsconfregger: fill in /m);
		assertSettingsProtected(node);
		assert.equal(
			node.read(settingsFile),
			await node.container.run("cat", "/usr/share/fsconfregger/fsconfregger.sample"),
		);
	});

	itOnNode("leaves nothing when purged", async (node) => {
		await node.install();
		for (const unit of ["fsconfregger", "fsconfregger-clear"]) {
			await node.container.shell(`mkdir -p /etc/systemd/system/${unit}.service.d`);
			node.write(`/etc/systemd/system/${unit}.service.d/override.conf`, "[Service]\nNice=1\n");
		}
		await node.container.run("dpkg", "--purge", "fsconfregger");
		const left = await node.container.shell(
			"find / /usr /run -xdev \\( -path /var/cache/packages -o -path /srv/checkout \\) -prune -o -iname '*fsconfregger*' -print; " +
				`find ${snippets} -type f; grep -rlI ${sipPassword} /etc /opt /var || true; ` +
				"dpkg-query --show fsconfregger 2>/dev/null || true",
		);
		assert.equal(left, "");
		// systemd forgets a deleted unit a little later.
		const units = () => node.container.run("systemctl", "--no-legend", "list-units", "--all", "fsconfregger*");
		await eventually(async () => (await units()) === "", "systemd has forgotten the unit");
	});

	itOnNode(
		"is not needed for FreeSWITCH to start without gateways: by hand, the documented line does it",
		async (node) => {
			await byHand(node);
			await node.container.run("systemctl", "stop", "fsconfregger");
			await node.freeswitch.crash();
			assert.deepEqual(await node.freeswitch.gateways(), []);
		},
	);

	itOnNode("leaves an installation by hand alone when it is installed, removed and purged", async (node) => {
		await byHand(node);
		const settings = node.read(settingsFile);
		const process = await node.property("MainPID");
		const assertAlone = async () => {
			await assertState(node, "enabled", "active");
			assert.equal(await node.property("MainPID"), process);
			assert.equal(node.read(settingsFile), settings);
			await node.freeswitch.reached("30001");
		};
		assert.match(await node.install(), /^fsconfregger: an installation by hand hides this one: remove /m);
		await assertAlone();
		for (const deed of ["--remove", "--purge"]) {
			await node.container.run("dpkg", deed, "fsconfregger");
			await assertAlone();
		}
		assert.deepEqual(node.freeswitch.unregistered, []);
	});

	itOnNode("leaves an installation by hand enabled also if it came after the package", async (node) => {
		await node.container.shell(`mv ${unitFile} /root/; systemctl daemon-reload`);
		node.write(settingsFile, filledIn);
		await node.install();
		await assertState(node, "enabled", "active");
		await node.container.shell(`mv /root/fsconfregger.service ${unitFile}; systemctl daemon-reload`);
		await node.container.run("dpkg", "--purge", "fsconfregger");
		await assertState(node, "enabled", "active");
		assert.equal(node.read(settingsFile), filledIn);
	});

	itOnNode("replaces an installation by hand, as documented, and un-registers no room", async (node) => {
		await byHand(node);
		assert.match(await node.install(), /^fsconfregger: an installation by hand hides this one: remove /m);
		await node.container.shell(documented().changeOver);
		await assertState(node, "enabled", "active");
		assert.match(await node.property("FragmentPath"), /^(\/usr)?\/lib\/systemd\/system\/fsconfregger\.service$/);
		await node.freeswitch.order("create", "30002");
		await node.freeswitch.reached("30001", "30002");
		assert.deepEqual(node.freeswitch.unregistered, []);
		await node.container.run("dpkg", "--purge", "fsconfregger");
		const left = "ls /etc/default/fsconfregger /etc/systemd/system/multi-user.target.wants/fsconfregger.service";
		assert.equal(await node.container.shell(`${left} 2>/dev/null || true`), "");
	});

	itOnNode("stops the daemon, when removed, whose unit was made by systemctl edit --full", async (node) => {
		node.write(settingsFile, filledIn);
		await node.install();
		await node.container.shell(
			`cp /usr/lib/systemd/system/fsconfregger.service ${unitFile}; systemctl daemon-reload; systemctl restart fsconfregger`,
		);
		await node.container.run("dpkg", "--remove", "fsconfregger");
		assert.equal(await node.property("ActiveState"), "inactive");
		await node.container.shell(`rm ${unitFile}; dpkg --purge fsconfregger`);
	});

	itOnNode("leaves owner and mode of what the settings' link points to", async (node) => {
		node.write("/srv/settings", filledIn);
		await node.container.shell(`chmod 0604 /srv/settings; ln -s /srv/settings ${settingsFile}`);
		await node.install();
		const { mode, gid } = statSync(node.path("/srv/settings"));
		assert.deepEqual([mode & 0o777, gid], [0o604, 0]);
		await node.container.run("dpkg", "--purge", "fsconfregger");
		assert.equal(await node.container.shell(`ls ${settingsFile} 2>/dev/null || true; cat /srv/settings`), filledIn);
	});

	itOnNode("names the files that a predecessor has left", async (node) => {
		const gateway = (name: string) => `<include>\n<gateway name="${name}">\n</gateway>\n</include>\n`;
		node.write(`${snippets}/12345.xml`, gateway("conf_12345"));
		node.write(`${snippets}/trunk.xml`, gateway("trunk"));
		node.write(`${snippets}/conf_12346.xml`, gateway("conf_12346"));
		const said = await node.install();
		const told = [...said.matchAll(/^fsconfregger: left by a predecessor, .*: rm '(.*)'$/gm)].map(([, file]) => file);
		assert.deepEqual(told, ["/opt/freeswitch/conf/sip_profiles/external/12345.xml"]);
		await node.container.shell(`dpkg --purge fsconfregger; rm ${snippets}/*`);
	});

	itOnNode("is enabled and started at once where filled-in settings exist", async (node) => {
		node.write(settingsFile, filledIn);
		await node.install();
		await assertState(node, "enabled", "active");
		assertSettingsProtected(node);
		await node.container.run("dpkg", "--purge", "fsconfregger");
	});

	itOnNode("can be installed before FreeSWITCH, and says what must follow", async (node) => {
		await node.systemctl("stop", "freeswitch");
		await node.container.run("sed", "-i", "/^freeswitch:/d", "/etc/passwd");
		node.write(settingsFile, filledIn);
		assert.match(await node.install(), /^fsconfregger: the user freeswitch does not exist: install FreeSWITCH, then /m);
		await assertState(node, "disabled", "inactive");
	});
});
