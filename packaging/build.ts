/**
 * Makes dist/fsconfregger_VERSION_all.deb of the built program and of what is installed by hand, too. The same input makes
 * the same bytes: all times are the changelog's.
 *
 *   node --import tsx packaging/build.ts [OUTPUT-DIRECTORY] [VERSION]
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	chmodSync,
	lutimesSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import manifest from "../package.json" with { type: "json" };
import { copyright } from "./copyright.ts";
import { manPage } from "./man-page.ts";

const top = fileURLToPath(new URL("..", import.meta.url));
const source = (path: string) => readFileSync(join(top, path), "utf8");

/** Where things are by hand, and where the package has them. The script may be changed, so it is a conffile. */
const moved = [
	["/usr/local/sbin/fsconfregger", "/usr/sbin/fsconfregger"],
	["/usr/local/sbin/sofia-generator.sh", "/etc/fsconfregger/sofia-generator.sh"],
] as const;

/** A shipped file with the package's paths. @throws Error if one by hand is left */
function withOurPaths(path: string): string {
	const text = moved.reduce((text, [byHand, ours]) => text.replaceAll(byHand, ours), source(path));
	if (text.includes("/usr/local")) {
		throw new Error(`${path} still names a path in /usr/local`);
	}
	return text;
}

/** @throws Error if there is nothing to replace */
function replaced(text: string, pattern: RegExp, by: string): string {
	if (!pattern.test(text)) {
		throw new Error(`nothing matches ${String(pattern)}`);
	}
	return text.replace(pattern, by);
}

/** Of the changelog's newest entry: its version, its author, and when it was made. */
function newestChange(changelog: string): { version: string; maintainer: string; date: Date } {
	const [, version = ""] = /^fsconfregger \((.+)\) /.exec(changelog) ?? [];
	const [, maintainer = "", date = ""] = /^ -- (.+?) {2}(.+)$/m.exec(changelog) ?? [];
	return { version, maintainer, date: new Date(date) };
}

const [output = join(top, "dist"), wanted] = process.argv.slice(2);
const changelog = source("packaging/changelog");
const { version: changed, maintainer, date } = newestChange(changelog);
if (changed !== manifest.version) {
	throw new Error(`the changelog's newest version is ${changed}, package.json's ${manifest.version}`);
}
// Another version is for trying upgrades out.
const version = wanted ?? manifest.version;
const epoch = process.env["SOURCE_DATE_EPOCH"] ?? String(date.getTime() / 1_000);

const compressed = (text: string) => gzipSync(text, { level: 9 });
const program = source("dist/fsconfregger");
// The manual page comes with the package only.
const unit = replaced(
	withOurPaths("fsconfregger.service"),
	/^Description=.*$/m,
	"$&\nDocumentation=man:fsconfregger(8)",
);
/** The daemon's sandbox, without what it says of directories, for another unit. */
const [, sandbox = ""] = /^ProtectSystem=.*\n([^]*?)\n\[Install\]/m.exec(unit) ?? [];
const clear = replaced(
	source("packaging/fsconfregger-clear.service"),
	/^# @SANDBOX@$/m,
	sandbox.replaceAll(/^#.*\n/gm, ""),
);
const maintainerScript = (name: string) =>
	replaced(source(`packaging/${name}`), /^# @BY_HAND@$/m, source("packaging/by-hand").trim());
const documents = { operating: source("docs/operating.md"), script: source("docs/script.md") };
const release = {
	version,
	description: manifest.description,
	date: new Date(Number(epoch) * 1_000).toISOString().slice(0, 10),
};

const conffiles: readonly (readonly [path: string, mode: number, content: string])[] = [
	["/etc/fsconfregger/sofia-generator.sh", 0o755, source("sofia-generator.sh")],
];
const installed: readonly (readonly [path: string, mode: number, content: string | Buffer])[] = [
	...conffiles,
	// The Node.js that the package depends on, and not another that comes before it in PATH.
	["/usr/sbin/fsconfregger", 0o755, replaced(program, /^#!(\S+ -S) node /, "#!$1 /usr/bin/node ")],
	["/usr/lib/systemd/system/fsconfregger.service", 0o644, unit],
	["/usr/lib/systemd/system/fsconfregger-clear.service", 0o644, clear],
	["/usr/lib/systemd/system/freeswitch.service.d/fsconfregger.conf", 0o644, source("packaging/freeswitch.conf")],
	// postinst makes the settings of it.
	["/usr/share/fsconfregger/fsconfregger.sample", 0o644, withOurPaths("fsconfregger.sample")],
	["/usr/share/man/man8/fsconfregger.8.gz", 0o644, compressed(manPage(documents, release))],
	["/usr/share/doc/fsconfregger/changelog.gz", 0o644, compressed(changelog)],
	["/usr/share/doc/fsconfregger/copyright", 0o644, copyright(source("LICENSE"), program, join(top, "node_modules"))],
	["/usr/share/lintian/overrides/fsconfregger", 0o644, source("packaging/lintian-overrides")],
];
const size = installed.reduce((sum, [, , content]) => sum + Math.ceil(Buffer.byteLength(content) / 1_024), 0);
const control = source("packaging/control")
	.replace("@VERSION@", version)
	.replace("@MAINTAINER@", maintainer)
	.replace("@SIZE@", String(size));
const md5 = (content: string | Buffer) => createHash("md5").update(content).digest("hex");
const configurations = new Set(conffiles.map(([path]) => path));
const files: typeof installed = [
	...installed,
	["/DEBIAN/control", 0o644, control],
	["/DEBIAN/conffiles", 0o644, [...configurations, ""].join("\n")],
	[
		"/DEBIAN/md5sums",
		0o644,
		installed
			.filter(([path]) => !configurations.has(path))
			.map(([path, , content]) => `${md5(content)}  ${path.slice(1)}\n`)
			.join(""),
	],
	...["postinst", "prerm", "postrm"].map((name) => [`/DEBIAN/${name}`, 0o755, maintainerScript(name)] as const),
];

const root = mkdtempSync(join(tmpdir(), "fsconfregger-deb-"));
try {
	for (const [path, mode, content] of files) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), content);
		chmodSync(join(root, path), mode);
	}
	for (const entry of ["", ...(readdirSync(root, { recursive: true }) as string[])]) {
		const path = join(root, entry);
		if (statSync(path).isDirectory()) {
			chmodSync(path, 0o755);
		}
		lutimesSync(path, Number(epoch), Number(epoch));
	}
	mkdirSync(output, { recursive: true });
	const target = join(output, `fsconfregger_${version}_all.deb`);
	execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", root, target], {
		// One thread: how many there are shows in the bytes.
		env: { ...process.env, SOURCE_DATE_EPOCH: epoch, DPKG_DEB_THREADS_MAX: "1" },
		stdio: ["ignore", "ignore", "inherit"],
	});
	process.stdout.write(`${relative(process.cwd(), target)}\n`);
} finally {
	rmSync(root, { recursive: true });
}
