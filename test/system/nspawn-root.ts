/**
 * The root of a container with a systemd of its own: a tree of a few hand-made files that borrows the machine's /usr. It has
 * what a node of a BigBlueButton cluster has: a user freeswitch, FreeSWITCH's directories, and Debian's package database.
 */
import {
	chmodSync,
	chownSync,
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readlinkSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

export const freeswitchUser = 900;
/** Debian's daemon. */
export const freeswitchGroup = 1;

/** FreeSWITCH's directories on a BigBlueButton node. */
export const configuration = "/opt/freeswitch/etc/freeswitch";
export const snippets = `${configuration}/sip_profiles/external`;

/** Units that would only take time at boot, or ask questions on a console that does not exist. */
const masked = `
	console-getty.service dbus.service dbus.socket getty.target ldconfig.service networkd-dispatcher.service
	systemd-firstboot.service systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-logind.service
	systemd-network-generator.service systemd-networkd.service systemd-pcrphase.service systemd-pcrphase-sysinit.service
	systemd-resolved.service systemd-sysusers.service systemd-timesyncd.service systemd-udev-trigger.service
	systemd-udevd.service systemd-update-done.service systemd-update-utmp.service systemd-user-sessions.service
`;

/** Packages that dpkg believes installed, because ours depends on them. */
const borrowed = [
	["nodejs", process.versions.node],
	["systemd", "252"],
	["init-system-helpers", "1.65"],
] as const;

const texts: Readonly<Record<string, string>> = {
	"/etc/passwd": `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
freeswitch:x:${freeswitchUser}:${freeswitchGroup}:FreeSWITCH:/opt/freeswitch:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`,
	"/etc/group":
		"root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nutmp:x:43:\nshadow:x:42:\nsystemd-journal:x:999:\nnogroup:x:65534:\n",
	"/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
	"/etc/os-release": 'ID=debian\nNAME="A node"\n',
	"/etc/hostname": "node\n",
	"/etc/machine-id": "5f3c1d0e7a9b4c2d8e6f0a1b2c3d4e5f\n",
	// No line of a burst may be lost, because tests read them.
	"/etc/systemd/journald.conf.d/all.conf": "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nAudit=no\n",
	"/var/lib/dpkg/available": "",
	...Object.fromEntries(borrowed.map(([name]) => [`/var/lib/dpkg/info/${name}.list`, "/.\n/etc\n/etc/default\n"])),
	"/var/lib/dpkg/info/format": "1\n",
	"/var/lib/dpkg/status": borrowed
		.map(
			([name, version]) =>
				`Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: ${version}\nMaintainer: test <test@example.org>\nDescription: borrowed\n`,
		)
		.join("\n"),
};

const directories = `
	/dev /proc /root /run /sys /usr /srv /tmp /var/tmp /etc/default /etc/systemd/system
	/var/lib/dpkg/updates /var/lib/dpkg/triggers /var/lib/dpkg/alternatives /var/log /var/cache
	${configuration}/autoload_configs ${snippets}
`;

const words = (text: string) => text.trim().split(/\s+/);

/** @param root an empty directory */
export function makeRoot(root: string): void {
	// /bin, /lib and the like, where commands look for what /usr holds.
	for (const entry of readdirSync("/")) {
		if (lstatSync(join("/", entry)).isSymbolicLink() && /^usr\//.test(readlinkSync(join("/", entry)))) {
			symlinkSync(readlinkSync(join("/", entry)), join(root, entry));
		}
	}
	for (const directory of words(directories)) {
		mkdirSync(join(root, directory), { recursive: true });
	}
	for (const directory of ["/tmp", "/var/tmp"]) {
		chmodSync(join(root, directory), 0o1777);
	}
	for (const [path, text] of Object.entries(texts)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	for (const path of ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/etc/dpkg"].filter(existsSync)) {
		cpSync(path, join(root, path), { recursive: true, verbatimSymlinks: true });
	}
	for (const unit of words(masked)) {
		symlinkSync("/dev/null", join(root, "/etc/systemd/system", unit));
	}
	symlinkSync("etc/freeswitch", join(root, "/opt/freeswitch/conf"));
	chownSync(join(root, snippets), freeswitchUser, freeswitchGroup);
}
