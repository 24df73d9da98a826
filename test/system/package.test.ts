/** The Debian package as a file: what it holds, and that its manual page says what the program does. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import manifest from "../../package.json" with { type: "json" };
import { type Setting, settings } from "../../src/config/settings.ts";
import { itNeeding } from "../support/needed-tool.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const shipped = (name: string) => readFileSync(join(top, name), "utf8");
const all: readonly Setting[] = Object.values(settings);
const name = `fsconfregger_${manifest.version}_all.deb`;

let directory: string;

/** Builds the package into a directory of its own. */
function build(output: string, environment: Readonly<Record<string, string>> = {}): string {
	execFileSync(process.execPath, ["--import", "tsx", join(top, "packaging/build.ts"), output], {
		cwd: top,
		env: { ...process.env, ...environment },
		stdio: ["ignore", "ignore", "inherit"],
	});
	return join(output, name);
}

before(() => {
	directory = mkdtempSync(join(tmpdir(), "package-"));
});

after(() => {
	rmSync(directory, { recursive: true });
});

describe("the Debian package", () => {
	itNeeding(["dpkg-deb"], "is the same, byte for byte, whoever builds it and when", () => {
		const [here, elsewhere] = [
			build(join(directory, "here")),
			build(join(directory, "elsewhere"), { TZ: "Pacific/Auckland", LC_ALL: "C.UTF-8", TMPDIR: directory }),
		];
		assert.ok(readFileSync(here).equals(readFileSync(elsewhere)));
	});

	itNeeding(["dpkg-deb", "lintian"], "is clean under lintian", () => {
		const file = build(join(directory, "lintian"));
		const flags = ["--allow-root", "--display-info", "--pedantic", "--fail-on=error,warning,info,pedantic"];
		const { status, stdout } = spawnSync("lintian", [...flags, file], { encoding: "utf8" });
		assert.deepEqual({ status, stdout }, { status: 0, stdout: "" });
	});

	itNeeding(["dpkg-deb"], "holds the program, the unit, the manual, and what may be changed as conffiles", () => {
		const file = build(join(directory, "contents"));
		const listing = execFileSync("dpkg-deb", ["--contents", file], { encoding: "utf8", env: { TZ: "UTC" } });
		const files = [...listing.matchAll(/^-(\S+) (\S+) +\d+ \S+ \S+ \.(.*)$/gm)].map(([, ...words]) => words.join(" "));
		assert.deepEqual(files.sort(), [
			"rw-r----- root/root /etc/default/fsconfregger",
			"rw-r--r-- root/root /usr/lib/systemd/system/fsconfregger.service",
			"rw-r--r-- root/root /usr/share/doc/fsconfregger/changelog.gz",
			"rw-r--r-- root/root /usr/share/doc/fsconfregger/copyright",
			"rw-r--r-- root/root /usr/share/lintian/overrides/fsconfregger",
			"rw-r--r-- root/root /usr/share/man/man8/fsconfregger.8.gz",
			"rwxr-xr-x root/root /etc/fsconfregger/sofia-generator.sh",
			"rwxr-xr-x root/root /usr/sbin/fsconfregger",
		]);
		assert.equal(
			execFileSync("dpkg-deb", ["--info", file, "conffiles"], { encoding: "utf8" }),
			"/etc/default/fsconfregger\n/etc/fsconfregger/sofia-generator.sh\n",
		);
		const field = (key: string) => execFileSync("dpkg-deb", ["--field", file, key], { encoding: "utf8" }).trim();
		assert.deepEqual([field("Version"), field("Architecture")], [manifest.version, "all"]);
		assert.match(field("Depends"), /\bnodejs \(>= 20\)/);
	});

	itNeeding(["dpkg-deb"], "has its own paths in the unit and in the settings, and the manual in the unit", () => {
		const root = join(directory, "root");
		execFileSync("dpkg-deb", ["--extract", build(join(directory, "paths")), root]);
		const installed = (path: string) => readFileSync(join(root, path), "utf8");
		const unit = installed("/usr/lib/systemd/system/fsconfregger.service");
		assert.match(unit, /^ExecStart=\/usr\/sbin\/fsconfregger$/m);
		assert.match(unit, /^Documentation=man:fsconfregger\(8\)$/m);
		const sample = installed("/etc/default/fsconfregger");
		assert.match(sample, /^GENERATOR_SCRIPT=\/etc\/fsconfregger\/sofia-generator\.sh$/m);
		assert.doesNotMatch(unit + sample, /usr\/local/);
		assert.match(installed("/usr/sbin/fsconfregger"), /^#!\/usr\/bin\/env -S \/usr\/bin\/node --no-opt /);
	});
});

describe("the manual page", () => {
	itNeeding(["dpkg-deb", "man"], "says of every setting what the program and the documents say", () => {
		const root = join(directory, "manual");
		execFileSync("dpkg-deb", ["--extract", build(root), root]);
		const page = join(root, "usr/share/man/man8/fsconfregger.8.gz");
		const { stdout, stderr } = spawnSync("man", ["--warnings", "--local-file", page], {
			env: { ...process.env, MANWIDTH: "2000", LC_ALL: "C.UTF-8", MAN_KEEP_FORMATTING: "", PAGER: "cat" },
			encoding: "utf8",
		});
		assert.equal(stderr, "");
		const said = new Set(stdout.split("\n").map((line) => line.trim()));
		for (const { variable, flag, byDefault } of all) {
			assert.ok(
				[...said].some((line) => line.startsWith(`${variable}, -${flag}`) && line.includes(byDefault)),
				variable,
			);
		}
		const operating = shipped("docs/operating.md");
		const [, section = ""] = /\n## Settings\n([^]*?)\n## /.exec(operating) ?? [];
		const documented = [...section.matchAll(/^- `[A-Z_]+`[^]*?: ([^]*?)(?=\n- |\n\n)/gm)];
		assert.ok(documented.length > all.length, "the script's settings are among them");
		for (const [, meaning = ""] of documented) {
			const words = meaning.replaceAll("`", "").replaceAll(/\s+/g, " ");
			assert.ok(said.has(words), words);
		}
		const [, registrar = ""] = operating.split("\n## The registrar\n");
		const code = [...registrar.matchAll(/^ *```\w*\n([^]*?)^ *```$/gm)].flatMap(([, lines = ""]) => lines.split("\n"));
		assert.deepEqual(
			code.filter((line) => !said.has(line.trim())),
			[],
		);
		assert.match(gunzipSync(readFileSync(page)).toString(), /^\.SH EXIT STATUS$/m);
	});
});
