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
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { isJournal, logFormat, logLevels } from "../../src/log/log.ts";
import type { Order, Report } from "../fixtures/log-writer.ts";

const program = fileURLToPath(new URL("../fixtures/log-writer.ts", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

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

/** A process that logs on a file descriptor of this one. */
class Writer {
	readonly #child: ChildProcess;
	/** So that nobody waits for a process that has ended. */
	readonly #ended = new AbortController();

	/** @param args level and format */
	constructor(stdout: number, args: string[] = ["info"], environment: Record<string, string> = {}) {
		this.#child = fork(program, args, {
			cwd: root,
			execArgv: ["--import", "tsx"],
			stdio: ["ignore", stdout, "inherit", "ipc"],
			env: { PATH: process.env["PATH"], ...environment },
		});
		this.#child.once("exit", () => {
			this.#ended.abort();
		});
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

	/** Has it end itself, and resolves with its exit code. */
	async exit(): Promise<number | null> {
		const exited = once(this.#child, "exit");
		this.#child.send({ do: "exit" } satisfies Order);
		const [code] = (await exited) as [number | null];
		return code;
	}

	get isRunning(): boolean {
		return this.#child.exitCode === null && this.#child.signalCode === null;
	}

	async kill(): Promise<void> {
		if (this.isRunning) {
			const exited = once(this.#child, "exit");
			this.#child.kill("SIGKILL");
			await exited;
		}
	}
}

/** A real pipe, which node gives no child by itself: the end to read from and the end to write to. */
function openPipe(): { readEnd: number; writeEnd: number } {
	const path = join(directory, "pipe");
	execFileSync("mkfifo", [path]);
	const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	const writeEnd = openSync(path, constants.O_WRONLY);
	// The read end must block, or reading it would fail while it is empty.
	const blocking = openSync(path, constants.O_RDONLY);
	closeSync(readEnd);
	return { readEnd: blocking, writeEnd };
}

/** A process that logs to a pipe, of which this one has the other end. */
function writerOnPipe(args: string[] = ["info"]): { writer: Writer; readEnd: number } {
	const { readEnd, writeEnd } = openPipe();
	const writer = new Writer(writeEnd, args);
	closeSync(writeEnd);
	return { writer, readEnd };
}

/** Reads to the end, which comes when the writer's process has ended. */
async function readAll(readEnd: number): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of createReadStream("", { fd: readEnd })) {
		chunks.push(chunk as Buffer);
	}
	return Buffer.concat(chunks).toString("utf8");
}

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

/** What a process that logs to a file writes, while `act` has it log. */
async function writtenToFile(
	args: string[],
	act: (writer: Writer) => Promise<void>,
	journal?: boolean,
): Promise<string> {
	const path = join(directory, "output");
	const file = openSync(path, "w");
	const { dev, ino } = fstatSync(file);
	const environment: Record<string, string> = {};
	if (journal !== undefined) {
		environment["JOURNAL_STREAM"] = journal ? `${dev}:${ino}` : `${dev}:${ino + 1}`;
	}
	const writer = new Writer(file, args, environment);
	closeSync(file);
	await act(writer);
	assert.equal(await writer.end(), true);
	return readFileSync(path, "utf8");
}

/** A test that hangs is ended, with what it has started. */
const bounded = { timeout: 60_000 };

