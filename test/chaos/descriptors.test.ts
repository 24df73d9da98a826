/** The built daemon when it may open no file, socket or pipe any more. */
import { describe, it } from "node:test";
import { limitDescriptors, lowestFreeDescriptor } from "../support/processes.ts";
import { ChaosNode } from "./node.ts";
import { Preload } from "./preload.ts";

/** How many descriptors a process may have where nobody has thought about it. */
const usualLimit = 1_024;

describe("without a free file descriptor", { concurrency: true }, () => {
	it("rooms wait for their scripts, the log says why, and all is mended when there is one", async () => {
		await ChaosNode.use(async (node) => {
			await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create("1", "2");
			await node.reached(["1", "2"]);
			const none = lowestFreeDescriptor(daemon.pid);
			const waiting: string[] = [];
			// A script takes seven. With fewer it fails at another step each time.
			for (let free = 0; free < 7; free += 1) {
				limitDescriptors(daemon.pid, none + free);
				const room = `10${free}`;
				waiting.push(room);
				node.create(room);
				await daemon.said(new RegExp(`room ${room}: .* could not be run \\(EMFILE\\); retrying in 1 s`));
			}
			node.destroy("1");
			await daemon.said(/room 1: .* could not be run \(EMFILE\); retrying in 1 s/);
			await daemon.said(/room 1 is un-registered/);
			limitDescriptors(daemon.pid, usualLimit);
			await node.reached(["2", ...waiting]);
		});
	});

	it("a lost connection stays lost, the log says why, and it is made when there is one", async () => {
		await ChaosNode.use(async (node) => {
			const freeswitch = await node.startFreeSwitch();
			const daemon = node.startDaemon();
			node.create("1");
			await node.reached(["1"]);
			await freeswitch.kill();
			await daemon.said(/cannot reach FreeSWITCH's event socket at .*: connection refused/);
			limitDescriptors(daemon.pid, lowestFreeDescriptor(daemon.pid));
			await daemon.said(/cannot reach FreeSWITCH's event socket at .*: too many files are open \(EMFILE\)/);
			await freeswitch.start();
			node.create("2");
			limitDescriptors(daemon.pid, usualLimit);
			await node.reached(["2"]);
		});
	});

	it("from the start on rooms wait, too", async () => {
		await ChaosNode.use(async (node) => {
			await node.startFreeSwitch();
			const model = node.startDaemon();
			await model.said(/0 rooms are running/);
			const limit = lowestFreeDescriptor(model.pid);
			await model.kill();
			node.create("1");
			const preload = await Preload.of("chaos-few-descriptors.ts");
			node.atEnd(() => {
				preload.remove();
			});
			const daemon = node.startDaemon([], { ...preload.environment, DESCRIPTOR_LIMIT: String(limit) });
			await daemon.said(/room 1: .* could not be run \(EMFILE\); retrying in 1 s/);
			limitDescriptors(daemon.pid, usualLimit);
			await node.reached(["1"]);
		});
	});
});
