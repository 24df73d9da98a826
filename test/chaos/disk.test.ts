/** The built daemon and the shipped script on disks that are full or read-only, and with a log that nobody reads. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { systemClock } from "../../src/clock.ts";
import { type DaemonProcess, program, shippedScript } from "../support/daemon-process.ts";
import { childrenOf, peakMemoryOf, stateOf } from "../support/processes.ts";
import { eventually } from "../support/until.ts";
import { FreezingDisk, itOnNodeAsRoot, SmallDisk } from "./disk.ts";
import { type ChaosNode, itOnNode, manyRooms } from "./node.ts";

describe("a directory that cannot be written", { concurrency: true }, () => {
	for (const [what, complaints, begin, mend] of [
		[
			"is full",
			[/room 3: .* cannot write into GATEWAY_DIR, .* disk not full: .*; retrying/],
			(disk) => disk.fill(),
			(disk) => disk.free(),
		],
		[
			"is read-only",
			[3, 1].map((room) => new RegExp(`room ${room}: .* GATEWAY_DIR must be writable for this user: .*; retrying`)),
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
			// The end of a room frees space for another one's snippet.
			await daemon.said(/room 3: .* exited with 1/);
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

/** A daemon whose script writes on a disk that can freeze before it does its work, for all rooms but room 1. */
async function startOnFreezing(node: ChaosNode): Promise<{ disk: FreezingDisk; restart: () => DaemonProcess }> {
	const [mountPoint, script] = [`${node.directory}-frozen`, `${node.directory}.sh`];
	mkdirSync(mountPoint);
	node.atEnd(() => spawnSync("rmdir", [mountPoint]));
	const disk = new FreezingDisk(node, mountPoint);
	const lines = ["#!/bin/sh", `[ "$1" = 1 ] || echo "$1" > '${mountPoint}/'"$1"`, `exec '${shippedScript}' "$@"`];
	writeFileSync(script, lines.join("\n"), { mode: 0o755 });
	node.atEnd(() => rmSync(script));
	await node.startFreeSwitch();
	const environment = { ...node.environment(), GENERATOR_SCRIPT: script, GENERATOR_TIMEOUT: "1" };
	const restart = () => node.startDaemon([], environment);
	await restart().said(/0 rooms are running/);
	return { disk, restart };
}

describe("a file system that does not answer", () => {
	const itFreezing = (title: string, test: (node: ChaosNode) => Promise<void>) =>
		itOnNodeAsRoot(title, test, "fsfreeze", "mkfs.ext4");

	itFreezing("costs each room one process and no descriptor, and other rooms nothing", async (node) => {
		const { disk } = await startOnFreezing(node);
		const { daemon } = node;
		const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
		const before = descriptors();
		disk.freeze(node);
		const rooms = manyRooms(12);
		await node.create(...rooms, "1");
		await daemon.said(/room 1 is registered/);
		await daemon.said(/room \d+: .* cannot be ended/, rooms.length);
		// Time for retries, if there were any.
		await node.create("2");
		await daemon.said(/room 2: .* cannot be ended/);
		assert.deepEqual(
			childrenOf(daemon.pid).map(stateOf),
			[...rooms, "2"].map(() => "D"),
		);
		assert.equal(descriptors(), before);
		assert.equal(daemon.count(/cannot be ended/), rooms.length + 1);
		disk.thaw();
		await node.converged();
	});

	itFreezing("does not keep the daemon from ending within 5 s", async (node) => {
		const { disk, restart } = await startOnFreezing(node);
		const { daemon } = node;
		disk.freeze(node);
		await node.create("2");
		await daemon.said(/room 2: .* cannot be ended/);
		await node.create("3");
		await eventually(() => childrenOf(daemon.pid).length === 2, "the second script has begun");
		const began = systemClock.now();
		assert.equal(await daemon.stop(), 0);
		assert.ok(systemClock.now() - began < 5_000);
		disk.thaw();
		restart();
		await node.converged();
	});
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