describe("the log", () => {
	it("is JSON on a pipe: a line each, with level, time, sentence and fields", bounded, async () => {
		const { writer, readEnd } = writerOnPipe();
		const reading = readAll(readEnd);
		await writer.log('room 07974 started: "ü"\nand more', "info", { room: "07974" });
		await writer.log("FreeSWITCH refused", "error");
		assert.equal(await writer.end(), true);
		assert.equal(await writer.exit(), 0);
		const lines = parseLines(await reading);
		assert.deepEqual(
			lines.map(({ time, ...others }) => {
				assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
				return others;
			}),
			[
				{ level: "info", room: "07974", msg: 'room 07974 started: "ü"\nand more' },
				{ level: "error", msg: "FreeSWITCH refused" },
			],
		);
	});

	it(
		"has the journal's lines where standard output is the journal, with a priority for each level",
		bounded,
		async () => {
			const text = await writtenToFile(
				["trace"],
				async (writer) => {
					for (const level of [...logLevels, "fatal"] as const) {
						await writer.log(`at ${level}`, level, { room: "1" });
					}
				},
				true,
			);
			assert.equal(text, "<7>at trace\n<7>at debug\n<6>at info\n<4>at warn\n<3>at error\n<2>at fatal\n");
		},
	);

	it("gives the priority on each of the lines that a sentence has", bounded, async () => {
		const act = (writer: Writer) => writer.log("a fault: Error: no\n    at x.ts:1\n    at y.ts:2", "error");
		assert.equal(
			await writtenToFile(["info"], act, true),
			"<3>a fault: Error: no\n<3>    at x.ts:1\n<3>    at y.ts:2\n",
		);
	});

	it("is JSON where the journal is elsewhere", bounded, async () => {
		const text = await writtenToFile(["info"], (writer) => writer.log("started"), false);
		assert.equal(parseLines(text)[0]?.msg, "started");
	});

	it("is one line of text with the time on a terminal, without the fields", bounded, async () => {
		const text = await writtenToFile(["info", "terminal"], (writer) =>
			writer.log("room 1 started", "warn", { room: "1" }),
		);
		const bare = text.replace(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");
		assert.match(bare, /^\[\d\d:\d\d:\d\d\.\d+\] WARN: room 1 started\n$/);
	});

	for (const level of ["trace", "info", "error"] as const) {
		it(`at level ${level} leaves out what is below`, bounded, async () => {
			const text = await writtenToFile([level], async (writer) => {
				for (const each of logLevels) {
					await writer.log(each, each);
				}
			});
			assert.deepEqual(
				parseLines(text).map(({ msg }) => msg),
				logLevels.slice(logLevels.indexOf(level)),
			);
		});
	}

	for (const touched of [false, true]) {
		const how = touched ? "does not block" : "blocks";

		it(`loses no line when it ends, on a pipe that ${how}`, bounded, async () => {
			const { writer, readEnd } = writerOnPipe();
			if (touched) {
				await writer.tell({ do: "touch" });
			}
			await writer.tell({ do: "lines", count: 3_000, size: 100 });
			const reading = readAll(readEnd);
			assert.equal(await writer.end(), true);
			assert.equal(await writer.exit(), 0);
			const numbers = parseLines(await reading).map(({ msg }) => Number.parseInt(msg, 10));
			assert.deepEqual(numbers, [...Array(3_000).keys()]);
		});

		it(
			`lets go in time of a reader that does not read, on a pipe that ${how}, and says that lines are lost`,
			bounded,
			async () => {
				const { writer, readEnd } = writerOnPipe();
				if (touched) {
					await writer.tell({ do: "touch" });
				}
				await writer.tell({ do: "lines", count: 2_000, size: 1_000 });
				assert.equal(await writer.end(50), false);
				await writer.kill();
				closeSync(readEnd);
			},
		);
	}

	it(
		"holds 4 MiB at most for a reader that does not read, drops whole lines, and goes on when it reads",
		bounded,
		async () => {
			const { writer, readEnd } = writerOnPipe();
			await writer.tell({ do: "lines", count: 20_000, size: 1_000 });
			const stream = createReadStream("", { fd: readEnd });
			let text = "";
			const ended = once(stream, "end");
			stream.setEncoding("utf8");
			stream.on("data", (chunk) => {
				text += String(chunk);
			});
			while (text.length < 2 ** 20) {
				await once(stream, "data");
			}
			await writer.log("here again");
			assert.equal(await writer.end(), true);
			await writer.exit();
			await ended;
			const lines = parseLines(text);
			assert.equal(lines.pop()?.msg, "here again");
			assert.deepEqual(
				lines.map(({ msg }) => Number.parseInt(msg, 10)),
				[...Array(lines.length).keys()],
			);
			// What the pipe holds comes on top.
			assert.ok(text.length > 3.9 * 2 ** 20 && text.length < 4.5 * 2 ** 20, String(text.length));
		},
	);

	it("goes on, and ends at once, when its reader has gone", bounded, async () => {
		const { writer, readEnd } = writerOnPipe();
		await writer.log("before");
		closeSync(readEnd);
		for (let number = 0; number < 10; number++) {
			await writer.log(`after ${number}`);
		}
		await writer.tell({ do: "lines", count: 20_000, size: 1_000 });
		assert.equal(writer.isRunning, true);
		assert.equal(await writer.end(), true);
		assert.equal(await writer.exit(), 0);
	});

	for (const touched of [false, true]) {
		it(
			`ends when its reader goes meanwhile, on a pipe that ${touched ? "does not block" : "blocks"}`,
			bounded,
			async () => {
				const { writer, readEnd } = writerOnPipe();
				if (touched) {
					await writer.tell({ do: "touch" });
				}
				await writer.tell({ do: "lines", count: 2_000, size: 1_000 });
				const ending = writer.end();
				closeSync(readEnd);
				assert.equal(await ending, true);
				assert.equal(await writer.exit(), 0);
			},
		);
	}

	it("ends at once when its reader has gone and nothing is to be written", bounded, async () => {
		const { writer, readEnd } = writerOnPipe();
		closeSync(readEnd);
		assert.equal(await writer.end(), true);
		assert.equal(await writer.exit(), 0);
	});

	it("goes on, and ends at once, when the disk is full", bounded, async () => {
		const full = openSync("/dev/full", "w");
		const writer = new Writer(full);
		closeSync(full);
		for (let number = 0; number < 10; number++) {
			await writer.log(`line ${number}`);
		}
		await writer.tell({ do: "lines", count: 20_000, size: 1_000 });
		assert.equal(writer.isRunning, true);
		assert.equal(await writer.end(), true);
		assert.equal(await writer.exit(), 0);
	});
});

describe("the log's format", () => {
	it("is the terminal's on a terminal, even one below the journal", () => {
		const { dev, ino } = fstatSync(1);
		assert.equal(logFormat({ JOURNAL_STREAM: `${dev}:${ino}` }, true), "terminal");
	});

	it("is the journal's only where the journal is named by its device and inode", () => {
		const { dev, ino } = fstatSync(1);
		const streams = [`${dev}:${ino}`, `${dev}:${ino}0`, `${dev}`, ":", "", undefined];
		assert.deepEqual(
			streams.map((JOURNAL_STREAM) => logFormat({ JOURNAL_STREAM }, false)),
			["journal", "json", "json", "json", "json", "json"],
		);
	});

	it("can be asked for any file descriptor", () => {
		const file = openSync("/dev/null", "w");
		const { dev, ino } = fstatSync(file);
		assert.equal(isJournal(`${dev}:${ino}`, file), true);
		assert.equal(isJournal(`${dev}:${ino + 1}`, file), false);
		closeSync(file);
	});
});
