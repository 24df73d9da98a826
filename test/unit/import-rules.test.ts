/** That each rule of .ci/import-rules.js bites: what is planted here is written by hand, and nothing is taken from the table. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ESLint, Linter } from "eslint";
import { parser } from "typescript-eslint";

const top = join(import.meta.dirname, "../..");
const { default: rules, importRules } = (await import(`${top}/.ci/import-rules.js`)) as {
	default: Linter.Config[];
	importRules: readonly { readonly why: string }[];
};
const linter = new Linter({ cwd: top });

/** What is reported of this text in this file. */
function reported(file: string, code: string): string[] {
	const config = [{ files: ["**/*.ts"], languageOptions: { parser } }, ...rules] as Linter.Config[];
	return linter.verify(code, config, { filename: join(top, file) }).map(({ message }) => message);
}

/** What is refused, and the start of the only reason for which it is. */
const refused: readonly [file: string, code: string, why: string][] = [
	["src/room.ts", 'import { resolve } from "node:path";', "room imports nothing of ours"],
	["src/clock.ts", 'import type { Log } from "./log/log.ts";', "clock, backoff and plan"],
	["src/backoff.ts", 'import type { Clock } from "./clock.ts";', "clock, backoff and plan"],
	["src/controller/plan.ts", 'import type { Room } from "../room.ts";', "clock, backoff and plan"],
	["src/freeswitch/commands.ts", 'import fc from "fast-check";', "a pure file"],
	["src/freeswitch/events.ts", 'import type { Clock } from "../clock.ts";', "a pure file"],
	["src/freeswitch/frames.ts", 'import { Buffer } from "node:buffer";', "a pure file"],
	["src/systemd/status.ts", 'import type { Log } from "../log/log.ts";', "a pure file"],
	["src/log/text.ts", 'import { Troubles } from "./troubles.ts";', "a pure file"],
	["src/log/log.ts", 'import { waitAfter } from "../backoff.ts";', "log/"],
	["src/log/new.ts", 'export { settings } from "../config/settings.ts";', "log/"],
	["src/config/settings.ts", 'import { accessOf } from "../freeswitch/access.ts";', "config/"],
	["src/config/command-line.ts", 'import type { AccessOptions } from "../freeswitch/access.ts";', "config/"],
	["src/config/new.ts", 'import { Script } from "../generator/script.ts";', "config/"],
	["src/config/new.ts", 'export * from "../controller/plan.ts";', "config/"],
	["src/freeswitch/access.ts", 'import { settings } from "../config/settings.ts";', "freeswitch/"],
	["src/freeswitch/session.ts", 'import { Notices } from "../systemd/notify.ts";', "freeswitch/"],
	["src/freeswitch/commands.ts", 'import type { Step } from "../controller/plan.ts";', "freeswitch/"],
	["src/freeswitch/new.ts", 'type Action = import("../generator/generator.ts").Action;', "freeswitch/"],
	["src/generator/script.ts", 'import { ask } from "../freeswitch/event-socket.ts";', "generator/"],
	["src/generator/new.ts", 'import { nextStep } from "../controller/plan.ts";', "generator/"],
	["src/controller/apply.ts", 'import { openEventSocket } from "../freeswitch/session.ts";', "controller/"],
	["src/controller/passes.ts", 'import { Connection } from "../freeswitch/connection.ts";', "controller/"],
	["src/controller/new.ts", 'import { accessOf } from "../freeswitch/access.ts";', "controller/"],
	["src/controller/apply.ts", 'import { GeneratorFailed } from "../generator/script.ts";', "controller/"],
	["src/controller/new.ts", 'import { execute } from "../generator/script-process.ts";', "controller/"],
	["src/controller/reconciler.ts", 'import type { Config } from "../config/command-line.ts";', "controller/"],
	["src/controller/reconciler.ts", 'import { whenLost } from "../systemd/status.ts";', "controller/"],
	["src/systemd/notify.ts", 'import { settings } from "../config/settings.ts";', "systemd/ needs"],
	["src/systemd/status.ts", 'import type { Room } from "../room.ts";', "systemd/ needs"],
	["src/systemd/status.ts", 'import { Unreachable } from "../freeswitch/errors.ts";', "systemd/ tells"],
	["src/systemd/new.ts", 'import { type Step } from "../controller/plan.ts";', "systemd/ tells"],
	["src/controller/new.ts", 'import { Daemon } from "../daemon.ts";', "only main.ts imports"],
	["src/daemon.ts", 'import "./main.ts";', "only main.ts imports"],
	["src/main.ts", 'import { until } from "../test/support/until.ts";', "the program"],
	["src/new.ts", 'import { manPage } from "../packaging/man-page.ts";', "the program"],
	["src/freeswitch/connection.ts", 'import { FreeSwitchClient } from "esl";', "only src/freeswitch/session.ts"],
	["test/bench/new.ts", 'const esl = await import("esl");', "only src/freeswitch/session.ts"],
	["src/freeswitch/session.ts", 'import { Parser } from "htmlparser2";', "only src/freeswitch/access.ts"],
	["src/main.ts", 'import { Command } from "commander";', "only src/config/command-line.ts"],
	["src/generator/script.ts", 'import { execa } from "execa";', "only src/generator/script-process.ts"],
	["src/log/troubles.ts", 'import { pino } from "pino";', "only src/log/log.ts knows pino:"],
	["src/main.ts", 'import { prettyFactory } from "pino-pretty";', "only src/log/log.ts knows pino-pretty:"],
	["src/generator/script-process.ts", 'import { spawn } from "node:child_process";', "processes are started"],
	["src/main.ts", 'import { execFile } from "child_process";', "processes are started"],
	["src/main.ts", 'import { argv } from "node:process";', "only main.ts touches this process, and"],
	["src/generator/script.ts", 'import { kill } from "process";', "only main.ts touches this process, and"],
	["test/stand-in/registrar/new.ts", 'import { roomOf } from "../../../src/room.ts";', "the stand-in"],
	["test/stand-in/new.ts", 'import type { Frame } from "../../src/freeswitch/frames.ts";', "the stand-in"],
	["test/unit/new.test.ts", 'import { createServer } from "node:net";', "unit tests"],
	["test/unit/log/new.test.ts", 'import { fork } from "node:child_process";', "unit tests"],
	["test/unit/new.test.ts", 'import { get } from "http";', "unit tests"],
	["test/unit/new.test.ts", 'import { site } from "../chaos/site.ts";', "what all tests stand on"],
	["test/stand-in/new.ts", 'import { container } from "../system/nspawn.ts";', "what all tests stand on"],
	["test/support/new.ts", 'import { table } from "../bench/table.ts";', "what all tests stand on"],
	["test/fixtures/new.ts", 'import "../integration/log.test.ts";', "what all tests stand on"],
	["src/generator/script-process.ts", "process.kill(1);", "Unexpected use of 'process'. only main.ts"],
	["src/log/log.ts", "globalThis.process.exit();", "Unexpected use of 'process'. only main.ts"],
	["src/controller/new.ts", 'const room = "1" as Room;', "only room.ts makes a Room"],
];

