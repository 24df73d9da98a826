/** The script as a real process. Its time passes on a simulated clock, while processes do what they do in their own. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Action, GeneratorFailed } from "../../src/generator/generator.ts";
import { Script } from "../../src/generator/script.ts";
import { startScript } from "../../src/generator/script-process.ts";
import { room } from "../support/observations.ts";
import { isAlive, stateOf } from "../support/processes.ts";
import { type RecordingLog, recordingLog } from "../support/recording-log.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { eventually } from "../support/until.ts";

const places = 4;

const path = process.env["PATH"] ?? "/usr/bin:/bin";

let directory: string;
let clock: SimulatedClock;
let log: RecordingLog;
let scripts: Script[];

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "generator-"));
	mkdirSync(join(directory, "pids"));
	clock = new SimulatedClock();
	log = recordingLog();
	scripts = [];
});

afterEach(async () => {
	// What a failed test has left behind, and what has left its process group.
	for (const pid of pids()) {
		if (isAlive(pid)) {
			process.kill(pid, "SIGKILL");
		}
		await gone(pid);
	}
	for (const made of scripts) {
		await stop(made);
	}
	rmSync(directory, { recursive: true, force: true });
});

/**
 * A script of these lines. `D` is the test's directory. `note NAME PID` records a process's id, so that the test can
 * watch that process and end it.
 */
function script(...lines: string[]): string {
	const start = ["#!/bin/sh", `D='${directory}'`, 'note() { echo "$2" > "$D/tmp.$2" && mv "$D/tmp.$2" "$D/pids/$1"; }'];
	return file([...start, ...lines].join("\n"), 0o755);
}

function file(text: string, mode: number): string {
	const name = join(directory, "script");
	writeFileSync(name, `${text}\n`, { mode });
	return name;
}

function generator(name: string, environment: Record<string, string | undefined> = {}): Script {
	const made = new Script({
		script: name,
		timeout: 10_000,
		environment: { PATH: path, ...environment },
		places,
		start: startScript,
		clock,
		log,
	});
	scripts.push(made);
	return made;
}

/** A run that is under way. */
interface Run {
	isOver: boolean;
	/** What it ended with, unless that was a success. */
	error: unknown;
}

function start(from: Script, name = "12345", action: Action = "write", urgent = true): Run {
	const run: Run = { isOver: false, error: undefined };
	from.run(room(name), action, urgent).then(
		() => {
			run.isOver = true;
		},
		(error: unknown) => {
			run.error = error;
			run.isOver = true;
		},
	);
	return run;
}

/** What happens while a test waits: nothing, or time passes, in which a run looks whether its process group is empty. */
const nothing = () => Promise.resolve();
const timePasses = () => clock.advance(20);

/** The error that a run ends with, undefined after a success. */
async function outcomeOf(run: Run, meanwhile = nothing): Promise<GeneratorFailed | undefined> {
	await eventually(async () => {
		await meanwhile();
		return run.isOver;
	}, "the run ended");
	assert.ok(run.error === undefined || run.error instanceof GeneratorFailed, String(run.error));
	return run.error;
}

async function succeeds(run: Run): Promise<void> {
	assert.equal(await outcomeOf(run), undefined);
}

/** The error of a run that fails. */
async function failureOf(run: Run, meanwhile = nothing): Promise<GeneratorFailed> {
	const error = await outcomeOf(run, meanwhile);
	assert.ok(error, "it succeeded");
	return error;
}

/** Waits until a generator has stopped, with time passing. */
async function stop(from: Script): Promise<void> {
	let stopped = false;
	void from.stop().then(() => {
		stopped = true;
	});
	await eventually(async () => {
		await timePasses();
		return stopped;
	}, "the generator stopped");
}

const read = (name: string) => readFileSync(join(directory, name), "utf8");

/** The ids of all processes that were noted. */
function pids(): number[] {
	return readdirSync(join(directory, "pids")).map((name) => Number(read(`pids/${name}`)));
}

/** The id of a noted process, as soon as it is. */
async function pid(name: string): Promise<number> {
	await eventually(() => existsSync(join(directory, "pids", name)), `${name} was started`);
	return Number(read(`pids/${name}`));
}

/** Resolves when a process has ended. */
async function gone(pid: number): Promise<void> {
	await eventually(() => !isAlive(pid), `process ${pid} ended`);
}

