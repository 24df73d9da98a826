/** The built daemon, FreeSWITCH and the shipped script as real processes, killed with -9 again and again. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../stand-in/freeswitch/random.ts";
import { testSeed } from "../support/seed.ts";
import { itOnNode } from "./node.ts";
import { ScriptHunter } from "./script-hunter.ts";

describe("killed with -9 at random moments", () => {
	itOnNode("daemon, FreeSWITCH and script leave nothing wrong behind, 200 times", async (node) => {
		const random = new Random(testSeed);
		const hunter = new ScriptHunter(random);
		const kills = { daemon: 0, freeswitch: 0, script: 0 };
		let lastRoom = 10_000;
		const newRoom = () => {
			lastRoom += 1;
			return String(lastRoom);
		};
		const churn = async () => {
			await node.destroy(...[...node.rooms].filter(() => random.between(0, 2) === 0));
			await node.create(newRoom(), newRoom());
		};
		const harm = async () => {
			await churn();
			const chance = random.between(1, 100);
			if (chance <= 6) {
				// A random moment is what this test is about, so there is no event to wait for.
				await delay(random.between(0, 150));
				await node.killFreeSwitch();
				kills.freeswitch += 1;
				await node.restartFreeSwitch();
			} else if (chance <= 32) {
				await delay(random.between(0, 200));
				await node.killDaemon();
				kills.daemon += 1;
				node.startDaemon();
			} else if (await hunter.kill(node.daemon.pid, churn)) {
				kills.script += 1;
			}
		};
		await node.startFreeSwitchProcess();
		node.startDaemon();
		while (kills.daemon + kills.freeswitch + kills.script < 200) {
			for (let count = 0; count < 15; count += 1) {
				await harm();
			}
			// A run of the script, for any room, clears away what a killed one has left.
			await node.create(newRoom());
			await node.converged();
			// The daemon is not idle: it has reported what it found when it started.
			await node.daemon.said(/^\d+ rooms? (is|are) running/);
		}
		await node.destroy(...node.rooms);
		await node.converged();
		const told = (pattern: RegExp) => node.daemons.reduce((sum, daemon) => sum + daemon.count(pattern), 0);
		// What a daemon had not written when it was killed is lost, so not every kill has its line.
		assert.ok(told(/ was ended by SIGKILL.*; retrying/) > hunter.leaders / 3, "killed scripts are reported");
		// Of those within 5 s only the first has one.
		assert.ok(told(/connection to FreeSWITCH lost|cannot reach FreeSWITCH/) > 0);
		assert.ok(told(/registered already/) > 0, "what a killed daemon has left is reported");
	});
});
