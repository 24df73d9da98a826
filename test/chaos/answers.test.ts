/** The built daemon and a FreeSWITCH whose answers are far too long, or come byte by byte. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { peakMemoryOf } from "../support/processes.ts";
import { fewRooms, itOnNode } from "./node.ts";

const tooLong = /FreeSWITCH sent more than 32 MiB without an end/;
const listing = /^api conference list summary/;

/** A list that holds room 777 alone, with so many flags that the whole frame has `size` bytes. */
function listOf777(size: number): string {
	const head = (length: number) => `Content-Type: api/response\nContent-Length: ${length}\n\n`;
	const length = size - head(size).length;
	const line = (flags: string) => `+OK Conference 777 (1 member rate: 48000 flags: ${flags})\n`;
	return head(length) + line("|".repeat(length - line("").length));
}

describe("an answer of FreeSWITCH", { concurrency: 2 }, () => {
	itOnNode("of 50 MB is refused and reported, takes little memory, and costs only the connection", async (node) => {
		const { server, daemon } = await node.startWith(...fewRooms);
		const before = peakMemoryOf(daemon.pid);
		server.faults.on(listing, { kind: "bytes", bytes: listOf777(50_000_000) }, 3);
		await daemon.said(tooLong, 3);
		await node.converged();
		assert.ok(peakMemoryOf(daemon.pid) < before + 200, `${peakMemoryOf(daemon.pid)} MiB`);
	});

	itOnNode("is accepted up to 32 MiB, and not one byte more", async (node) => {
		const { server, daemon } = await node.startWith();
		server.faults.on(listing, { kind: "bytes", bytes: listOf777(32 * 2 ** 20) }, 1);
		await node.create("1");
		await daemon.said(/room 777 started/);
		await node.converged();
		assert.equal(daemon.count(/32 MiB|did not answer/), 0);
		server.faults.on(listing, { kind: "bytes", bytes: listOf777(32 * 2 ** 20 + 1) }, 1);
		await daemon.said(tooLong);
		await node.converged();
		assert.equal(daemon.count(/room 777 started/), 1);
	});

	itOnNode("is accepted with a header of 1 MB, and refused with one that does not end", async (node) => {
		const { server, daemon } = await node.startWith("1");
		const long = `X-Long: ${"long ".repeat(200_000)}`;
		server.faults.on(listing, { kind: "bytes", bytes: `${long}\n${listOf777(1_000)}` }, 1);
		await daemon.said(/room 777 started/);
		await node.converged();
		assert.equal(daemon.count(/connection to FreeSWITCH lost|did not answer/), 0);
		server.faults.on(listing, { kind: "bytes", bytes: long.repeat(40) }, 1);
		await daemon.said(tooLong);
		await node.converged();
	});

	itOnNode("may come in pieces of one byte", async (node) => {
		const { server } = await node.startFreeSwitch();
		server.faults.pieces = 1;
		const daemon = node.startDaemon();
		await node.create(...fewRooms);
		await node.converged();
		await node.destroy("777");
		await node.converged();
		assert.equal(daemon.count(/lost|did not answer|answered/), 0);
	});
});
