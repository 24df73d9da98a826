/** The Debian package as a file: what it holds, and that its manual page says what the program does. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { gunzipSync } from "node:zlib";
import manifest from "../../package.json" with { type: "json" };
import { settings } from "../../src/config/settings.ts";
import { itNeeding, pathOf } from "../support/needed-tool.ts";
import { buildPackage, top } from "./package.ts";

const directory = mkdtempSync(join(tmpdir(), "package-"));
const file = join(directory, `fsconfregger_${manifest.version}_all.deb`);
const root = join(directory, "root");

const installed = (path: string) => readFileSync(join(root, path));
const dpkgDeb = (...args: string[]) => execFileSync("dpkg-deb", args, { encoding: "utf8", env: { TZ: "UTC" } });

before(() => {
	buildPackage(directory);
	if (pathOf("dpkg-deb") !== undefined) {
		dpkgDeb("--extract", file, root);
	}
});

after(() => {
	rmSync(directory, { recursive: true });
});

describe("the Debian package", () => {
	itNeeding(["dpkg-deb"], "is the same, byte for byte, whoever builds it and when", () => {
		const elsewhere = mkdtempSync(join(directory, "elsewhere-"));
		buildPackage(elsewhere, manifest.version, { TZ: "Pacific/Auckland", LC_ALL: "C.UTF-8", TMPDIR: directory });
		assert.ok(readFileSync(file).equals(readFileSync(file.replace(directory, elsewhere))));
	});

	itNeeding(["dpkg-deb", "lintian"], "is clean under lintian", () => {
		const flags = ["--allow-root", "--display-info", "--pedantic", "--fail-on=error,warning,info,pedantic"];
		const { status, stdout } = spawnSync("lintian", [...flags, file], { encoding: "utf8" });
		assert.deepEqual({ status, stdout }, { status: 0, stdout: "" });
	});

	itNeeding(
		["dpkg-deb"],
		"holds the program, the unit, the manual, and as a conffile the script, which may be changed",
		() => {
			const files = [...dpkgDeb("--contents", file).matchAll(/^-(\S+) (\S+) +\d+ \S+ \S+ \.(.*)$/gm)];
			assert.deepEqual(files.map(([, ...words]) => words.join(" ")).sort(), [
				"rw-r--r-- root/root /usr/lib/systemd/system/freeswitch.service.d/fsconfregger.conf",
				"rw-r--r-- root/root /usr/lib/systemd/system/fsconfregger-clear.service",
				"rw-r--r-- root/root /usr/lib/systemd/system/fsconfregger.service",
				"rw-r--r-- root/root /usr/share/doc/fsconfregger/changelog.gz",
				"rw-r--r-- root/root /usr/share/doc/fsconfregger/copyright",
				"rw-r--r-- root/root /usr/share/fsconfregger/fsconfregger.sample",
				"rw-r--r-- root/root /usr/share/lintian/overrides/fsconfregger",
				"rw-r--r-- root/root /usr/share/man/man8/fsconfregger.8.gz",
				"rwxr-xr-x root/root /etc/fsconfregger/sofia-generator.sh",
				"rwxr-xr-x root/root /usr/sbin/fsconfregger",
			]);
			assert.equal(dpkgDeb("--info", file, "conffiles"), "/etc/fsconfregger/sofia-generator.sh\n");
			const fields = dpkgDeb("--field", file, "Version", "Architecture", "Depends");
			assert.ok(fields.includes(`Version: ${manifest.version}\nArchitecture: all\n`));
			assert.match(fields, /^Depends: .*\bnodejs \(>= 20\)/m);
		},
	);

	itNeeding(["dpkg-deb"], "has its own paths in the unit and in the settings, and names the manual in the unit", () => {
		const unit = installed("/usr/lib/systemd/system/fsconfregger.service").toString();
		assert.match(unit, /^ExecStart=\/usr\/sbin\/fsconfregger$/m);
		assert.match(unit, /^Documentation=man:fsconfregger\(8\)$/m);
		const sample = installed("/usr/share/fsconfregger/fsconfregger.sample").toString();
		assert.match(sample, /^GENERATOR_SCRIPT=\/etc\/fsconfregger\/sofia-generator\.sh$/m);
		assert.doesNotMatch(unit + sample, /usr\/local/);
		const clear = installed("/usr/lib/systemd/system/fsconfregger-clear.service").toString();
		const sandbox = (text: string) => text.match(/^(?:NoNew|Capab|Private|Restrict|SystemCall|Lock).*/gm);
		assert.deepEqual(sandbox(clear), sandbox(unit));
		const program = installed("/usr/sbin/fsconfregger").toString();
		assert.match(program, /^#!\/usr\/bin\/env -S \/usr\/bin\/node --no-opt /);
	});
});

describe("the unit that removes gateways", () => {
	itNeeding(["dpkg-deb", "systemd-analyze"], "passes systemd's own check", (_, analyze = "") => {
		const unit = join(root, "usr/lib/systemd/system/fsconfregger-clear.service");
		const args = ["verify", "--man=no", "--recursive-errors=no", unit];
		const { status, stderr } = spawnSync(analyze, args, { encoding: "utf8" });
		assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
	});
});

describe("the manual page", () => {
	itNeeding(["dpkg-deb", "man"], "says of every setting what the program and the documents say", () => {
		const page = "/usr/share/man/man8/fsconfregger.8.gz";
		const { stdout, stderr } = spawnSync("man", ["--warnings", "--local-file", join(root, page)], {
			env: { ...process.env, MANWIDTH: "2000", LC_ALL: "C.UTF-8", MAN_KEEP_FORMATTING: "", PAGER: "cat" },
			encoding: "utf8",
		});
		assert.equal(stderr, "");
		const said = new Set(stdout.split("\n").map((line) => line.trim()));
		const all = Object.values(settings);
		for (const { variable, flag, byDefault } of all) {
			const isSaid = [...said].some((line) => line.startsWith(`${variable}, -${flag}`) && line.includes(byDefault));
			assert.ok(isSaid, variable);
		}
		const operating = readFileSync(join(top, "docs/operating.md"), "utf8");
		const [, section = ""] = /\n## Settings\n([^]*?)\n## /.exec(operating) ?? [];
		const documented = [...section.matchAll(/^- `[A-Z_]+`[^]*?: ([^]*?)(?=\n- |\n\n)/gm)];
		assert.ok(documented.length > all.length, "the script's settings are among them");
		for (const [, meaning = ""] of documented) {
			const words = meaning.replaceAll("`", "").replaceAll(/\s+/g, " ");
			assert.ok(said.has(words), words);
		}
		const [, registrar = ""] = operating.split("\n## The registrar\n");
		const code = [...registrar.matchAll(/^ *```\w*\n([^]*?)^ *```$/gm)].flatMap(([, lines = ""]) => lines.split("\n"));
		const unsaid = code.filter((line) => !said.has(line.trim()));
		assert.deepEqual(unsaid, []);
		assert.match(gunzipSync(installed(page)).toString(), /^\.SH EXIT STATUS$/m);
	});
});
