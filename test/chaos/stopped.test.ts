/** The built daemon, FreeSWITCH and the shipped script as real processes, stopped and continued. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { Random } from "../stand-in/freeswitch/random.ts";
import { childrenOf, commandLineOf, stateOf } from "../support/processes.ts";
import { testSeed } from "../support/seed.ts";
import { eventually } from "../support/until.ts";
import { fewRooms, itOnNode, manyRooms } from "./node.ts";
import { ScriptHunter } from "./script-hunter.ts";

/** Stops a process, and resolves when it has stopped. @returns what has it go on */
async function stop(pid: number): Promise<() => void> {
	process.kill(pid, "SIGSTOP");
	await eventually(() => stateOf(pid) === "T", "the process has stopped");
	return () => process.kill(pid, "SIGCONT");
}

describe("stopped and continued", { concurrency: true }, () => {
	itOnNode("FreeSWITCH is reported as silent, and served again", async (node) => {
		await node.startFreeSwitchProcess();
		const daemon = node.startDaemon();
		await node.create(...fewRooms);
		await node.converged();
		const freeswitch = childrenOf(process.pid).find((child) => commandLineOf(child).includes(node.directory));
		assert.ok(freeswitch !== undefined);
		const goOn = await stop(freeswitch);
		await daemon.said(/FreeSWITCH did not answer ".*" within 10 s/);
		await eventually(() => node.registrar.bindings().length === 0, "the bindings have expired");
		goOn();
		await node.destroy("777");
		await node.create("555");
		await node.converged();
		await daemon.said(/connected to FreeSWITCH .*, after \d+\.\d s without/);
	});

	itOnNode("the daemon catches up with the rooms that came and went", async (node) => {
		const { daemon } = await node.startWith(...fewRooms);
		const goOn = await stop(daemon.pid);
		const rooms = manyRooms(100);
		await node.create(...rooms);
		await node.destroy(...rooms.slice(0, 60), "07974");
		await node.create(...rooms.slice(0, 20));
		await node.destroy(...rooms.slice(60, 80));
		goOn();
		await node.converged();
		await daemon.said(/^room 20099 is registered/);
	});

	itOnNode("a script is ended in time and run again", async (node) => {
		await node.startFreeSwitch();
		const daemon = node.startDaemon(["-timeout", "0.5"]);
		await daemon.said(/0 rooms are running/);
		const hunter = new ScriptHunter(new Random(testSeed));
		let stopped = 0;
		for (let room = 1; stopped < 3; room += 1) {
			await node.create(String(room));
			stopped += (await hunter.stop(daemon.pid)) ? 1 : 0;
		}
		await daemon.said(/took longer than 0\.5 s and was ended; retrying/, stopped);
		await node.converged();
	});
});
