import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import {
	closeSync,
	constants,
	createReadStream,
	fstatSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { isJournal, logFormat, logLevels } from "../../src/log/log.ts";
import type { Order, Report } from "../fixtures/log-writer.ts";

const top = join(import.meta.dirname, "../..");

let directory: string;
let writers: Writer[];

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "log-"));
	writers = [];
});

afterEach(async () => {
	await Promise.all(writers.map((writer) => writer.kill()));
	rmSync(directory, { recursive: true, force: true });
});

/** A process that logs on a file descriptor, which is closed in this one. */
class Writer {
	readonly #child: ChildProcess;
	/** So that nobody waits for a process that has ended. */
	readonly #ended = new AbortController();

	/** @param args level and format */
	constructor(stdout: number, args: string[] = ["info"], environment: Record<string, string> = {}) {
		this.#child = fork(join(top, "test/fixtures/log-writer.ts"), args, {
			cwd: top,
			execArgv: ["--import", "tsx"],
			stdio: ["ignore", stdout, "inherit", "ipc"],
			env: { PATH: process.env["PATH"], ...environment },
		});
		closeSync(stdout);
		this.#child.once("exit", () => this.#ended.abort());
		writers.push(this);
	}

	/** Has something done, and resolves when it is. */
	async tell(order: Order): Promise<Report> {
		const reported = once(this.#child, "message", { signal: this.#ended.signal });
		this.#child.send(order);
		const [report] = (await reported) as [Report];
		assert.equal(report.done, order.do);
		return report;
	}

	async log(sentence: string, level: (Order & { do: "log" })["level"] = "info", fields = {}): Promise<void> {
		await this.tell({ do: "log", level, fields, sentence });
	}

	/** Whether all was written. */
	async end(patience = 20_000): Promise<boolean | undefined> {
		return (await this.tell({ do: "end", patience })).written;
	}

	/** Has it end its log and then itself, both of which succeed. */
	async leave(): Promise<void> {
		assert.equal(await this.end(), true);
		const exited = once(this.#child, "exit");
		this.#child.send({ do: "exit" } satisfies Order);
		assert.deepEqual(await exited, [0, null]);
	}

	/** Has it log although nothing can be written, which it survives. */
	async goOn(): Promise<void> {
		for (let number = 0; number < 10; number++) {
			await this.log(`line ${number}`);
		}
		await this.tell({ do: "lines", count: 20_000, size: 1_000 });
	}

	async kill(): Promise<void> {
		if (!this.#ended.signal.aborted) {
			const exited = once(this.#child, "exit");
			this.#child.kill("SIGKILL");
			await exited;
		}
	}
}

/** A process that logs to a real pipe, which Node gives no child by itself, and the end to read from. */
function writerOnPipe() {
	const path = join(directory, "pipe");
	execFileSync("mkfifo", [path]);
	const opened = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	const writeEnd = openSync(path, constants.O_WRONLY);
	// The read end must block, or reading it would fail while it is empty.
	const readEnd = openSync(path, constants.O_RDONLY);
	closeSync(opened);
	const writer = new Writer(writeEnd);
	return { writer, readEnd };
}

/** Reads to the end, which comes when the writer's process has ended. */
const readAll = (readEnd: number) => text(createReadStream("", { fd: readEnd }));

interface JsonLine {
	readonly level: string;
	readonly time: string;
	readonly msg: string;
}

/** Lines of JSON; fails if there is any other. */
function parseLines(text: string): JsonLine[] {
	assert.ok(text === "" || text.endsWith("\n"));
	return text
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line) as JsonLine);
}

const numbersOf = (lines: readonly JsonLine[]) => lines.map(({ msg }) => Number.parseInt(msg, 10));

/** What a process that logs to a file writes, while `act` has it log. `journal`: whether that file is the journal, or another. */
async function written(args: string[], act: (writer: Writer) => Promise<void>, journal = false): Promise<string> {
	const path = join(directory, "output");
	const file = openSync(path, "w");
	const { dev, ino } = fstatSync(file);
	const writer = new Writer(file, args, { JOURNAL_STREAM: `${dev}:${journal ? ino : ino + 1}` });
	await act(writer);
	assert.equal(await writer.end(), true);
	return readFileSync(path, "utf8");
}

