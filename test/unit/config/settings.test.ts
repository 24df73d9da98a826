import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, describe, it } from "node:test";
import { type Setting, type SettingName, settings } from "../../../src/config/settings.ts";

const all = Object.entries(settings) as [SettingName, Setting][];

const directory = mkdtempSync(join(tmpdir(), "settings-"));
const script = join(directory, "a script");
const links = { good: join(directory, "link"), loop: join(directory, "loop"), dangling: join(directory, "dangling") };
writeFileSync(script, "#!/bin/sh\n", { mode: 0o700 });
writeFileSync(join(directory, "text"), "#!/bin/sh\n", { mode: 0o644 });
symlinkSync(script, links.good);
symlinkSync(links.loop, links.loop);
symlinkSync(join(directory, "nothing"), links.dangling);

after(() => rmSync(directory, { recursive: true, force: true }));

/** What a text becomes that means itself. */
const same = (...texts: string[]): Record<string, string> => Object.fromEntries(texts.map((text) => [text, text]));

/** Of each setting what good texts become, and texts that are not good. */
const values: Record<Exclude<SettingName, "toRoom" | "script">, { good: Record<string, unknown>; bad: string[] }> = {
	host: {
		good: {
			...same("localhost", "fs.example.org", "192.0.2.7", "::1", "fe80::1%eth0"),
			...{ "[::1]": "::1", "[fe80::1%eth0]": "fe80::1%eth0" },
		},
		bad: [
			...["[::1", "::1]", "[[::1]]", "[::1]:8021", "[]", "[localhost]"],
			"",
			" ",
			"a b",
			"localhost\n",
			"http://localhost",
			"/run/fs.sock",
		],
	},
	port: {
		good: { 1: 1, 8021: 8_021, "08021": 8_021, 65535: 65_535 },
		bad: [..."0,65536,-8021,80.21,8e3,0x1f55,8021 , 8021,8021\n,port,٨٠٢١,".split(","), "9".repeat(400)],
	},
	password: {
		good: same("ClueCon", " ", "with spaces", "-espw", "'\"$`\\", "pässwörd", "=", "x".repeat(1_000)),
		bad: ["", "a\nb", "a\r", "\u0000", "a\n\nexit"],
	},
	conf: {
		good: { ...same("", "/etc/fs.xml"), "a b.xml": join(process.cwd(), "a b.xml"), "-x": join(process.cwd(), "-x") },
		bad: ["a\n", "a\u0000b"],
	},
	profile: {
		good: same("external", "external-ipv6", "my_profile.2"),
		bad: ["", "a b", "external rescan", "external\n", "[x]", "äußerlich"],
	},
	linger: {
		good: { 0: 0, 0.5: 500, 5: 5_000, 3600: 3_600_000, "3600.0": 3_600_000 },
		bad: [..."-1;3600.1;3601;1e3;.5;5.;5s;1,5;Infinity;NaN; 5;5\n;".split(";"), "9".repeat(400)],
	},
	resync: { good: { 1: 1_000, 30: 30_000, 3600: 3_600_000 }, bad: ["0", "0.9", "3601", "-30", "never"] },
	timeout: { good: { 0.1: 100, 10: 10_000, 600: 600_000 }, bad: ["0", "0.09", "600.1", "-1", "10 s"] },
	logLevel: {
		good: same("trace", "debug", "info", "warn", "error"),
		bad: ["", "INFO", "fatal", "silent", "info ", "information"],
	},
};

for (const [name, { good, bad }] of Object.entries(values)) {
	const { parse, secret = false } = settings[name as keyof typeof values] as Setting;

	describe(`setting ${name}`, () => {
		it("is read from each text that is allowed", () =>
			assert.deepEqual(Object.fromEntries(Object.keys(good).map((text) => [text, parse(text)])), good));

		it("refuses every other text with a sentence that says what is allowed, and what came unless that is secret", () => {
			for (const text of bad) {
				const came = secret ? "" : `, not ${JSON.stringify(text)}`;
				assert.throws(
					() => parse(text),
					({ message }: Error) => message.startsWith("must be ") && message.endsWith(came) && !message.includes("\n"),
					JSON.stringify(text),
				);
			}
		});
	});
}

describe("setting toRoom", () => {
	it("tells rooms by a regular expression", () => {
		for (const pattern of ["[0-9]+", "\\d{5,11}", "a|12345", "(1)?[0-9]+", ".*"]) {
			assert.equal(settings.toRoom.parse(pattern)("12345"), "12345", pattern);
			assert.equal(settings.toRoom.parse(pattern)("echo 1"), undefined, pattern);
		}
	});

	it("refuses what is none, with the reason, in one line", () => {
		for (const pattern of ["[0-9", "(", "*", "a)|(b", "\\", "(\n"]) {
			assert.throws(() => settings.toRoom.parse(pattern), /^RangeError: must be a regular expression \(Invalid .*\)$/);
		}
	});
});

describe("setting script", () => {
	it("is the absolute path of an executable file, or of a link to one", () => {
		assert.equal(settings.script.parse(relative(process.cwd(), script)), script);
		assert.equal(settings.script.parse(links.good), links.good);
	});

	it("refuses everything else with the path and what is wrong", () => {
		for (const [path, reason] of [
			[join(directory, "missing"), "does not exist"],
			[directory, "is not a file"],
			[join(directory, "text"), "may not be executed by this user"],
			[join(script, "generator"), "cannot be looked at (ENOTDIR)"],
			[links.loop, "cannot be looked at (ELOOP)"],
			[links.dangling, "does not exist"],
		] as const) {
			const message = `must be an executable file, but ${path} ${reason}`;
			assert.throws(() => settings.script.parse(path), { message });
		}
	});
});

describe("the settings", () => {
	it("have a flag and a variable each, and none the same", () =>
		assert.equal(new Set(all.flatMap(([, { flag, variable }]) => [flag, variable])).size, 2 * all.length));

	it("keep the flags and defaults of the program that this one replaces", () => {
		const kept = [settings.host, settings.port, settings.password, settings.script];
		assert.deepEqual(
			kept.map(({ flag, byDefault }) => `-${flag} ${byDefault}`),
			["-eshost localhost", "-esport 8021", "-espw ClueCon", "-script ./sofia-generator.sh"],
		);
	});

	it("keep one secret", () => {
		assert.deepEqual(
			all.flatMap(([name, { secret }]) => (secret === true ? [name] : [])),
			["password"],
		);
	});
});
