/** The built daemon, FreeSWITCH and the shipped script as real processes, killed with -9 again and again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../stand-in/freeswitch/random.ts";
import { testSeed } from "../support/seed.ts";
import { ScriptHunter } from "./script-hunter.ts";
import { ChaosSite } from "./site.ts";

/** Waits for a moment that nothing tells of: a random one is what the tests below are about. */
function randomMoment(random: Random, most: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, random.between(0, most));
	});
}

describe("killed with -9 at random moments", () => {
	it("daemon, FreeSWITCH and script leave nothing wrong behind, 200 times", async () => {
		const random = new Random(testSeed);
		const site = await ChaosSite.start();
		const hunter = new ScriptHunter(random);
		const kills = { daemon: 0, freeswitch: 0, script: 0 };
		let lastRoom = 10_000;
		const newRoom = () => {
			lastRoom += 1;
			return String(lastRoom);
		};
		const churn = async () => {
			const running = [...site.rooms];
			await site.destroy(running.filter(() => random.between(0, 2) === 0));
			await site.create([newRoom(), newRoom()]);
		};
		const harm = async () => {
			await churn();
			const chance = random.between(1, 100);
			if (chance <= 6) {
				await randomMoment(random, 150);
				await site.killFreeSwitch();
				kills.freeswitch += 1;
				await site.restartFreeSwitch();
			} else if (chance <= 32) {
				await randomMoment(random, 200);
				await site.killDaemon();
				kills.daemon += 1;
				site.startDaemon();
			} else if (await hunter.kill(site.daemon.pid, churn)) {
				kills.script += 1;
			}
		};
		try {
			site.startDaemon();
			while (kills.daemon + kills.freeswitch + kills.script < 200) {
				for (let count = 0; count < 15; count += 1) {
					await harm();
				}
				// A run of the script clears away what a killed one has left, for whatever room.
				await site.create([newRoom()]);
				await site.converged();
				// The daemon is none that just stands there: it has told that it found what it was started into.
				await site.daemon.said(/^\d+ rooms? (is|are) running/);
				site.assertSound();
			}
			await site.destroy([...site.rooms]);
			await site.converged();
			site.assertSound();
			const told = (pattern: RegExp) => site.daemons.reduce((sum, daemon) => sum + daemon.count(pattern), 0);
			// What a daemon had not written when it was killed is lost, so not every kill has its line.
			const scriptEnded = / was ended by SIGKILL.*; retrying in/;
			assert.ok(told(scriptEnded) > hunter.leaders / 2, "killed scripts are told");
			assert.ok(told(/connection to FreeSWITCH lost|cannot reach FreeSWITCH/) > kills.freeswitch / 2);
			assert.ok(told(/registered already/) > 0, "what a killed daemon has left is told");
		} finally {
			await site.close();
		}
	});
});
