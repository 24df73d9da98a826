/** The built daemon, FreeSWITCH and the shipped script as real processes, stopped and continued. */
import { describe, it } from "node:test";
import { Random } from "../stand-in/freeswitch/random.ts";
import { eventually, stateOf } from "../support/processes.ts";
import { testSeed } from "../support/seed.ts";
import { until } from "../support/until.ts";
import { ChaosNode } from "./node.ts";
import { fewRooms, manyRooms } from "./rooms.ts";
import { ScriptHunter } from "./script-hunter.ts";
import { ChaosSite } from "./site.ts";

describe("stopped and continued", { concurrency: true }, () => {
	it("FreeSWITCH is told to be silent, and served again", async () => {
		const site = await ChaosSite.start();
		try {
			const daemon = site.startDaemon();
			await site.create(fewRooms);
			await site.converged();
			await site.signalFreeSwitch("SIGSTOP");
			await daemon.said(/FreeSWITCH did not answer ".*" within 10 s/);
			await until(() => site.registrar.bindings().length === 0, "the bindings have expired");
			await site.signalFreeSwitch("SIGCONT");
			await site.destroy(["777"]);
			await site.create(["555"]);
			await site.converged();
			await daemon.said(/connected to FreeSWITCH .*, after \d+\.\d s without/);
			site.assertSound();
		} finally {
			await site.close();
		}
	});

	it("the daemon catches up with the rooms that came and went", async () => {
		const site = await ChaosSite.start();
		try {
			const daemon = site.startDaemon();
			await site.create(fewRooms);
			await site.converged();
			daemon.signal("SIGSTOP");
			await eventually(() => stateOf(daemon.pid) === "T", "the daemon has stopped");
			const rooms = manyRooms(100);
			await site.create(rooms);
			await site.destroy([...rooms.slice(0, 60), "07974"]);
			await site.create(rooms.slice(0, 20));
			await site.destroy(rooms.slice(60, 80));
			daemon.signal("SIGCONT");
			await site.converged();
			await daemon.said(/^room 20099 is registered/);
			site.assertSound();
		} finally {
			await site.close();
		}
	});

	it("a script is ended in time and run again", async () => {
		await ChaosNode.use(async (node) => {
			await node.startFreeSwitch();
			const daemon = node.startDaemon(["-timeout", "0.5"]);
			await daemon.said(/0 rooms are running/);
			const hunter = new ScriptHunter(new Random(testSeed));
			let stopped = 0;
			for (let room = 1; stopped < 3; room += 1) {
				node.create(String(room));
				stopped += (await hunter.stop(daemon.pid)) ? 1 : 0;
			}
			const rooms = node.freeswitch.freeswitch.conferences.running.map(({ name }) => name);
			await daemon.said(/took longer than 0\.5 s and was ended; retrying in \d+ s/, stopped);
			await node.reached(rooms);
		});
	});
});
