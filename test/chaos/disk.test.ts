/** The built daemon and the shipped script on disks that are full or read-only, and with a log that nobody reads. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually, peakMemoryOf } from "../support/processes.ts";
import { changed, until } from "../support/until.ts";
import { SmallDisk } from "./disk.ts";
import { MutedDaemon } from "./muted-daemon.ts";
import { ChaosNode } from "./node.ts";
import { manyRooms } from "./rooms.ts";
import { itAsRoot } from "./root.ts";

describe("a directory that cannot be written", { concurrency: true }, () => {
	itAsRoot("since its disk is full: that is told with its name, and mended when there is room", async () => {
		await ChaosNode.use(async (node) => {
			const disk = new SmallDisk(node.directory);
			node.atEnd(() => {
				disk.unmount();
			});
			await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create("1", "2");
			await node.reached(["1", "2"]);
			disk.fill();
			node.create("3");
			node.destroy("1");
			await daemon.said(/room 3: .* cannot write into GATEWAY_DIR, .* disk not full: .*; retrying in \d+ s/);
			assert.ok(daemon.records.some(({ msg }) => msg.startsWith("room 3: ") && msg.includes(node.directory)));
			// Who has ended goes nevertheless.
			await daemon.said(/room 1 is un-registered/);
			disk.free();
			await node.reached(["2", "3"]);
		});
	});

	itAsRoot("since it is read-only: that is told with its name, and mended when it is not", async () => {
		await ChaosNode.use(async (node) => {
			const disk = new SmallDisk(node.directory);
			node.atEnd(() => {
				disk.unmount();
			});
			await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create("1", "2");
			await node.reached(["1", "2"]);
			disk.readOnly = true;
			node.create("3");
			await daemon.said(/room 3: .* GATEWAY_DIR must be writable for this user: .*; retrying in \d+ s/);
			assert.ok(daemon.records.some(({ msg }) => msg.startsWith("room 3: ") && msg.includes(node.directory)));
			node.destroy("1");
			await daemon.said(/room 1: .* GATEWAY_DIR must be writable for this user/);
			await daemon.said(/room 1 is un-registered/);
			disk.readOnly = false;
			await node.reached(["2", "3"]);
		});
	});
});

/** Has a daemon end, which it must do whatever becomes of its log. */
async function ends(daemon: MutedDaemon): Promise<void> {
	let ended = false;
	void daemon.end("SIGTERM").then(() => {
		ended = true;
		changed();
	});
	await until(() => ended, "the daemon has ended");
}

describe("a log that cannot be written", { concurrency: true }, () => {
	it("since nobody reads it holds up no room, and no end of the daemon", async () => {
		await ChaosNode.use(async (node) => {
			await node.startFreeSwitch();
			const pipe = join(tmpdir(), `fsconfregger-chaos-${process.pid}.pipe`);
			assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
			// Open at both ends, so that opening does not wait for a reader.
			const output = openSync(pipe, "r+");
			node.atEnd(() => {
				closeSync(output);
				spawnSync("rm", [pipe]);
			});
			const daemon = new MutedDaemon(node.environment(), output);
			node.atEnd(() => daemon.end("SIGKILL"));
			const rooms = manyRooms(200);
			node.create(...rooms);
			await node.reached(rooms, daemon.pid);
			node.destroy(...rooms);
			await node.reached([], daemon.pid);
			assert.ok(peakMemoryOf(daemon.pid) < 200, `${peakMemoryOf(daemon.pid)} MiB`);
			await ends(daemon);
		});
	});

	itAsRoot(
		"since its disk is full holds up no room, is written again when there is space, and holds up no end",
		async () => {
			await ChaosNode.use(async (node) => {
				await node.startFreeSwitch();
				const mountPoint = `${node.directory}-log`;
				mkdirSync(mountPoint);
				const disk = new SmallDisk(mountPoint);
				node.atEnd(() => {
					disk.unmount();
					spawnSync("rmdir", [mountPoint]);
				});
				const path = join(mountPoint, "log");
				const output = openSync(path, "a");
				node.atEnd(() => {
					closeSync(output);
				});
				const daemon = new MutedDaemon(node.environment(), output);
				node.atEnd(() => daemon.end("SIGKILL"));
				node.create("1");
				await node.reached(["1"], daemon.pid);
				disk.fill();
				const rooms = manyRooms(20);
				node.create(...rooms);
				await node.reached(["1", ...rooms], daemon.pid);
				node.destroy(...rooms);
				await node.reached(["1"], daemon.pid);
				disk.free();
				node.create("2");
				await node.reached(["1", "2"], daemon.pid);
				await eventually(() => readFileSync(path, "utf8").includes("room 2 is registered"), "the log is written again");
				disk.fill();
				node.destroy("2");
				await node.reached(["1"], daemon.pid);
				await ends(daemon);
			});
		},
	);
});
