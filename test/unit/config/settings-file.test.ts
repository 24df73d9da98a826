import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { SettingsFile } from "../../../src/config/settings-file.ts";
import { type RecordingLog, recordingLog } from "../../support/recording-log.ts";

const directory = mkdtempSync(join(tmpdir(), "settings-"));
const path = join(directory, "fsconfregger");

let log: RecordingLog;

beforeEach(() => {
	log = recordingLog();
});

after(() => {
	rmSync(directory, { recursive: true, force: true });
});

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
		assert.deepEqual(file.environment, {
			PATH: "/bin",
			SIP_PASSWORD: "new s3cret",
			SIP_EXPIRES: undefined,
			SITE: "ours",
		});
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
		assert.equal(
			log.said(/cannot be read again, so those from before go on: .*ENOENT.*root:daemon, mode 0640/).length,
			1,
		);
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
		for (const [mode, warned] of [
			[0o600, 0],
			[0o640, 0],
			[0o660, 0],
			[0o644, 1],
			[0o642, 1],
			[0o666, 1],
		] as const) {
			chmodSync(path, mode);
			log.lines.length = 0;
			file.warnIfOpen();
			assert.equal(log.said(/holds passwords, and every local user has access/).length, warned, mode.toString(8));
		}
		assert.match(log.said(/./)[0] ?? "", /\(mode 0666\): chown root:daemon .*; chmod 0640 /);
		unlinkSync(path);
		log.lines.length = 0;
		file.warnIfOpen();
		assert.deepEqual(log.lines, []);
	});
});