/** Resolves when a child of this process has ended and its exit status has been collected. */
async function reaped(pid: number): Promise<void> {
	await eventually(() => stateOf(pid) === "", `process ${pid} was reaped`);
}

describe("a run of the script", () => {
	it("succeeds if the script exits with 0, and its output is told at debug level", async () => {
		const name = script("echo to stdout", "echo to stderr >&2");
		await succeeds(start(generator(name), "1", "remove"));
		const output = log.lines[0]?.fields["output"];
		assert.ok(["to stdout\nto stderr", "to stderr\nto stdout"].includes(String(output)));
		assert.deepEqual(log.lines, [
			{
				level: "debug",
				fields: { room: "1", action: "remove", took: 0, exitCode: 0, output },
				sentence: `${name} 1 del ran for 0 ms: ${String(output)}`,
			},
		]);
		assert.equal(clock.timers, 0);
	});

	for (const [action, args] of [
		["write", ["07974"]],
		["remove", ["07974", "del"]],
	] as const) {
		it(`to ${action} has exactly the arguments ${args.join(" ")}`, async () => {
			await succeeds(start(generator(script('printf "%s\\n" $# "$@" > "$D/args"')), "07974", action));
			assert.equal(read("args"), [args.length, ...args, ""].join("\n"));
		});
	}

	it("has exactly the environment that it is given, and none of the daemon's", async () => {
		const environment = { SIP_REGISTRAR: "sip.example.org", EMPTY: "", UNSET: undefined, LINES: "a\nb" };
		await succeeds(start(generator(script('cat "/proc/$$/environ" > "$D/environ"'), environment)));
		// While coverage is measured, Node adds a variable of its own to every child's environment.
		const seen = read("environ").replace(/NODE_V8_COVERAGE=[^\0]*\0/, "");
		assert.deepEqual(
			seen.split("\0").sort(),
			["", `PATH=${path}`, "SIP_REGISTRAR=sip.example.org", "EMPTY=", "LINES=a\nb"].sort(),
		);
	});

	it("reads /dev/null as its input", async () => {
		await succeeds(start(generator(script('cat > "$D/input"', 'readlink "/proc/$$/fd/0" > "$D/name"'))));
		assert.deepEqual([read("input"), read("name")], ["", "/dev/null\n"]);
	});

	it("is not held up by ten megabytes of output, of which the last lines are kept", async () => {
		const name = script("head -c 10000000 /dev/zero | tr '\\0' 'x'", "echo", "echo end of it >&2", "exit 4");
		const { output, message, exitCode } = await failureOf(start(generator(name)));
		assert.equal(exitCode, 4);
		assert.match(output, /^x+\nend of it$/);
		assert.ok(output.length <= 4_096 && message.length < 5_000);
	});
});

describe("a run that fails", () => {
	const failing: [what: string, lines: string[], exitCode: number, told: string[]][] = [
		["nothing more where the script says nothing", ["exit 1"], 1, []],
		[
			"the last five lines of what the script says",
			["for n in 1 2 3 4 5 6; do echo line $n; done", "echo 'no registrar set' >&2", "exit 3"],
			3,
			["line 3", "line 4", "line 5", "line 6", "no registrar set"],
		],
		[
			"control characters so that no terminal obeys them",
			["printf 'one\\033[2J\\007 two\\302\\2330m\\r\\nthree\\177'", "exit 1"],
			1,
			["one\\x1b[2J\\x07 two\\x9b0m\\x0d", "three\\x7f"],
		],
	];
	for (const [what, lines, exitCode, told] of failing) {
		it(`tells the exit code, and ${what}, in the sentence and as facts`, async () => {
			const name = script(...lines);
			const error = await failureOf(start(generator(name)));
			const { signal, output } = error;
			assert.deepEqual([error.exitCode, signal, output], [exitCode, undefined, told.join("\n")]);
			const said = told.length === 0 ? "" : `: ${told.join(" | ")}`;
			assert.equal(error.message, `${name} 12345 exited with ${exitCode}${said}`);
			assert.equal(clock.timers, 0);
		});
	}

	it("tells by which signal the script was ended", async () => {
		for (const signal of ["KILL", "SEGV", "TERM"]) {
			const error = await failureOf(start(generator(script(`kill -${signal} $$`))));
			assert.deepEqual([error.exitCode, error.signal], [undefined, `SIG${signal}`]);
			assert.match(error.message, new RegExp(`12345 was ended by SIG${signal}$`));
		}
	});

	const unrunnable: [what: string, make: () => string, code: string][] = [
		["is not there", () => join(directory, "missing"), "ENOENT"],
		["is not executable", () => file("#!/bin/sh", 0o644), "EACCES"],
		["is a directory", () => directory, "EACCES"],
		["needs an interpreter that is not there", () => file("#!/no/such/interpreter", 0o755), "ENOENT"],
		["lies below a file", () => join(file("", 0o755), "script"), "ENOTDIR"],
	];
	for (const [what, make, code] of unrunnable) {
		it(`tells the system's error for a script that ${what}`, async () => {
			const name = make();
			const error = await failureOf(start(generator(name)));
			assert.equal(error.message, `${name} 12345 could not be run (${code})`);
			assert.deepEqual([error.exitCode, error.signal, error.output], [undefined, undefined, ""]);
			assert.equal(clock.timers, 0);
		});
	}

	it("fails only as the script says that has no #!, since the system's shell runs it", async () => {
		const error = await failureOf(start(generator(file("echo $# $1; exit 7", 0o755))));
		assert.deepEqual([error.exitCode, error.output], [7, "1 12345"]);
	});
});