const allowed: readonly [file: string, code: string][] = [
	["src/log/log.ts", 'import { pino } from "pino"; import { fstatSync } from "node:fs"; import "./text.ts";'],
	["src/config/command-line.ts", 'import { Command } from "commander"; import { roomsMatching } from "../room.ts";'],
	[
		"src/freeswitch/commands.ts",
		'import { excerpt } from "../log/text.ts"; import { waitAfter } from "../backoff.ts";',
	],
	["src/freeswitch/session.ts", 'import { FreeSwitchResponse } from "esl"; import { connect } from "node:net";'],
	["src/freeswitch/access.ts", 'import { Parser } from "htmlparser2"; import type { Clock } from "../clock.ts";'],
	["src/generator/script-process.ts", 'import { execa } from "execa"; import { kill } from "node:process";'],
	["src/generator/script-process.ts", 'import type { ChildProcess } from "node:child_process";'],
	[
		"src/controller/apply.ts",
		'import { rescan } from "../freeswitch/commands.ts"; import "../generator/script-runs.ts";',
	],
	["src/controller/apply.ts", 'import { GeneratorFailed } from "../generator/generator.ts";'],
	["src/systemd/notify.ts", 'import { execFile } from "node:child_process"; import type { Clock } from "../clock.ts";'],
	["src/systemd/status.ts", 'import type { Standing } from "../controller/reconciler.ts";'],
	["src/main.ts", 'import { Daemon } from "./daemon.ts"; process.exit();'],
	["src/room.ts", 'export const room = "1" as Room;'],
	["test/simulation/daemon.ts", 'import { Daemon } from "../../src/daemon.ts";'],
	[
		"test/stand-in/new.ts",
		'import { systemClock } from "../../src/clock.ts"; import { createServer } from "node:net";',
	],
	["test/unit/new.test.ts", 'import { StandIn } from "../stand-in/stand-in.ts"; const room = "1" as Room;'],
	["test/integration/new.test.ts", 'import { spawn } from "node:child_process"; import process from "node:process";'],
];

describe("the import rules", () => {
	for (const [file, code, why] of refused) {
		it(`refuse in ${file}: ${code}`, () => {
			// An import is named before the reason.
			const [message = "", ...more] = reported(file, code).map((text) => text.replace(/^\S+: /, ""));
			assert.ok(message.startsWith(why), message);
			assert.deepEqual(more, []);
		});
	}

	it("let everything else pass", () => {
		for (const [file, code] of allowed) {
			assert.deepEqual(reported(file, code), [], `${file}: ${code}`);
		}
	});

	it("are all among these", () => {
		const messages = refused.flatMap(([file, code]) => reported(file, code));
		for (const { why } of importRules) {
			assert.ok(
				messages.some((message) => message.endsWith(`: ${why}`)),
				why,
			);
		}
	});

	it("are in force where the program and its tests are linted", async () => {
		const eslint = new ESLint({ cwd: top, overrideConfigFile: join(top, ".ci/eslint.config.js") });
		for (const file of [
			"src/log/log.ts",
			"src/controller/plan.ts",
			"test/unit/room.test.ts",
			"test/stand-in/stand-in.ts",
		]) {
			const { rules: inForce } = (await eslint.calculateConfigForFile(join(top, file))) as Linter.Config;
			assert.deepEqual(inForce?.["ours/imports"], [2], file);
			const others = [inForce["no-restricted-globals"], inForce["no-restricted-syntax"]];
			assert.equal(others.every(Array.isArray), file.startsWith("src/"), file);
		}
	});
});
