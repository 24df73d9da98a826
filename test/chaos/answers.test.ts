/** The built daemon and a FreeSWITCH whose answers are far too long, or come bit by bit. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peakMemoryOf } from "../support/processes.ts";
import { ChaosNode } from "./node.ts";
import { fewRooms } from "./rooms.ts";

describe("answers without measure", { concurrency: 2 }, () => {
	const listing = /^api conference list summary/;

	/** The frame of a list of room 777 alone, with so many flags in it that the whole frame has `size` bytes. */
	function listOf777(size: number): string {
		const head = (length: number) => `Content-Type: api/response\nContent-Length: ${length}\n\n`;
		const length = size - head(size).length;
		const line = (flags: string) => `+OK Conference 777 (1 member rate: 48000 flags: ${flags})\n`;
		return head(length) + line("|".repeat(length - line("").length));
	}

	it("of 50 MB are told, refused without taking much memory, and followed by a new connection", async () => {
		await ChaosNode.use(async (node) => {
			const { server } = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create(...fewRooms);
			await node.reached(fewRooms);
			const normally = peakMemoryOf(daemon.pid);
			server.faults.on(listing, { kind: "bytes", bytes: listOf777(50_000_000) }, 3);
			await daemon.said(/FreeSWITCH sent more than 32 MiB without an end/, 3);
			await node.reached(fewRooms);
			assert.ok(peakMemoryOf(daemon.pid) < normally + 200, `${peakMemoryOf(daemon.pid)} MiB`);
		});
	});

	it("are taken up to 32 MiB, and not a byte more", async () => {
		await ChaosNode.use(async (node) => {
			const { server } = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			await daemon.said(/0 rooms are running/);
			server.faults.on(listing, { kind: "bytes", bytes: listOf777(32 * 2 ** 20) }, 1);
			node.create("1");
			await daemon.said(/room 777 started/);
			await node.reached(["1"]);
			assert.equal(daemon.count(/32 MiB|did not answer/), 0);
			server.faults.on(listing, { kind: "bytes", bytes: listOf777(32 * 2 ** 20 + 1) }, 1);
			await daemon.said(/FreeSWITCH sent more than 32 MiB without an end/);
			await node.reached(["1"]);
			assert.equal(daemon.count(/room 777 started/), 1);
		});
	});

	it("are taken with a header of 1 MB, and refused with one that does not end", async () => {
		await ChaosNode.use(async (node) => {
			const { server } = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create("1");
			await node.reached(["1"]);
			const long = `X-Long: ${"long ".repeat(200_000)}`;
			server.faults.on(listing, { kind: "bytes", bytes: `${long}\n${listOf777(1_000)}` }, 1);
			await daemon.said(/room 777 started/);
			await node.reached(["1"]);
			assert.equal(daemon.count(/connection to FreeSWITCH lost|did not answer/), 0);
			server.faults.on(listing, { kind: "bytes", bytes: long.repeat(40) }, 1);
			await daemon.said(/FreeSWITCH sent more than 32 MiB without an end/);
			await node.reached(["1"]);
		});
	});

	it("or rather in pieces of one byte are answers like others", async () => {
		await ChaosNode.use(async (node) => {
			const { server } = await node.startFreeSwitch();
			server.faults.pieces = 1;
			const daemon = node.startDaemon();
			node.create(...fewRooms);
			await node.reached(fewRooms);
			node.destroy("777");
			await node.reached(["07974", "12345"]);
			assert.equal(daemon.count(/lost|did not answer|answered/), 0);
		});
	});
});
