import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { RunLimit } from "../../src/generator/process-group.ts";
import { type Action, GeneratorFailed, Script } from "../../src/generator/script.ts";
import { type Room, roomsMatching } from "../../src/room.ts";
import { itNeeding } from "../support/needed-tool.ts";
import { type RecordingLog, recordingLog } from "../support/recording-log.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";

const toRoom = roomsMatching("[0-9]+");

function room(name: string): Room {
	const found = toRoom(name);
	assert.ok(found);
	return found;
}

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
	// What a failed test has left behind, and what is out of the generator's reach.
	for (const pid of pids()) {
		if (isAlive(pid)) {
			process.kill(pid, "SIGKILL");
		}
		await gone(pid);
	}
	for (const made of scripts) {
		const stopped = stop(made);
		await clock.advance(1_000);
		await stopped;
	}
	rmSync(directory, { recursive: true, force: true });
});

/**
 * A script of these lines. `D` is the test's directory. `note NAME PID` leaves a process's id behind, so that the test
 * knows it, and sees to its end.
 */
function script(...lines: string[]): string {
	const start = ["#!/bin/sh", `D='${directory}'`, 'note() { echo "$2" > "$D/tmp.$2" && mv "$D/tmp.$2" "$D/pids/$1"; }'];
	return file([...start, ...lines].join("\n"), 0o755);
}

function file(text: string, mode: number): string {
	const name = join(directory, "script");
	writeFileSync(name, `${text}\n`);
	chmodSync(name, mode);
	return name;
}