describe("a secret in the environment", () => {
	/** Everything that is told of a run in this environment that prints what `lines` print, and fails. */
	async function toldOf(environment: Record<string, string>, ...lines: string[]): Promise<string> {
		const error = await failureOf(start(generator(script(...lines, "exit 1"), environment)));
		return [error.message, error.output, JSON.stringify(log.lines), String(error.stack)].join("\n");
	}

	for (const name of ["SIP_PASSWORD", "DB_PASSWD", "API_TOKEN", "CLIENT_SECRET", "sip_password"]) {
		it(`is masked in what the script prints: ${name}`, async () => {
			const told = await toldOf({ [name]: "hunter2" }, `echo "password='hunter2'"`, `echo "hunter2hunter2" >&2`);
			assert.ok(!told.includes("hunter2"));
			assert.ok(told.includes("password='***'"));
		});
	}

	for (const [secret, quoted] of [
		["hunter2", "hunter2"],
		["hunter's2", "'hunter'\\''s2'"],
		["hunter 2", "'hunter 2'"],
		["hunter$2", "'hunter$2'"],
		['hunter"2', "'hunter\"2'"],
		["hunter\\2", "'hunter\\2'"],
		["hunter\t2", "'hunter\t2'"],
	] as const) {
		it(`is masked under set -x, by whichever shell: ${JSON.stringify(secret)}`, async () => {
			const traced = ["set -x", 'test "$SIP_PASSWORD" = x', "set +x"];
			const asBash = ["cat <<'END'", `+ test ${quoted} = x`, "END"];
			const told = await toldOf({ SIP_PASSWORD: secret }, ...traced, ...asBash);
			assert.doesNotMatch(told, /hunter|s2/);
			assert.match(told, /\+ (test|\[) '?\*\*\*'? = x.*\+ test '?\*\*\*'? = x/);
		});
	}

	for (const [what, environment, line, fragment] of [
		[
			"it begins with another",
			{ A_PASSWORD: "hunter", B_PASSWORD: "hunter2andmore" },
			"echo $B_PASSWORD $A_PASSWORD",
			"2andmore",
		],
		[
			"the kept part of the output begins amid it",
			{ SIP_PASSWORD: "hunter2andmore" },
			'printf "%s%04089d" "$SIP_PASSWORD" 0',
			"andmore",
		],
	] as const) {
		it(`is masked if ${what}`, async () => {
			assert.ok(!(await toldOf(environment, line)).includes(fragment));
		});
	}

	it("that is empty masks nothing, and no other setting is masked", async () => {
		const told = await toldOf({ SIP_PASSWORD: "", SIP_REGISTRAR: "sip.example.org" }, "echo $SIP_REGISTRAR");
		assert.ok(told.includes("sip.example.org") && !told.includes("***"));
	});
});

describe("a script that does not end", () => {
	const forEver = "while :; do sleep 0.01; done";

	it("is given its time, then ended with the processes it has started", async () => {
		const name = script("sleep 1000 & note child $!", "note script $$", "wait");
		const run = start(generator(name));
		const processes = [await pid("script"), await pid("child")];
		await clock.advance(9_999);
		assert.deepEqual([run.isOver, ...processes.map(isAlive)], [false, true, true]);
		await clock.advance(1);
		await Promise.all(processes.map(gone));
		const { message } = await failureOf(run, timePasses);
		assert.equal(message, `${name} 12345 took longer than 10 s and was ended`);
		assert.equal(clock.timers, 0);
	});

	it("gets SIGTERM before SIGKILL, and its last lines are kept", async () => {
		const name = script("trap 'echo cleaned up; exit 0' TERM", "note script $$", forEver);
		const run = start(generator(name));
		const leader = await pid("script");
		await clock.advance(10_000);
		await reaped(leader);
		const { message, output, exitCode } = await failureOf(run, timePasses);
		assert.ok(message.startsWith(`${name} 12345 took longer than 10 s and was ended: `));
		assert.match(output, /cleaned up$/);
		assert.equal(exitCode, 0);
	});

	it("gets SIGKILL 0.5 s later if it ignores SIGTERM", async () => {
		const run = start(generator(script("trap '' TERM", "note script $$", forEver)));
		const leader = await pid("script");
		await clock.advance(10_499);
		assert.deepEqual([run.isOver, isAlive(leader)], [false, true]);
		await clock.advance(1);
		await gone(leader);
		const { message, signal } = await failureOf(run, timePasses);
		assert.match(message, /took longer than 10 s and was ended$/);
		assert.equal(signal, "SIGKILL");
	});

	it("keeps its place until its last child is gone, which has as long to clean up as itself", async () => {
		const child = `( trap 'echo bye > "$D/said"; exit' TERM; ${forEver} ) > /dev/null 2>&1 & note child $!`;
		const run = start(generator(script(child, "note script $$", "wait")));
		const leader = await pid("script");
		const polite = await pid("child");
		await clock.advance(10_000);
		await Promise.all([reaped(leader), gone(polite)]);
		assert.match((await failureOf(run, timePasses)).message, /was ended$/);
		assert.equal(read("said"), "bye\n");
	});

	it("is ended with a child that ignores SIGTERM and holds the output", async () => {
		const child = `( trap '' TERM; : > "$D/ignores"; ${forEver} ) & note child $!`;
		const run = start(generator(script("note script $$", child, "wait")));
		const leader = await pid("script");
		const stubborn = await pid("child");
		await eventually(() => existsSync(join(directory, "ignores")), "the child ignores SIGTERM");
		await clock.advance(10_000);
		await reaped(leader);
		await clock.advance(499);
		assert.deepEqual([run.isOver, isAlive(stubborn)], [false, true]);
		await clock.advance(20);
		await gone(stubborn);
		assert.match((await failureOf(run, timePasses)).message, /was ended$/);
	});

	it("is not waited for any longer where a child that has left its group holds the output", async () => {
		const run = start(generator(script("setsid sleep 1000 & note child $!", "note script $$", "wait")));
		const leader = await pid("script");
		await pid("child");
		await clock.advance(10_000);
		await reaped(leader);
		assert.match((await failureOf(run, timePasses)).message, /was ended$/);
	});
});

describe("a script that leaves a process behind", () => {
	for (const [what, last, exitCode, output, redirected] of [
		["has it ended where that has closed its output, and has succeeded", "echo done", 0, "done", "> /dev/null 2>&1"],
		["has it ended where that holds its output, and has succeeded", "echo done", 0, "done", ""],
		["has failed if it says so", "echo no; exit 5", 5, "no", ""],
	] as const) {
		it(what, async () => {
			const run = start(generator(script(`sleep 1000 ${redirected} & note child $!`, "note script $$", last)));
			await reaped(await pid("script"));
			await gone(await pid("child"));
			assert.equal((await outcomeOf(run, timePasses))?.exitCode ?? 0, exitCode);
			assert.equal(log.lines[0]?.fields["output"], output);
			assert.equal(clock.timers, 0);
		});
	}

	it("does not wait until somebody collects that one's exit status", async () => {
		// The parent has left the group, and collects nobody.
		const parent = "( sleep 1000 & note child $!; exec setsid sleep 1000 ) > /dev/null 2>&1 & note parent $!";
		const run = start(generator(script(parent, 'until [ -e "$D/pids/child" ]; do sleep 0.01; done', "note script $$")));
		await reaped(await pid("script"));
		assert.equal(await outcomeOf(run, timePasses), undefined);
		assert.equal(stateOf(await pid("child")), "Z");
		assert.ok(Number(log.lines[0]?.fields["took"]) < 1_000);
	});

	it("does not wait for one that has left its group and holds the output", async () => {
		const run = start(generator(script("setsid sleep 1000 & note child $!", "note script $$")));
		await reaped(await pid("script"));
		assert.equal(await outcomeOf(run, timePasses), undefined);
	});
});

describe("runs at the same time", () => {
	/** Goes on until the test creates `end.ROOM`, and exits with the room's number. */
	const held = () => script('note "$1" $$', 'until [ -e "$D/end.$1" ]; do sleep 0.01; done', 'exit "$1"');

	function end(name: string): void {
		writeFileSync(join(directory, `end.${name}`), "");
	}

	it("are as many as there are places, and the next begins when one has ended", async () => {
		const runs = generator(held());
		const names = Array.from({ length: places + 3 }, (_, index) => String(index));
		const all = names.map((name) => start(runs, name));
		for (const [index, run] of all.entries()) {
			const expected = Math.min(names.length, places + index);
			await eventually(() => pids().length >= expected, `${expected} have begun`);
			assert.equal(pids().filter(isAlive).length, Math.min(places, names.length - index));
			end(String(index));
			// Each fails or not as its own script says.
			assert.equal((await outcomeOf(run))?.exitCode ?? 0, index);
		}
		assert.equal(pids().length, names.length);
	});

	it("leave half of the places to urgent ones where they are not urgent", async () => {
		const runs = generator(held());
		const patient = ["10", "11", "12", "13"];
		const urgent = ["90", "91"];
		const all = [
			...patient.map((name) => start(runs, name, "write", false)),
			...urgent.map((name) => start(runs, name, "write", true)),
		];
		await eventually(() => pids().length >= places, "all places are taken");
		assert.deepEqual(readdirSync(join(directory, "pids")).sort(), [...patient.slice(0, places / 2), ...urgent]);
		[...patient, ...urgent].forEach(end);
		await Promise.all(all.map((run) => outcomeOf(run)));
	});
});

describe("stopping", () => {
	it("ends everything that runs with its children, starts nothing that waits, and leaves no process", async () => {
		const runs = generator(script("trap '' TERM", 'sleep 1000 & note "child.$1" $!', 'note "script.$1" $$', "wait"));
		const running = Array.from({ length: places }, (_, index) => String(100 + index));
		const waiting = ["900", "901"];
		const all = [...running, ...waiting].map((name) => start(runs, name));
		const processes = await Promise.all(running.flatMap((name) => [pid(`script.${name}`), pid(`child.${name}`)]));
		await stop(runs);
		const errors = await Promise.all(all.map((run) => failureOf(run)));
		assert.deepEqual(
			errors.map(({ signal, message }) => signal ?? / was not run, the daemon is stopping$/.test(message)),
			[...running.map(() => "SIGKILL"), ...waiting.map(() => true)],
		);
		await Promise.all(processes.map(gone));
		assert.deepEqual([pids().length, clock.timers], [2 * places, 0]);
	});

	it("gives what runs 0.5 s to clean up, also where its output is redirected", async () => {
		const lines = [`exec > "$D/output" 2>&1`, "trap 'sleep 0.05; echo bye; exit 1' TERM", "note script $$"];
		const runs = generator(script(...lines, "while :; do sleep 0.01; done"));
		const run = start(runs);
		const leader = await pid("script");
		const stopped = runs.stop();
		await reaped(leader);
		await failureOf(run, timePasses);
		await stopped;
		assert.match(read("output"), /bye\n$/);
	});

	it("does not wait for a process that has left its group and holds the output", async () => {
		const runs = generator(script("setsid sleep 1000 & note child $!", "note script $$", "wait"));
		const run = start(runs);
		const leader = await pid("script");
		const stopped = stop(runs);
		await reaped(leader);
		await stopped;
		await failureOf(run);
	});

	it("runs nothing any more", async () => {
		const runs = generator(script('note "$1" $$'));
		await stop(runs);
		for (const urgent of [false, true]) {
			assert.match((await failureOf(start(runs, "1", "remove", urgent))).message, / 1 del was not run/);
		}
		assert.deepEqual(pids(), []);
	});

	it("is done at once where nothing runs", async () => {
		await stop(generator(script("exit 0")));
	});
});
