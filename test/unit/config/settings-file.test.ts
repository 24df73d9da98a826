import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { assignments, SettingsFile } from "../../../src/config/settings-file.ts";
import { environmentFiles } from "../../fixtures/environment-files.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";
import "../../support/seed.ts";

const directory = mkdtempSync(join(tmpdir(), "settings-"));
const path = join(directory, "fsconfregger");

let log: RecordingLog;

beforeEach(() => {
	log = recordingLog();
});

after(() => rmSync(directory, { recursive: true, force: true }));

function write(...lines: string[]): void {
	writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
	chmodSync(path, 0o640);
}

/** The daemon is started with what the file holds. */
function started(environment: Record<string, string> = {}): SettingsFile {
	return new SettingsFile(path, { PATH: "/bin", SIP_PASSWORD: "old s3cret", ...environment }, log);
}

describe("the settings file", () => {
	it("makes the environment that a start would have: changed, added and taken out", () => {
		write("SIP_PASSWORD='old s3cret'", "SIP_EXPIRES=120");
		const file = started({ SIP_EXPIRES: "120" });
		assert.deepEqual(file.environment, { PATH: "/bin", SIP_PASSWORD: "old s3cret", SIP_EXPIRES: "120" });
		write("SIP_PASSWORD='new s3cret'", "SITE=ours");
		file.read();
		const changed = { PATH: "/bin", SIP_PASSWORD: "new s3cret", SIP_EXPIRES: undefined, SITE: "ours" };
		assert.deepEqual(file.environment, changed);
		write("SIP_EXPIRES=60");
		file.read();
		assert.deepEqual(file.environment, { PATH: "/bin", SIP_PASSWORD: undefined, SIP_EXPIRES: "60" });
		assert.deepEqual(log.lines, []);
	});

	it("that cannot be read changes nothing, and that is said with what to do", () => {
		write("SIP_PASSWORD='old s3cret'");
		const file = started();
		const before = file.environment;
		unlinkSync(path);
		file.read();
		assert.deepEqual(file.environment, before);
		const told = log.said(/cannot be read again, so the old ones stay in force: .*ENOENT.*root:daemon, mode 0640/);
		assert.equal(told.length, 1);
		const never = new SettingsFile(path, { SIP_PASSWORD: "old s3cret" }, log);
		assert.deepEqual(never.environment, { SIP_PASSWORD: "old s3cret" });
	});

	it("tells which of the daemon's own settings were changed in it, since they take a restart, and no value", () => {
		write("LINGER=5", "RESYNC=30", "EVENTSOCKET_PASSWORD=s3cret", "SIP_PASSWORD='old s3cret'");
		const file = started({ LINGER: "5", RESYNC: "30", EVENTSOCKET_PASSWORD: "s3cret" });
		write("LINGER=7", "EVENTSOCKET_PASSWORD=n3w-s3cret", "SIP_PASSWORD=x", "LOG_LEVEL=");
		file.read();
		assert.deepEqual(log.said(/./), [
			`EVENTSOCKET_PASSWORD, LINGER, RESYNC in ${path}: such a change takes a restart of the daemon; a reload is for the script's settings`,
		]);
	});

	it("that every local user can read or write is warned of", () => {
		write("A=1");
		const file = started();
		for (const mode of [0o600, 0o640, 0o660, 0o644, 0o642, 0o666]) {
			chmodSync(path, mode);
			file.warn();
		}
		assert.deepEqual(
			log.said(/holds passwords, and every local user has access/).map((line) => /\(mode \d+\)/.exec(line)?.[0]),
			["(mode 0644)", "(mode 0642)", "(mode 0666)"],
		);
		assert.match(log.said(/./)[0] ?? "", /: chown root:daemon .*; chmod 0640 /);
		unlinkSync(path);
		log.lines.length = 0;
		file.warn();
		assert.deepEqual(log.lines, []);
	});

	it("tells the names of the variables that it sets", () => {
		write("SIP_PASSWORD='old s3cret'", "export A=1", "B=", "# C=1");
		const file = started();
		assert.deepEqual([...file.names], ["SIP_PASSWORD", "B"]);
		write("D=1");
		file.read();
		assert.deepEqual([...file.names], ["D"]);
	});

	it("is warned of where systemd understands a line otherwise than a shell: at the start, and at a reload if that is new", () => {
		const ignored = (line: number, name: string) =>
			`line ${line} of ${path}: systemd ignores ${name}, because of the word export before it; remove that word`;
		const kept = (line: number, name: string) =>
			`line ${line} of ${path}: the # and what follows are part of the value of ${name}; put a comment on a line of its own, or such a value into quotes`;
		write(
			"# A comment",
			"",
			"export SIP_PASSWORD='new s3cret'",
			"  export\tSIP_ACCOUNT = s3cret",
			"EXPIRES=60 # s3cret",
		);
		const file = started();
		assert.deepEqual(log.lines, []);
		file.warn();
		const atStart = [ignored(3, "SIP_PASSWORD"), ignored(4, "SIP_ACCOUNT"), kept(5, "EXPIRES")];
		assert.deepEqual(log.said(/./), atStart);
		write("# A comment", "", "export SIP_PASSWORD='n3wer s3cret'", "SIP_ACCOUNT=1", "B='s3", "cret'\t# s3cret");
		file.read();
		assert.deepEqual(log.said(/./), [...atStart, kept(5, "B")]);
		assert.ok(log.lines.every(({ level }) => level === "warn"));
		write("A=1");
		file.read();
		assert.equal(log.lines.length, 4);
		write("", "", "export SIP_PASSWORD=x");
		file.read();
		assert.equal(log.lines.length, 5);
	});

	for (const line of [
		...["A=a#b", "A=#b", "A=a\\ #b", "A=a \\#b", "A='a #b'", 'A="a # b"', "A='a'#b", "# export A=1 # so", "; A=1 # so"],
		...["export A", "A=export B=1", "exported=1", "A=one \\\n# two", "1 # a=b # c", 'A="a\n#b"'],
	]) {
		it(`is not warned of where nothing is odd: ${JSON.stringify(line)}`, () => {
			write(line);
			started().warn();
			assert.deepEqual(log.lines, []);
		});
	}

	for (const { what, text, means } of environmentFiles) {
		it(`is understood as systemd does: ${what}`, () => assert.deepEqual(Object.fromEntries(assignments(text)), means));
	}

	it("gives every value back that is written as the sample says", () => {
		const line = fc.string({ unit: "grapheme" }).filter((value) => !/[\n\r\0]/.test(value));
		fc.assert(
			fc.property(line, (value) => {
				const quoted = value.includes("'") ? `"${value.replace(/["\\`$]/g, "\\$&")}"` : `'${value}'`;
				assert.equal(assignments(`BEFORE=1\nSIP_PASSWORD=${quoted}\nAFTER=2\n`).get("SIP_PASSWORD"), value);
			}),
		);
	});

	it("comes to an end whatever is in it, and keeps to names that can be variables", () => {
		const pieces = fc.constantFrom("A", "b1", "=", "'", '"', "\\", "\n", "\r", " ", "\t", "#", ";", "$", "`", "ä");
		fc.assert(
			fc.property(fc.array(pieces, { maxLength: 60 }), (all) => {
				for (const name of assignments(all.join("")).keys()) {
					assert.match(name, /^[A-Za-z_]\w*$/);
				}
			}),
			{ numRuns: 2_000 },
		);
	});

	it("is read from the shipped sample as it stands there", () => {
		const sample = readFileSync(join(import.meta.dirname, "../../../fsconfregger.sample"), "utf8");
		const expected = [...sample.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
		assert.ok(expected.length > 3);
		assert.deepEqual([...assignments(sample, (line, what) => assert.ok(false, `${line}: ${what}`))], expected);
	});
});
