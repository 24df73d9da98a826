/** The Debian package's life on a node with a real systemd: installed, upgraded, removed and purged while rooms run. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { eventually } from "../support/until.ts";
import { checkout } from "./nspawn.ts";
import { itInContainer, type Node, nodeIfPossible, settingsFile } from "./nspawn-node.ts";
import { snippets } from "./nspawn-root.ts";

const script = "/etc/fsconfregger/sofia-generator.sh";
const registrar = "127.0.0.100";
const sipPassword = "sip-s3cret";

let maybe: Node | undefined;
let node: Node;

before(async () => {
	maybe = await nodeIfPossible();
	if (maybe !== undefined) {
		node = maybe;
	}
});

after(async () => {
	await maybe?.close();
});

const state = async () => [
	(await node.systemctl("is-enabled", "fsconfregger")).out.trim(),
	await node.property("ActiveState"),
];
const exists = (path: string) => existsSync(join(node.container.root, path));

/** Fills in what must be filled in. */
function configure(): void {
	node.set({ SIP_REGISTRAR: registrar, SIP_PASSWORD: sipPassword, LINGER: "0.5", LOG_LEVEL: "debug" });
}

describe("the Debian package on a node", () => {
	itInContainer("is not enabled, not started, and says what to do, while the settings are not filled in", async () => {
		const said = await node.install();
		assert.match(
			said,
			/^fsconfregger: fill in \/etc\/default\/fsconfregger, then systemctl enable --now fsconfregger$/m,
		);
		assert.deepEqual(await state(), ["disabled", "inactive"]);
		const { mode, uid, gid } = statSync(join(node.container.root, settingsFile));
		assert.deepEqual([mode & 0o777, uid, gid], [0o640, 0, 1]);
		configure();
		// As before, at an upgrade, too: enabling it is the administrator's, once it has not been done for them.
		await node.install();
		assert.deepEqual(await state(), ["disabled", "inactive"]);
		await node.container.run("systemctl", "enable", "--now", "fsconfregger");
		assert.deepEqual(await state(), ["enabled", "active"]);
	});

	itInContainer(
		"is upgraded in the middle of running rooms: none is un-registered, and no change is lost",
		async () => {
			await node.freeswitch.restart();
			const rooms = ["10001", "10002", "10003"];
			await node.freeswitch.order({ do: "create", rooms });
			await node.freeswitch.reached(...rooms);
			node.write(script, `${node.read(script)}# Ours.\n`);
			const settings = node.read(settingsFile);
			const before = await node.property("MainPID");
			await node.install(`${manifest.version}+next`);
			assert.equal(
				(await node.container.run("dpkg-query", "--show", "fsconfregger")).trim(),
				`fsconfregger\t${manifest.version}+next`,
			);
			await node.becomes("ActiveState", /^active$/);
			assert.notEqual(await node.property("MainPID"), before);
			// The new one is at work.
			await node.freeswitch.order({ do: "create", rooms: ["10004"] });
			await node.freeswitch.reached(...rooms, "10004");
			assert.deepEqual(node.freeswitch.unregistered, []);
			assert.equal(node.read(settingsFile), settings);
			assert.match(node.read(script), /# Ours\.\n$/);
			await node.freeswitch.order({ do: "destroy", rooms: ["10004"] });
			await node.freeswitch.reached(...rooms);
		},
	);

	itInContainer("stays disabled over an upgrade, and masked", async () => {
		await node.container.run("systemctl", "disable", "--now", "fsconfregger");
		await node.install();
		assert.deepEqual(await state(), ["disabled", "inactive"]);
		await node.container.run("systemctl", "mask", "fsconfregger");
		await node.install();
		assert.deepEqual(await state(), ["masked", "inactive"]);
		await node.container.run("systemctl", "unmask", "fsconfregger");
		await node.container.run("systemctl", "enable", "--now", "fsconfregger");
	});

	itInContainer(
		"when removed, leaves settings, and no gateway that FreeSWITCH would load at its next start",
		async () => {
			const others = `${snippets}/conf_ours.xml`;
			node.write(others, "<include>\n</include>\n");
			const said = await node.container.shell("dpkg --remove fsconfregger 2>&1");
			assert.match(
				said,
				/^fsconfregger: files of gateways deleted: 3; what is loaded stays registered until FreeSWITCH restarts$/m,
			);
			assert.equal(await node.container.shell(`ls -A ${snippets}`), "conf_ours.xml\n");
			assert.ok(exists(settingsFile) && exists(script));
			assert.deepEqual(await state(), ["", "inactive"]);
			assert.deepEqual(node.freeswitch.unregistered, ["10004"]);
			// It comes back as it was, and has the snippets written anew.
			await node.install();
			assert.deepEqual(await state(), ["enabled", "active"]);
			await node.freeswitch.reached("10001", "10002", "10003");
			await node.container.run("rm", others);
		},
	);

	itInContainer("takes the snippets from the directory that the settings name", async () => {
		await node.container.shell("mkdir '/opt/our profile'; chown freeswitch:daemon '/opt/our profile'");
		node.set({ GATEWAY_DIR: '"/opt/our profile"' });
		await node.container.shell(
			`GATEWAY_DIR='/opt/our profile' SIP_REGISTRAR=${registrar} SIP_PASSWORD=${sipPassword} ${script} 20001`,
		);
		assert.ok(exists("/opt/our profile/conf_20001.xml"));
		await node.container.run("dpkg", "--remove", "fsconfregger");
		assert.equal(await node.container.run("ls", "-A", "/opt/our profile"), "");
		await node.container.shell(`rmdir '/opt/our profile'; rm -f ${snippets}/*`);
	});

	itInContainer("when purged, leaves nothing", async () => {
		await node.install();
		await node.container.shell("mkdir -p /etc/systemd/system/fsconfregger.service.d");
		node.write("/etc/systemd/system/fsconfregger.service.d/override.conf", "[Service]\nNice=1\n");
		await node.container.run("dpkg", "--purge", "fsconfregger");
		const left = await node.container.shell(
			"find / /usr -xdev \\( -path /var/cache/packages -o -path /srv/checkout \\) -prune -o -iname '*fsconfregger*' -print; " +
				`find ${snippets} -type f; grep -rlI ${sipPassword} /etc /opt /var || true; ` +
				"dpkg-query --show fsconfregger 2>/dev/null || true",
		);
		assert.equal(left, "");
		// systemd forgets a unit that is gone when it has time.
		let units = "";
		await eventually(
			async () => {
				units = await node.container.run("systemctl", "--no-legend", "list-units", "--all", "fsconfregger*");
				return units === "";
			},
			"systemd has forgotten the unit",
			{ describe: () => units },
		);
	});

	itInContainer(
		"takes over from an installation by hand, as the documents say, and no room is un-registered",
		async () => {
			const operating = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");
			const [, byHand = "", changeOver = ""] =
				/### By hand\n[^]*?```sh\n([^]*?)```[^]*?```sh\n([^]*?)```/.exec(operating) ?? [];
			await node.container.shell(`cd ${checkout}; ${byHand}`);
			configure();
			await node.freeswitch.restart();
			await node.container.run("systemctl", "enable", "--now", "fsconfregger");
			await node.freeswitch.order({ do: "create", rooms: ["30001"] });
			await node.freeswitch.reached("30001");
			assert.match(await node.install(), /^fsconfregger: an installation by hand hides this one: remove /m);
			await node.container.shell(changeOver);
			assert.deepEqual(await state(), ["enabled", "active"]);
			assert.match(await node.property("FragmentPath"), /^(\/usr)?\/lib\/systemd\/system\/fsconfregger\.service$/);
			await node.freeswitch.order({ do: "create", rooms: ["30002"] });
			await node.freeswitch.reached("30001", "30002");
			assert.deepEqual(node.freeswitch.unregistered, []);
			await node.container.run("dpkg", "--purge", "fsconfregger");
		},
	);

	itInContainer("is enabled and started at once where the settings lie there already", async () => {
		node.write(settingsFile, `SIP_REGISTRAR=${registrar}\nSIP_PASSWORD='${sipPassword}'\nGENERATOR_SCRIPT=${script}\n`);
		await node.install();
		assert.deepEqual(await state(), ["enabled", "active"]);
		const { mode, gid } = statSync(join(node.container.root, settingsFile));
		assert.deepEqual([mode & 0o777, gid], [0o640, 1]);
		await node.container.run("dpkg", "--purge", "fsconfregger");
	});

	itInContainer("is installed before FreeSWITCH is, and says that it must follow", async () => {
		await node.freeswitch.stop();
		await node.container.run("sed", "-i", "/^freeswitch:/d", "/etc/passwd");
		node.write(settingsFile, `SIP_REGISTRAR=${registrar}\nSIP_PASSWORD='${sipPassword}'\nGENERATOR_SCRIPT=${script}\n`);
		assert.match(await node.install(), /^fsconfregger: the user freeswitch does not exist: install FreeSWITCH, then /m);
		assert.deepEqual(await state(), ["disabled", "inactive"]);
	});
});
