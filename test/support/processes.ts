/** What /proc tells of processes. Knows nothing of the daemon. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** The running processes that the main thread of a process has started. */
export function childrenOf(pid: number): number[] {
	return (read(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").map(Number).filter(isAlive);
}

/** Whether a process exists, and not only its exit status. */
export function isAlive(pid: number): boolean {
	return pid > 0 && !["", "Z", "X"].includes(stateOf(pid));
}

/** The kernel's letter for a process's state, such as `T` for a stopped one; "" if the process does not exist. */
export function stateOf(pid: number): string {
	// The name in parentheses before the letter can contain anything.
	return /^.*\) (\w)/s.exec(read(`/proc/${pid}/stat`) ?? "")?.[1] ?? "";
}

export function commandLineOf(pid: number): string {
	return (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
}

/** The processes that were started with `variable` in their environment. */
export function processesWith(variable: string): number[] {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.filter((pid) => `\0${read(`/proc/${pid}/environ`) ?? ""}`.includes(`\0${variable}\0`))
		.map(Number)
		.filter(isAlive);
}

/** The most memory that a process has ever had resident, in MiB; NaN if it has ended. */
export function peakMemoryOf(pid: number): number {
	return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1]) / 1_024;
}

/** The descriptor that a process would get next. With this number as its limit it can open nothing. */
export function lowestFreeDescriptor(pid: number): number {
	const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
	let lowest = 0;
	while (open.has(lowest)) {
		lowest += 1;
	}
	return lowest;
}

/** Limits the descriptors of a process to those below `limit`. The hard limit stays, so that this can be undone. */
export function limitDescriptors(pid: number, limit: number): void {
	const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${limit}:`], { encoding: "utf8" });
	if (status !== 0) {
		throw new Error(`prlimit failed: ${stderr}`);
	}
}

/** The file's text, if it exists and may be read. */
function read(path: string): string | undefined {
	try {
		return readFileSync(path, "latin1");
	} catch {
		// The process has ended meanwhile, or belongs to somebody else.
		return undefined;
	}
}