// A test that hangs is ended, with what it has started.
describe("the log", { timeout: 300_000 }, () => {
	it("is JSON on a pipe: a line each, with level, time, sentence and fields", async () => {
		const { writer, readEnd } = writerOnPipe();
		const reading = readAll(readEnd);
		await writer.log('room 07974 started: "ü"\nand more', "info", { room: "07974" });
		await writer.log("FreeSWITCH refused", "error");
		await writer.leave();
		const lines = parseLines(await reading);
		assert.deepEqual(
			lines.map(({ time, ...others }) => ({ ...others, time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) })),
			[
				{ level: "info", time: true, room: "07974", msg: 'room 07974 started: "ü"\nand more' },
				{ level: "error", time: true, msg: "FreeSWITCH refused" },
			],
		);
	});

	it("gives each line the priority of its level where standard output is the journal", async () => {
		const act = async (writer: Writer) => {
			for (const level of [...logLevels, "fatal"] as const) {
				await writer.log(`at ${level}`, level, { room: "1" });
			}
			await writer.log("a fault: Error: no\n    at x.ts:1\n    at y.ts:2", "error");
		};
		assert.equal(
			await written(["trace"], act, true),
			"<7>at trace\n<7>at debug\n<6>at info\n<4>at warn\n<3>at error\n<2>at fatal\n" +
				"<3>a fault: Error: no\n<3>    at x.ts:1\n<3>    at y.ts:2\n",
		);
	});

	it("is one line of text with the time on a terminal, without the fields", async () => {
		const act = (writer: Writer) => writer.log("room 1 started", "warn", { room: "1" });
		const text = stripVTControlCharacters(await written(["info", "terminal"], act));
		assert.match(text, /^\[\d\d:\d\d:\d\d\.\d+\] WARN: room 1 started\n$/);
	});

	for (const level of ["trace", "info", "error"] as const) {
		it(`at level ${level} leaves out what is below, as JSON where the journal is elsewhere`, async () => {
			const text = await written([level], async (writer) => {
				for (const each of logLevels) {
					await writer.log(each, each);
				}
			});
			const shown = parseLines(text).map(({ msg }) => msg);
			assert.deepEqual(shown, logLevels.slice(logLevels.indexOf(level)));
		});
	}

	for (const how of ["blocks", "does not block"] as const) {
		/** A process that logs to such a pipe, and has more lines to write than the pipe holds. */
		async function busyWriter(count: number, size: number) {
			const onPipe = writerOnPipe();
			if (how === "does not block") {
				await onPipe.writer.tell({ do: "touch" });
			}
			await onPipe.writer.tell({ do: "lines", count, size });
			return onPipe;
		}

		it(`loses no line when it ends, on a pipe that ${how}`, async () => {
			const { writer, readEnd } = await busyWriter(3_000, 100);
			const reading = readAll(readEnd);
			await writer.leave();
			assert.deepEqual(numbersOf(parseLines(await reading)), [...Array(3_000).keys()]);
		});

		it(`lets go in time of a reader that does not read, on a pipe that ${how}, and says that lines are lost`, async () => {
			const { writer, readEnd } = await busyWriter(2_000, 1_000);
			assert.equal(await writer.end(50), false);
			await writer.kill();
			closeSync(readEnd);
		});

		it(`ends when its reader goes meanwhile, on a pipe that ${how}`, async () => {
			const { writer, readEnd } = await busyWriter(2_000, 1_000);
			const leaving = writer.leave();
			closeSync(readEnd);
			await leaving;
		});
	}

	it("holds 4 MiB at most for a reader that does not read, drops whole lines, and goes on when it reads", async () => {
		const { writer, readEnd } = writerOnPipe();
		await writer.tell({ do: "lines", count: 20_000, size: 1_000 });
		const stream = createReadStream("", { fd: readEnd, encoding: "utf8" });
		let text = "";
		const ended = once(stream, "end");
		stream.on("data", (chunk) => {
			text += String(chunk);
		});
		while (text.length < 2 ** 20) {
			await once(stream, "data");
		}
		await writer.log("here again");
		await writer.leave();
		await ended;
		const lines = parseLines(text);
		assert.equal(lines.pop()?.msg, "here again");
		assert.deepEqual(numbersOf(lines), [...Array(lines.length).keys()]);
		// What the pipe holds comes on top.
		assert.ok(text.length > 3.9 * 2 ** 20 && text.length < 4.5 * 2 ** 20, String(text.length));
	});

	it("goes on, and ends at once, when its reader has gone", async () => {
		const { writer, readEnd } = writerOnPipe();
		await writer.log("before");
		closeSync(readEnd);
		await writer.goOn();
		await writer.leave();
	});

	it("ends at once when its reader has gone and nothing is to be written", async () => {
		const { writer, readEnd } = writerOnPipe();
		closeSync(readEnd);
		await writer.leave();
	});

	it("goes on, and ends at once, when the disk is full", async () => {
		const writer = new Writer(openSync("/dev/full", "w"));
		await writer.goOn();
		await writer.leave();
	});
});

describe("the log's format", () => {
	const { dev, ino } = fstatSync(1);

	it("is the terminal's on a terminal, even one below the journal", () => {
		assert.equal(logFormat({ JOURNAL_STREAM: `${dev}:${ino}` }, true), "terminal");
	});

	it("is the journal's only where the journal is named by its device and inode", () => {
		for (const stream of [`${dev}:${ino}0`, `${dev}`, ":", "", undefined]) {
			assert.equal(logFormat({ JOURNAL_STREAM: stream }, false), "json", stream);
		}
		assert.equal(logFormat({ JOURNAL_STREAM: `${dev}:${ino}` }, false), "journal");
	});

	it("can be asked for any file descriptor", () => {
		const file = openSync("/dev/null", "w");
		const other = fstatSync(file);
		assert.ok(isJournal(`${other.dev}:${other.ino}`, file) && !isJournal(`${dev}:${ino}`, file));
		closeSync(file);
	});
});
