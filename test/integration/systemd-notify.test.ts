/** The program systemd-notify, in whose place one stands that writes down what it is given. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { lastWords, sendBy } from "../../src/systemd/notify.ts";

const directory = mkdtempSync(join(tmpdir(), "systemd-"));
const record = join(directory, "record");
const PATH = `${directory}:/usr/bin:/bin`;
const listening = { PATH, NOTIFY_SOCKET: "/run/notify", SIP_PASSWORD: "s3cret" };

function program(...lines: string[]): void {
	rmSync(join(directory, "systemd-notify"), { force: true });
	writeFileSync(join(directory, "systemd-notify"), ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o700 });
}

after(() => rmSync(directory, { recursive: true, force: true }));

describe("systemd-notify", () => {
	it("is run with the socket, and with nothing else of the environment", async () => {
		program(`printf '%s,' "$@" >${record}`, `env >>${record}`);
		await sendBy(listening)?.(["READY=1", "STATUS=a b"]);
		const [, lines = ""] = /^READY=1,STATUS=a b,([^]*)$/.exec(readFileSync(record, "utf8")) ?? [];
		assert.match(lines, /^NOTIFY_SOCKET=\/run\/notify$/m);
		assert.doesNotMatch(lines, /s3cret/);
	});

	it("that fails is an error", async () => {
		program("echo 'Failed to notify' >&2; exit 1");
		await assert.rejects(async () => sendBy(listening)?.(["READY=1"]), /Failed to notify/);
		await assert.rejects(async () => sendBy({ ...listening, PATH: "/nowhere" })?.(["READY=1"]), { code: "ENOENT" });
	});

	it("is waited for by the last words, which do not mind where it fails", () => {
		program(`printf '%s' "$*" >${record}`);
		lastWords(listening, "LINGER must be\na number");
		assert.equal(readFileSync(record, "utf8"), "STATUS=LINGER must be a number");
		program("exit 1");
		lastWords(listening, "x");
		lastWords({ ...listening, PATH: "/nowhere" }, "x");
	});

	it("is not run where nobody listens", () => {
		assert.equal(sendBy({ PATH }), undefined);
		assert.equal(sendBy({ PATH, NOTIFY_SOCKET: "" }), undefined);
		program(`echo run >${record}`);
		writeFileSync(record, "");
		lastWords({ PATH }, "x");
		assert.equal(readFileSync(record, "utf8"), "");
	});
});
