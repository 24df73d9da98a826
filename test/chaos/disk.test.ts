/** The built daemon and the shipped script on disks that are full or read-only, and with a log that nobody reads. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { program } from "../support/daemon-process.ts";
import { peakMemoryOf } from "../support/processes.ts";
import { eventually } from "../support/until.ts";
import { itOnNodeAsRoot, SmallDisk } from "./disk.ts";
import { type ChaosNode, itOnNode, manyRooms } from "./node.ts";

describe("a directory that cannot be written", { concurrency: true }, () => {
	for (const [what, complaints, begin, mend] of [
		[
			"is full",
			[/room 3: .* cannot write into GATEWAY_DIR, .* disk not full: .*; retrying in \d+ s/],
			(disk) => disk.fill(),
			(disk) => disk.free(),
		],
		[
			"is read-only",
			[3, 1].map(
				(room) => new RegExp(`room ${room}: .* GATEWAY_DIR must be writable for this user: .*; retrying in \\d+ s`),
			),
			(disk) => {
				disk.readOnly = true;
			},
			(disk) => {
				disk.readOnly = false;
			},
		],
	] as readonly [string, RegExp[], (disk: SmallDisk) => void, (disk: SmallDisk) => void][]) {
		itOnNodeAsRoot(`since its disk ${what} is named in the log, and holds up no room that ends`, async (node) => {
			const disk = new SmallDisk(node, node.directory);
			const { daemon } = await node.startWith("1", "2");
			begin(disk);
			await node.create("3");
			await node.destroy("1");
			for (const complaint of complaints) {
				await daemon.said(complaint);
			}
			assert.ok(daemon.records.some(({ msg }) => msg.startsWith("room 3: ") && msg.includes(node.directory)));
			await daemon.said(/room 1 is un-registered/);
			mend(disk);
			await node.converged();
		});
	}
});

/** Starts a daemon that logs into a file descriptor, such as of a pipe that nobody reads. */
function startLoggingTo(node: ChaosNode, path: string, flags: string): ChildProcess {
	const output = openSync(path, flags);
	const daemon = spawn(process.execPath, [program], {
		env: { PATH: process.env["PATH"], ...node.environment() },
		stdio: ["ignore", output, "inherit"],
	});
	node.daemonPid = daemon.pid ?? 0;
	node.atEnd(() => {
		daemon.kill("SIGKILL");
		closeSync(output);
	});
	return daemon;
}

/** Ends a daemon in order. One that cannot finish its log kills itself in the end, so any exit status will do. */
async function end(daemon: ChildProcess): Promise<void> {
	daemon.kill("SIGTERM");
	await eventually(() => daemon.exitCode !== null || daemon.signalCode !== null, "the daemon has ended");
}

describe("a log that cannot be written", { concurrency: true }, () => {
	itOnNode("since nobody reads it holds up no room, and no end of the daemon", async (node) => {
		await node.startFreeSwitch();
		const pipe = `${node.directory}.pipe`;
		assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
		node.atEnd(() => spawnSync("rm", [pipe]));
		// Open at both ends, so that opening does not wait for a reader.
		const daemon = startLoggingTo(node, pipe, "r+");
		const rooms = manyRooms(200);
		await node.create(...rooms);
		await node.converged();
		await node.destroy(...rooms);
		await node.converged();
		assert.ok(peakMemoryOf(node.daemonPid) < 200, `${peakMemoryOf(node.daemonPid)} MiB`);
		await end(daemon);
	});

	itOnNodeAsRoot("since its disk is full holds up no room, and goes on when there is space", async (node) => {
		await node.startFreeSwitch();
		const mountPoint = `${node.directory}-log`;
		mkdirSync(mountPoint);
		node.atEnd(() => spawnSync("rmdir", [mountPoint]));
		const disk = new SmallDisk(node, mountPoint);
		const path = join(mountPoint, "log");
		const daemon = startLoggingTo(node, path, "a");
		await node.create("1");
		await node.converged();
		disk.fill();
		const rooms = manyRooms(20);
		await node.create(...rooms);
		await node.converged();
		await node.destroy(...rooms);
		await node.converged();
		disk.free();
		await node.create("2");
		await node.converged();
		await eventually(() => readFileSync(path, "utf8").includes("room 2 is registered"), "the log is written again");
		disk.fill();
		await node.destroy("2");
		await node.converged();
		await end(daemon);
	});
});