function generator(name: string, environment: Record<string, string | undefined> = {}): Script {
	const made = new Script({ script: name, timeout: 10_000, environment: { PATH: path, ...environment }, clock, log });
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

/** The error that a run ends with, undefined after a success. */
async function outcomeOf(run: Run): Promise<GeneratorFailed | undefined> {
	await eventually(() => run.isOver, "the run ended");
	assert.ok(run.error === undefined || run.error instanceof GeneratorFailed, String(run.error));
	return run.error;
}

async function succeeds(run: Run): Promise<void> {
	assert.equal(await outcomeOf(run), undefined);
}

/** The error of a run that fails. */
async function failureOf(run: Run): Promise<GeneratorFailed> {
	const error = await outcomeOf(run);
	assert.ok(error, "it succeeded");
	return error;
}

/** Waits until a generator has stopped. */
async function stop(from: Script): Promise<void> {
	let stopped = false;
	void from.stop().then(() => {
		stopped = true;
	});
	await eventually(() => stopped, "the generator stopped");
}

/** Waits for what processes do, of which nobody tells; looks often, and gives up only where a test would hang. */
async function eventually(condition: () => boolean, what: string): Promise<void> {
	const end = performance.now() + 20_000;
	while (!condition()) {
		assert.ok(performance.now() < end, `it did not happen that ${what}`);
		await new Promise((resolve) => {
			setTimeout(resolve, 2);
		});
	}
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

/** The state letter of a process, undefined if there is none. */
function stateOf(pid: number): string | undefined {
	try {
		return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
	} catch {
		return undefined;
	}
}

/** Whether a process runs; one that has ended and whose parent has not looked does not. */
const isAlive = (pid: number) => !/^[ZX]?$/.test(stateOf(pid) ?? "");

/** Resolves when a process has ended. */
async function gone(pid: number): Promise<void> {
	await eventually(() => !isAlive(pid), `process ${pid} ended`);
}

/** Resolves when a process of ours has ended and we have been told so. */
async function reaped(pid: number): Promise<void> {
	await eventually(() => stateOf(pid) === undefined, `process ${pid} was reaped`);
}

describe("a run of the script", () => {
	it("succeeds if the script exits with 0, whatever that prints", async () => {
		const run = start(generator(script("echo to stdout", "echo to stderr >&2")));
		await succeeds(run);
		assert.equal(clock.timers, 0);
	});

	for (const [action, args] of [
		["write", ["07974"]],
		["remove", ["07974", "del"]],
	] as const) {
		it(`to ${action} has exactly the arguments ${args.join(" ")}`, async () => {
			const run = start(generator(script('printf "%s\\n" $# "$@" > "$D/args"')), "07974", action);
			await succeeds(run);
			assert.equal(read("args"), [args.length, ...args, ""].join("\n"));
		});
	}

	it("has exactly the environment that it is given, and none of the daemon's", async () => {
		const environment = { SIP_REGISTRAR: "sip.example.org", EMPTY: "", UNSET: undefined, LINES: "a\nb" };
		const run = start(generator(script('cat "/proc/$$/environ" > "$D/environ"'), environment));
		await succeeds(run);
		assert.deepEqual(
			read("environ").split("\0").sort(),
			["", `PATH=${path}`, "SIP_REGISTRAR=sip.example.org", "EMPTY=", "LINES=a\nb"].sort(),
		);
	});

	it("has no input to wait for", async () => {
		const run = start(generator(script('cat > "$D/input"', 'readlink "/proc/$$/fd/0" > "$D/name"')));
		await succeeds(run);
		assert.deepEqual([read("input"), read("name")], ["", "/dev/null\n"]);
	});

	it("is not held up by ten megabytes of output, of which the last lines are kept", async () => {
		const name = script("head -c 10000000 /dev/zero | tr '\\0' 'x'", "echo", "echo end of it >&2", "exit 4");
		const { output, message, exitCode } = await failureOf(start(generator(name)));
		assert.equal(exitCode, 4);
		assert.match(output, /^x+\nend of it$/);
		assert.ok(output.length <= 4_096 && message.length < 5_000);
	});

	it("is told at debug level", async () => {
		const name = script("echo done");
		await succeeds(start(generator(name), "1", "remove"));
		assert.deepEqual(log.lines, [
			{
				level: "debug",
				fields: { room: "1", action: "remove", took: 0, exitCode: 0, output: "done" },
				sentence: `${name} 1 del ran for 0 ms: done`,
			},
		]);
	});
});

describe("a run that fails", () => {
	it("tells the exit code and the last lines, in the sentence and as facts", async () => {
		const name = script("for n in 1 2 3 4 5 6; do echo line $n; done", "echo 'no registrar set' >&2", "exit 3");
		const error = await failureOf(start(generator(name)));
		const last = ["line 3", "line 4", "line 5", "line 6", "no registrar set"];
		assert.deepEqual(
			[error.room, error.exitCode, error.signal, error.output],
			["12345", 3, undefined, last.join("\n")],
		);
		assert.equal(error.message, `${name} 12345 exited with 3: ${last.join(" | ")}`);
		assert.equal(clock.timers, 0);
	});

	it("tells control characters so that no terminal obeys them", async () => {
		const name = script("printf 'one\\033[2J\\007 two\\302\\2330m\\r\\nthree\\177'", "exit 1");
		const error = await failureOf(start(generator(name)));
		assert.equal(error.output, "one\\x1b[2J\\x07 two\\x9b0m\\x0d\nthree\\x7f");
		assert.equal(error.message, `${name} 12345 exited with 1: ${error.output.replace("\n", " | ")}`);
	});

	it("tells the exit code of a script that says nothing", async () => {
		const name = script("exit 1");
		assert.equal((await failureOf(start(generator(name), "1", "remove"))).message, `${name} 1 del exited with 1`);
	});

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
		it(`tells that a script cannot be run which ${what}`, async () => {
			const name = make();
			const error = await failureOf(start(generator(name)));
			assert.equal(error.message, `${name} 12345 could not be run (${code})`);
			assert.deepEqual([error.exitCode, error.signal, error.output], [undefined, undefined, ""]);
			assert.equal(clock.timers, 0);
		});
	}

	it("does not fail only for want of #!, where the system's shell runs such a script", async () => {
		const error = await failureOf(start(generator(file("echo $# $1; exit 7", 0o755))));
		assert.deepEqual([error.exitCode, error.output], [7, "1 12345"]);
	});

	it("has no hold on the next one", async () => {
		const runs = generator(script('[ "$1" = 1 ] || exit 1'));
		await failureOf(start(runs, "2"));
		await succeeds(start(runs, "1"));
	});
});

describe("secrets of the environment", () => {
	/** Everything that is told of a run in this environment that prints what `lines` print, and fails. */
	async function toldOf(environment: Record<string, string>, ...lines: string[]): Promise<string> {
		const error = await failureOf(start(generator(script(...lines, "exit 1"), environment)));
		return [error.message, error.output, JSON.stringify(log.lines), String(error.stack)].join("\n");
	}

	for (const name of ["SIP_PASSWORD", "DB_PASSWD", "API_TOKEN", "CLIENT_SECRET", "sip_password"]) {
		it(`such as ${name} are told to nobody, even if the script prints them`, async () => {
			const told = await toldOf({ [name]: "hunter2" }, `echo "password='hunter2'"`, `echo "hunter2hunter2" >&2`);
			assert.ok(!told.includes("hunter2"));
			assert.ok(told.includes("password='***'"));
		});
	}

	it("are told to nobody under set -x", async () => {
		const told = await toldOf({ SIP_PASSWORD: "hunter2" }, "set -x", `test "$SIP_PASSWORD" = x`);
		assert.match(told, /\+ (test|\[) '?\*\*\*'? = x/);
		assert.ok(!told.includes("hunter2"));
	});

	it("are told to nobody if one begins with another", async () => {
		const told = await toldOf({ A_PASSWORD: "hunter", B_PASSWORD: "hunter2andmore" }, "echo $B_PASSWORD $A_PASSWORD");
		assert.ok(!told.includes("2andmore"));
	});

	it("are told to nobody if the kept part of the output begins amid one", async () => {
		const told = await toldOf({ SIP_PASSWORD: "hunter2andmore" }, 'printf "%s%04089d" "$SIP_PASSWORD" 0');
		assert.ok(!told.includes("andmore"));
	});

	for (const secret of ["hunter's2", "hunter 2", "hunter$2", 'hunter"2', "hunter\\2", "hunter\t2"]) {
		itNeeding(
			["bash"],
			`such as ${JSON.stringify(secret)} are told to nobody though bash quotes them`,
			async (bash = "") => {
				const name = file(`#!${bash}\nset -x\ntest "$SIP_PASSWORD" = x`, 0o755);
				const { output, message } = await failureOf(start(generator(name, { SIP_PASSWORD: secret })));
				assert.doesNotMatch(output + message, /hunter/);
			},
		);
	}

	it("do not blot out anything else, and empty ones nothing at all", async () => {
		const told = await toldOf({ SIP_PASSWORD: "", SIP_REGISTRAR: "sip.example.org" }, "echo $SIP_REGISTRAR");
		assert.ok(told.includes("sip.example.org") && !told.includes("***"));
	});
});

describe("a script that does not end", () => {
	it("is given its time, then ended with the processes it has started", async () => {
		const name = script("sleep 1000 & note child $!", "note script $$", "wait");
		const run = start(generator(name));
		const processes = [await pid("script"), await pid("child")];
		await clock.advance(9_999);
		assert.deepEqual([run.isOver, ...processes.map(isAlive)], [false, true, true]);
		await clock.advance(1);
		const error = await failureOf(run);
		assert.equal(error.message, `${name} 12345 took longer than 10 s and was ended`);
		await Promise.all(processes.map(gone));
		assert.equal(clock.timers, 0);
	});

	it("is asked to end before it is forced to, and what it says last is told", async () => {
		const name = script("trap 'echo cleaned up; exit 0' TERM", "note script $$", "while :; do sleep 0.01; done");
		const run = start(generator(name));
		await pid("script");
		await clock.advance(10_000);
		const error = await failureOf(run);
		assert.ok(error.message.startsWith(`${name} 12345 took longer than 10 s and was ended: `));
		assert.match(error.output, /cleaned up$/);
		assert.equal(error.exitCode, 0);
	});

	it("is forced to end 0.5 s later if it will not", async () => {
		const run = start(generator(script("trap '' TERM", "note script $$", "while :; do sleep 0.01; done")));
		const leader = await pid("script");
		await clock.advance(10_499);
		assert.deepEqual([run.isOver, isAlive(leader)], [false, true]);
		await clock.advance(1);
		const error = await failureOf(run);
		assert.match(error.message, /took longer than 10 s and was ended$/);
		assert.equal(error.signal, "SIGKILL");
		await gone(leader);
	});

	it("is ended with a child that ignores SIGTERM and holds the output", async () => {
		const child = "sh -c 'trap \"\" TERM; while :; do sleep 0.01; done' & note child $!";
		const run = start(generator(script("note script $$", child, "wait")));
		const leader = await pid("script");
		const stubborn = await pid("child");
		await eventually(() => /^SigIgn:\t\S*[4-7c-f]\S{3}$/m.test(status(stubborn)), "the child ignores SIGTERM");
		await clock.advance(10_000);
		await reaped(leader);
		assert.equal(isAlive(stubborn), true);
		await clock.advance(100);
		assert.match((await failureOf(run)).message, /was ended$/);
		await gone(stubborn);
	});

	it("is waited for no longer though a child that has left its group holds the output", async () => {
		const run = start(generator(script("setsid sleep 1000 & note child $!", "note script $$", "wait")));
		const leader = await pid("script");
		await pid("child");
		await clock.advance(10_000);
		await reaped(leader);
		await clock.advance(100);
		assert.match((await failureOf(run)).message, /was ended$/);
	});
});

/** What the system tells of a process. */
function status(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/status`, "utf8");
	} catch {
		return "";
	}
}

describe("a process that even SIGKILL does not end, as when it hangs in a file system", () => {
	/** A process that never exits, and whose number nobody has. */
	const immortal = () => Object.assign(new EventEmitter(), { pid: undefined, stdout: null, stderr: null });

	it("is given up 0.5 s after that, having had its time", async () => {
		const limit = new RunLimit(immortal() as unknown as ChildProcess, 10_000, clock);
		let givenUp = false;
		void limit.givenUp.then(() => {
			givenUp = true;
		});
		await clock.advance(10_999);
		assert.deepEqual([givenUp, limit.exceeded], [false, true]);
		await clock.advance(1);
		assert.equal(givenUp, true);
	});

	it("is given up 0.5 s after the generator has been stopped", async () => {
		const limit = new RunLimit(immortal() as unknown as ChildProcess, 10_000, clock);
		limit.kill();
		await clock.advance(500);
		await limit.givenUp;
		assert.deepEqual([limit.exceeded, clock.timers], [false, 0]);
	});
});

describe("a script that leaves a process behind", () => {
	it("has it ended at once if that has closed its output", async () => {
		const run = start(generator(script("sleep 1000 > /dev/null 2>&1 & note child $!")));
		await succeeds(run);
		await gone(await pid("child"));
		assert.equal(clock.timers, 0);
	});

	it("has it ended 0.1 s later if that holds its output, and has succeeded", async () => {
		const run = start(generator(script("sleep 1000 & note child $!", "note script $$", "echo done")));
		await reaped(await pid("script"));
		const child = await pid("child");
		await clock.advance(99);
		assert.deepEqual([run.isOver, isAlive(child)], [false, true]);
		await clock.advance(1);
		await succeeds(run);
		await gone(child);
		assert.equal(log.lines[0]?.fields["output"], "done");
	});

	it("has failed if it says so, whatever it has left behind", async () => {
		const run = start(generator(script("sleep 1000 & note child $!", "note script $$", "echo no", "exit 5")));
		await reaped(await pid("script"));
		await clock.advance(100);
		const error = await failureOf(run);
		assert.deepEqual([error.exitCode, error.output], [5, "no"]);
		await gone(await pid("child"));
	});

	it("is not waited for if that has left its group and holds the output", async () => {
		const run = start(generator(script("setsid sleep 1000 & note child $!", "note script $$")));
		await reaped(await pid("script"));
		await clock.advance(100);
		await succeeds(run);
	});
});

describe("many runs", () => {
	const cores = availableParallelism();

	/** Runs until the test creates `end.ROOM`; tells in `count.ROOM` how many run when it starts. */
	const held = () =>
		script(
			'mkdir "$D/run.$1"',
			'set -- "$1" "$D"/run.*',
			'echo $(($# - 1)) > "$D/count.$1"',
			'note "$1" $$',
			'until [ -e "$D/end.$1" ]; do sleep 0.01; done',
			'rmdir "$D/run.$1"',
		);

	const started = () => readdirSync(join(directory, "pids")).sort();

	function end(name: string): void {
		writeFileSync(join(directory, `end.${name}`), "");
	}

	it("are two for each core at a time, and the next one starts when one has ended", async () => {
		const runs = generator(held());
		const names = Array.from({ length: 2 * cores + 3 }, (_, index) => String(100 + index));
		const all = names.map((name) => start(runs, name));
		await eventually(() => started().length >= 2 * cores, "all places are taken");
		for (const [index, run] of all.entries()) {
			end(names[index] ?? "");
			await succeeds(run);
			await eventually(() => started().length >= Math.min(names.length, 2 * cores + index + 1), "the next one runs");
		}
		const counts = names.map((name) => Number(read(`count.${name}`)));
		assert.equal(Math.max(...counts), 2 * cores);
	});

	it("leave half of the places to others where they are not urgent", async () => {
		const runs = generator(held());
		const patient = Array.from({ length: 2 * cores + 2 }, (_, index) => String(100 + index));
		const others = Array.from({ length: cores }, (_, index) => String(900 + index));
		const all = [
			...patient.map((name) => start(runs, name, "write", false)),
			...others.map((name) => start(runs, name, "write", true)),
		];
		await eventually(() => started().length >= 2 * cores, "all places are taken");
		assert.deepEqual(started(), [...patient.slice(0, cores), ...others]);
		for (const name of [...patient, ...others]) {
			end(name);
		}
		await Promise.all(all.map(succeeds));
		assert.equal(started().length, all.length);
	});

	it("use all places where all are urgent", async () => {
		const runs = generator(held());
		const names = Array.from({ length: 2 * cores }, (_, index) => String(100 + index));
		const all = names.map((name) => start(runs, name));
		await eventually(() => started().length === 2 * cores, "all places are taken");
		names.forEach(end);
		await Promise.all(all.map(succeeds));
	});

	it("take the failures of each other's scripts for nobody else's", async () => {
		const runs = generator(script('exit "$1"'));
		const codes = Array.from({ length: 4 * cores }, (_, index) => index % 3);
		const all = codes.map((code) => start(runs, String(code)));
		const failures = await Promise.all(all.map(outcomeOf));
		assert.deepEqual(
			failures.map((error) => error?.exitCode ?? 0),
			codes,
		);
	});
});

describe("runs that wait for a place while others succeed", () => {
	const places = 2 * availableParallelism();
	const busy = Array.from({ length: places }, (_, index) => String(100 + index));
	const waiting = Array.from({ length: 3 * places }, (_, index) => String(500 + index));

	/**
	 * Has all places taken, lets `waiting` wait, and then ends those that hold the places.
	 * @param lines what the script does for those that wait
	 * @param took ms that the first ones take
	 */
	async function burst(lines: readonly string[], took = 0, environment: Record<string, string> = {}) {
		const name = script(
			'case "$1" in 1??) note "$1" $$; until [ -e "$D/go" ]; do sleep 0.01; done; exit 0 ;; esac',
			'mkdir -p "$D/runs" && mktemp "$D/runs/$1.$PPID.XXXXXX" > /dev/null',
			...lines,
		);
		const runs = generator(name, environment);
		const first = busy.map((room) => start(runs, room));
		await Promise.all(busy.map(pid));
		const rest = waiting.map((room, index) => start(runs, room, index % 2 === 0 ? "write" : "remove"));
		await clock.advance(took);
		writeFileSync(join(directory, "go"), "");
		await Promise.all(first.map(succeeds));
		return { name, runs, rest };
	}

	/** The rooms that were run, and the processes that ran them. */
	const runs = () =>
		readdirSync(join(directory, "runs")).map((name) => {
			const [room = "", parent = ""] = name.split(".");
			return { room, parent };
		});

	it("share processes, each with its own arguments, the environment and no input", async () => {
		const { rest } = await burst(
			['{ echo $# "$@" "$SIP_REGISTRAR"; readlink "/proc/$$/fd/0"; cat; } > "$D/told.$1"'],
			0,
			{ SIP_REGISTRAR: "sip.example.org" },
		);
		await Promise.all(rest.map(succeeds));
		assert.deepEqual(
			waiting.map((room) => read(`told.${room}`)),
			waiting.map((room, index) => `${index % 2 === 0 ? `1 ${room}` : `2 ${room} del`} sip.example.org\n/dev/null\n`),
		);
		assert.deepEqual(
			runs()
				.map(({ room }) => room)
				.sort(),
			waiting,
		);
		assert.ok(new Set(runs().map(({ parent }) => parent)).size < waiting.length);
		assert.ok(!runs().every(({ parent }) => parent === String(process.pid)));
		assert.equal(clock.timers, 0);
	});

	it("are told at debug level, without secrets", async () => {
		const { name, rest } = await burst(['echo "$SIP_PASSWORD"'], 0, { SIP_PASSWORD: "hunter2" });
		await Promise.all(rest.map(succeeds));
		const sentences = log.lines.map(({ sentence }) => sentence);
		assert.ok(sentences.some((sentence) => sentence.startsWith(`${name} ran for 3 rooms in 0 ms: ***`)));
		assert.ok(!JSON.stringify(log.lines).includes("hunter2"));
	});

	it("get processes of their own where a run takes long", async () => {
		const { rest } = await burst(['until [ -e "$D/end" ]; do sleep 0.01; done'], 150);
		await eventually(() => runs().length === places, "all places are taken");
		assert.deepEqual([...new Set(runs().map(({ parent }) => parent))], [String(process.pid)]);
		writeFileSync(join(directory, "end"), "");
		await Promise.all(rest.map(succeeds));
	});

	it("fail by themselves: who shared a process with one that fails succeeds", async () => {
		const bad = waiting[1] ?? "";
		const { name, rest } = await burst([`[ "$1" != ${bad} ] || { echo no good >&2; exit 3; }`]);
		const errors = await Promise.all(rest.map(outcomeOf));
		assert.deepEqual(
			errors.map((error) => error?.message),
			waiting.map((room) => (room === bad ? `${name} ${bad} del exited with 3: no good` : undefined)),
		);
	});

	it("fail by themselves when a signal ends one, which keeps xargs from going on", async () => {
		const bad = waiting[0] ?? "";
		const { name, rest } = await burst([`[ "$1" != ${bad} ] || kill -KILL $$`]);
		const errors = await Promise.all(rest.map(outcomeOf));
		assert.deepEqual(
			errors.map((error) => error?.message),
			waiting.map((room) => (room === bad ? `${name} ${bad} was ended by SIGKILL` : undefined)),
		);
	});

	it("wait a second for one that hangs, which then gets its time by itself", async () => {
		const bad = waiting[0] ?? "";
		const { name, rest } = await burst([
			`[ "$1" != ${bad} ] || { sleep 1000 & note "child.$PPID" $!; note "hangs.$PPID" $$; wait; }`,
		]);
		const [hanging, ...others] = rest;
		assert.ok(hanging);
		const hung = () => pids().filter(isAlive);
		await eventually(() => hung().length === 2, "it hangs with others behind it");
		const together = hung();
		await clock.advance(1_000);
		await Promise.all(together.map(gone));
		await Promise.all(others.map(succeeds));
		await eventually(() => hung().length === 2, "it hangs by itself");
		await clock.advance(9_999);
		assert.equal(hanging.isOver, false);
		await clock.advance(1);
		assert.equal((await failureOf(hanging)).message, `${name} ${bad} took longer than 10 s and was ended`);
		await eventually(() => hung().length === 0, "nothing of it is left");
	});

	it("are ended when the generator is stopped, and none of them starts any more", async () => {
		const { runs, rest } = await burst(['note "script.$1" $$', "sleep 1000"]);
		await eventually(() => pids().filter(isAlive).length === places, "all places are taken");
		await stop(runs);
		for (const run of rest) {
			assert.match((await failureOf(run)).message, / was (not run, the daemon is stopping|ended by SIGKILL)$/);
		}
		await Promise.all(pids().map(gone));
		assert.equal(pids().length, 2 * places);
	});
});

describe("stopping", () => {
	const cores = availableParallelism();

	it("ends everything that runs with its children, starts nothing that waits, and leaves no process", async () => {
		const runs = generator(script("trap '' TERM", 'sleep 1000 & note "child.$1" $!', 'note "script.$1" $$', "wait"));
		const running = Array.from({ length: 2 * cores }, (_, index) => String(100 + index));
		const waiting = ["900", "901"];
		const all = [...running, ...waiting].map((name) => start(runs, name));
		const processes = await Promise.all(running.flatMap((name) => [pid(`script.${name}`), pid(`child.${name}`)]));
		await stop(runs);
		const errors = await Promise.all(all.map(failureOf));
		assert.deepEqual(
			errors.map(({ signal, message }) => signal ?? / was not run, the daemon is stopping$/.test(message)),
			[...running.map(() => "SIGKILL"), ...waiting.map(() => true)],
		);
		await Promise.all(processes.map(gone));
		assert.deepEqual([pids().length, clock.timers], [4 * cores, 0]);
	});

	it("does not wait for a process that has left its group and holds the output", async () => {
		const runs = generator(script("setsid sleep 1000 & note child $!", "note script $$", "wait"));
		const run = start(runs);
		const leader = await pid("script");
		const stopped = stop(runs);
		await reaped(leader);
		await clock.advance(100);
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
