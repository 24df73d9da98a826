import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Setting, type SettingName, settings } from "../../../src/config/settings.ts";

const all = Object.entries(settings) as [SettingName, Setting][];

/** For each setting: values that are good, and values that are not. */
const values: Record<SettingName, { good: string[]; bad: string[] }> = {
	host: {
		good: ["localhost", "fs.example.org", "192.0.2.7", "::1", "fe80::1%eth0"],
		bad: ["", " ", "a b", "localhost\n", "http://localhost", "/run/fs.sock"],
	},
	port: {
		good: ["1", "8021", "08021", "65535"],
		bad: [
			"0",
			"65536",
			"-8021",
			"80.21",
			"8e3",
			"0x1f55",
			"8021 ",
			" 8021",
			"8021\n",
			"port",
			"٨٠٢١",
			"",
			"9".repeat(400),
		],
	},
	password: {
		good: ["ClueCon", " ", "with spaces", "-espw", "'\"$`\\", "pässwörd", "=", "x".repeat(1_000)],
		bad: ["", "a\nb", "a\r", "\u0000", "a\n\nexit"],
	},
	conf: { good: ["/etc/freeswitch/event_socket.conf.xml", "a b.xml", "-x"], bad: ["a\n", "a\u0000b"] },
	script: { good: ["./sofia-generator.sh", "/a b/c", "-x"], bad: [] },
	profile: {
		good: ["external", "external-ipv6", "my_profile.2"],
		bad: ["", "a b", "external rescan", "external\n", "[x]", "äußerlich"],
	},
	rooms: {
		good: ["[0-9]+", "\\d{5,11}", "a|b", "(x)?[0-9]+", ".*"],
		bad: ["[0-9", "(", "*", "a)|(b", "\\"],
	},
	linger: {
		good: ["0", "0.5", "5", "3600", "3600.0"],
		bad: ["-1", "3600.1", "3601", "1e3", ".5", "5.", "5s", "1,5", "Infinity", "NaN", " 5", "5\n", "", "9".repeat(400)],
	},
	resync: { good: ["1", "30", "3600"], bad: ["0", "0.9", "3601", "-30", "never"] },
	timeout: { good: ["0.1", "10", "600"], bad: ["0", "0.09", "600.1", "-1", "10 s"] },
	logLevel: {
		good: ["trace", "debug", "info", "warn", "error"],
		bad: ["", "INFO", "fatal", "silent", "info ", "information"],
	},
};

for (const [name, { byDefault, objection }] of all) {
	describe(`setting ${name}`, () => {
		for (const value of [byDefault, ...values[name].good]) {
			it(`can be ${JSON.stringify(value.slice(0, 40))}`, () => {
				assert.equal(objection(value), undefined);
			});
		}
		for (const value of values[name].bad) {
			it(`cannot be ${JSON.stringify(value.slice(0, 40))}, and says what it can be`, () => {
				assert.match(objection(value) ?? "", /^must be \S.+/);
			});
		}
	});
}

describe("the settings", () => {
	it("have a flag and a variable each, and none the same", () => {
		for (const names of [all.map(([, { flag }]) => flag), all.map(([, { variable }]) => variable)]) {
			assert.equal(new Set(names).size, all.length);
		}
	});

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
