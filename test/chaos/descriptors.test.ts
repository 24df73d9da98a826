/** The built daemon when it can open no more file, socket or pipe. */
import { describe } from "node:test";
import { limitDescriptors, lowestFreeDescriptor } from "../support/processes.ts";
import { itOnNode } from "./node.ts";

/** The default of most systems. */
const usualLimit = 1_024;

describe("without a free file descriptor", { concurrency: true }, () => {
	itOnNode(
		"rooms wait for their scripts, the log says why, and they are registered when there is one",
		async (node) => {
			const { daemon } = await node.startWith("1", "2");
			const none = lowestFreeDescriptor(daemon.pid);
			// A script takes seven. With fewer it fails at another step each time.
			for (let free = 0; free < 7; free += 1) {
				limitDescriptors(daemon.pid, none + free);
				await node.create(`10${free}`);
				await daemon.said(new RegExp(`room 10${free}: .* could not be run \\(EMFILE\\); retrying`));
			}
			await node.destroy("1");
			await daemon.said(/room 1: .* could not be run \(EMFILE\); retrying/);
			await daemon.said(/room 1 is un-registered/);
			limitDescriptors(daemon.pid, usualLimit);
			await node.converged();
		},
	);

	itOnNode("a lost connection stays lost, the log says why, and it is made when there is one", async (node) => {
		const { daemon } = await node.startWith("1");
		await node.killFreeSwitch();
		await daemon.said(/connection to FreeSWITCH lost/);
		limitDescriptors(daemon.pid, lowestFreeDescriptor(daemon.pid));
		await daemon.said(/cannot reach FreeSWITCH's event socket at .*: too many files are open \(EMFILE\)/);
		await node.restartFreeSwitch();
		await node.create("2");
		limitDescriptors(daemon.pid, usualLimit);
		await node.converged();
	});

	itOnNode("but for the connection, rooms wait although no script has ever run", async (node) => {
		await node.startFreeSwitch();
		await node.killFreeSwitch();
		const daemon = node.startDaemon();
		await daemon.said(/cannot reach FreeSWITCH's event socket/);
		limitDescriptors(daemon.pid, lowestFreeDescriptor(daemon.pid) + 1);
		await node.restartFreeSwitch();
		await node.create("1");
		await daemon.said(/room 1: .* could not be run \(EMFILE\); retrying/);
		limitDescriptors(daemon.pid, usualLimit);
		await node.converged();
	});
});
