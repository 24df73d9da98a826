/**
 * The stories that explain the program: the real Daemon on simulated time against the stand-in. What holds of any history is
 * claimed by the simulation; here is what a room, a script, a reload and a lost connection look like.
 */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Generation } from "../../../src/controller/generation.ts";
import { Reconciler } from "../../../src/controller/reconciler.ts";
import {
	connect,
	count,
	create,
	disconnect,
	end,
	loadedWith,
	node,
	others,
	registered,
	seconds,
	settled,
	start,
} from "../../simulation/story.ts";
import { toRoom } from "../../support/observations.ts";
import { recordingLog } from "../../support/recording-log.ts";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { snippet } from "../../support/snippets.ts";

describe("a daemon that starts", () => {
	it("removes at once the gateways of rooms that ended while nobody looked", async () => {
		start({ snippets: { "111": snippet("111") } });
		await seconds(3);
		assert.deepEqual(node.registrar.bindings(), ["111"]);
		connect();
		await settled([], 3);
		assert.equal(node.log.said(/room 111 is un-registered/).length, 1);
	});

	it("leaves no binding behind of a room that ended unseen, in the first second of FreeSWITCH's life either", async () => {
		connect({ linger: 0, phase: 50, snippets: { "1": snippet("1") } });
		await settled([], 9);
	});

	it("writes the snippets of registered rooms anew without touching their registration", async () => {
		start({ snippets: { "111": snippet("111") } });
		await seconds(3);
		create("111");
		node.directory.delete("111");
		const before = node.registrar.count("unbind");
		connect();
		await settled(["111"]);
		assert.equal(node.registrar.count("unbind"), before);
		assert.match(node.log.said(/room 111/)[0] ?? "", /is running and is registered already/);
	});
});

describe("a room", () => {
	it("is registered within two seconds of its start, at the cost of one reload and one rescan", async () => {
		await registered({});
		create("12345");
		await seconds(1.5);
		assert.deepEqual(node.registrar.bindings(), ["12345"]);
		assert.deepEqual([count(/^reloadxml/), count(/rescan/)], [1, 1]);
		assert.equal(node.log.said(/room 12345 is registered, after/).length, 1);
	});

	it("keeps its registration for the linger, and goes then", async () => {
		await registered({ linger: 5_000 }, "12345");
		end("12345");
		await seconds(4.9);
		assert.deepEqual(node.registrar.bindings(), ["12345"]);
		await settled([], 1.5);
		assert.equal(node.log.said(/room 12345 is un-registered/).length, 1);
	});

	it("is never un-registered when it comes back within the linger", async () => {
		await registered({}, "12345");
		for (const away of [0, 0.05, 1, 4.9]) {
			end("12345");
			await seconds(away);
			create("12345");
			await seconds(7);
		}
		assert.equal(node.registrar.count("unbind") + count(/killgw/), 0);
		await settled(["12345"]);
	});

	for (const [others, what] of [
		[[], "waits for the old one to be gone"],
		[["777", "778"], "is not raced by another room's rescan"],
	] as const) {
		it(`that comes back while its gateway is dying ${what}, at every moment of a tick`, async () => {
			for (let away = 0; away < 2_500; away += 90) {
				await registered({ linger: 0 }, "12345");
				end("12345");
				await node.clock.advance(away);
				create("12345", ...others.slice(0, 1));
				await seconds(0.2);
				create(...others.slice(1));
				await seconds(4.3);
				assert.deepEqual(node.registrar.bindings(), ["12345", ...others], `away for ${away} ms`);
			}
		});
	}

	it("is not un-registered when it comes back while the pass that lets it go is under way", async () => {
		await registered({ linger: 1_000 }, "1", "2");
		const before = node.registrar.count("unbind");
		node.faults.scripts.always = (_, action) => (action === "remove" ? { fault: "slow", takes: 300 } : undefined);
		end("1");
		await node.clock.advanceUntil(() => node.runs.at(-1)?.action === "remove", "it is let go", 2_000);
		await seconds(0.1);
		create("1");
		await settled(["1", "2"]);
		assert.equal(node.registrar.count("unbind"), before);
	});

	it("is not un-registered when it comes back while FreeSWITCH reads its configuration to let it go", async () => {
		await registered({ linger: 0, chunked: true }, "1");
		node.onCommand = (command) => {
			if (command === "reloadxml") {
				create("1");
			}
		};
		end("1");
		await settled(["1"]);
		assert.deepEqual([count(/reloadxml/) > 0, count(/killgw/), node.registrar.count("unbind")], [true, 0, 0]);
	});

	it("whose gateway FreeSWITCH will not remove is told, and is let go at the next try", async () => {
		await registered({ linger: 0 }, "1");
		node.answers = (command, answer) => (command.includes("killgw") ? "-ERR not now\n" : answer);
		end("1");
		await settled([]);
		assert.deepEqual(node.log.said(/-ERR/), ["room 1: FreeSWITCH did not remove its gateway: -ERR not now"]);
	});

	it("that ends between its gateway's load and the first REGISTER's answer, at every moment, leaves no binding behind", async () => {
		for (let lasting = 100; lasting < 1_600; lasting += 30) {
			connect({ linger: 0, latency: 1_800 });
			// The gateway is listed UNREGED, and waits for its answer when the script has ended.
			node.faults.scripts.always = () => ({ fault: "slow", takes: 150 });
			await seconds(2);
			create("1");
			await node.clock.advance(lasting);
			end("1");
			await seconds(9);
			assert.deepEqual(node.registrar.bindings(), [], `lasting for ${lasting} ms`);
		}
	});

	const hands: [title: string, commands: string[], how?: { isFileRemoved?: boolean; isConnected?: boolean }][] = [
		["that somebody un-registers registers again", ["unregister conf_1"]],
		["whose gateway and snippet somebody removes gets new ones", ["killgw conf_1"], { isFileRemoved: true }],
		["that loses the race by somebody's killgw and rescan registers again", ["killgw conf_1", "rescan"]],
		[
			"that loses it while there is no connection registers again, if both gateways are still listed",
			["killgw conf_1", "rescan"],
			{ isConnected: false },
		],
	];
	for (const [title, commands, { isFileRemoved = false, isConnected = true } = {}] of hands) {
		it(title, async () => {
			await registered({}, "1");
			if (!isConnected) {
				disconnect();
			}
			if (isFileRemoved) {
				node.directory.delete("1");
			}
			await others(...commands.map((command) => `sofia profile external ${command}`));
			connect();
			await settled(["1"], 5);
			assert.equal(node.registrar.count("unbind"), 1);
		});
	}
});

describe("names", () => {
	it("reach neither script nor FreeSWITCH when they are no rooms", async () => {
		connect({});
		const shell = ["../x", "-rf", "1 2", "1;reboot", "$(id)"];
		const hostile = [...shell, "1\n2", "9".repeat(300), "", "１２", "1\u0000", "12345\n\nbgapi x"];
		create(...hostile, "4711");
		await settled(["4711"]);
		assert.deepEqual([...new Set(node.runs.map(({ room }) => room))], ["4711"]);
		// Which commands may be told at all is claimed by the simulation.
		assert.equal(count(/conf_(?!4711$)/), 0);
		assert.equal(node.log.lines.filter(({ sentence }) => sentence.includes("is not a room")).length, hostile.length);
	});
});

describe("a burst of 500 rooms", () => {
	it("costs a handful of reloads and rescans, and all are registered soon", async () => {
		await registered({});
		const rooms = Array.from({ length: 500 }, (_, index) => String(10_000 + index));
		for (const [index, room] of rooms.entries()) {
			node.clock.after(2 * index, () => create(room));
		}
		await seconds(3.3);
		assert.deepEqual([node.registrar.bindings().length, node.runs.length], [500, 500]);
		assert.ok(count(/^reloadxml/) <= 12, `${count(/^reloadxml/)} reloads`);
		assert.equal(count(/rescan/), count(/^reloadxml/));
		end(...rooms);
		await settled([]);
		assert.equal(count(/killgw/), 500);
	});
});

describe("an answer that says nothing sure", () => {
	const answers: [what: string, command: RegExp, answer: string][] = [
		["an error for the conferences", /^conference/, "-ERR conference Command not found!\n"],
		["an object for a list", /^conference/, "{}"],
		["an error for the gateways", /^sofia jsonstatus/, "-ERR sofia Command not found!\n"],
		["a profile that does not run", /^sofia jsonstatus/, '{"profiles":{"external":{"status":{"state":"DOWN"}}}}'],
	];
	for (const [what, command, answer] of answers) {
		it(`changes nothing, and is told once: ${what}`, async () => {
			await registered({ linger: 0 }, "1", "2");
			node.answers = (asked, real) => (command.test(asked) ? answer : real);
			await seconds(90);
			assert.deepEqual(node.registrar.bindings(), ["1", "2"]);
			assert.equal(count(/killgw|rescan|reloadxml/), 0);
			assert.equal(node.log.said(/nothing is changed until then/).length, 1);
			node.answers = (_, real) => real;
			create("3");
			await settled(["1", "2", "3"]);
			assert.equal(node.log.said(/tells its conferences and gateways again/).length, 1);
		});
	}
});

describe("a configuration that FreeSWITCH cannot read", () => {
	const broken = "<include>\n<gateway name='x'\n</include>\n";

	it("holds back what comes, not what goes, and is told once; then all comes in", async () => {
		await registered({ linger: 0 }, "1");
		node.directory.write("broken", broken);
		create("2");
		end("1");
		await seconds(30);
		assert.deepEqual(node.registrar.bindings(), []);
		assert.equal(count(/rescan/), 0);
		assert.equal(node.log.said(/cannot read its configuration.*error near line/).length, 1);
		node.directory.delete("broken");
		await seconds(7);
		assert.deepEqual(node.registrar.bindings(), ["2"]);
		assert.equal(node.log.said(/reads its configuration again/).length, 1);
	});

	it("breaking between reload and rescan brings no ended room back for long", async () => {
		await registered({ linger: 0 }, "1");
		end("1");
		create("2");
		node.onCommand = (command) => {
			if (command.endsWith("rescan")) {
				node.onCommand = () => {};
				node.directory.write("broken", broken);
				node.clock.after(3_000, () => node.directory.delete("broken"));
			}
		};
		await settled(["2"], 20);
	});
});

describe("the script", () => {
	it("that fails for one room holds no other back, and is retried after 1, 2, 4 … 60 s", async () => {
		connect({});
		node.faults.scripts.always = (room) => (room === "1" ? { fault: "fails" } : undefined);
		create("1", "2");
		await seconds(2);
		assert.deepEqual(node.registrar.bindings(), ["2"]);
		await seconds(300);
		const at = node.runs.filter(({ room }) => room === "1").map((run) => run.at);
		const waits = at.slice(1).map((time, index) => Math.round((time - (at[index] ?? 0)) / 1_000));
		assert.deepEqual(waits.slice(0, 8), [1, 2, 4, 8, 16, 32, 60, 60]);
		node.faults.scripts.always = () => undefined;
		await settled(["1", "2"], 65);
	});

	it("that hangs for one room holds another back for little more than a quarter of a second, and only once", async () => {
		await registered({});
		node.faults.scripts.always = (room) => (room === "1" ? { fault: "slow", takes: 10_000 } : undefined);
		create("1", "2");
		await seconds(0.25);
		assert.equal(node.freeswitch.sofia.gateway("conf_2"), undefined);
		await seconds(0.2);
		assert.ok(node.freeswitch.sofia.gateway("conf_2"));
		await seconds(1.75);
		assert.deepEqual(node.registrar.bindings(), ["2"]);
		const rescans = count(/rescan/);
		create("3");
		await node.clock.advanceUntil(() => count(/rescan/) > rescans, "3 is loaded", 200);
		await settled(["1", "2", "3"], 12);
	});

	it("that fails to remove takes its room off the air all the same", async () => {
		await registered({ linger: 0 }, "1");
		node.faults.scripts.always = (_, action) => (action === "remove" ? { fault: "fails" } : undefined);
		end("1");
		await seconds(3);
		assert.deepEqual(node.registrar.bindings(), []);
		create("2");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), ["2"]);
		node.faults.scripts.always = () => undefined;
		await settled(["2"], 65);
	});

	it("that writes nothing is told by what it did not do, and retried", async () => {
		connect({});
		node.faults.scripts.always = () => ({ fault: "does nothing" });
		create("1");
		await seconds(4);
		const [first = "", ...more] = node.log.said(/found no gateway conf_1 in profile external/);
		assert.match(first, /does the script write it.*Retrying$/);
		assert.deepEqual(more, []);
		assert.equal(node.runs.length, 3);
		node.faults.scripts.always = () => undefined;
		await settled(["1"]);
	});
});

describe("at any command of a busy time", () => {
	/** The rooms that are to run, even if a FreeSWITCH that was killed has taken them along. */
	let wanted: string[] = [];

	/** What happens then; every command of it is a moment at which something may break. */
	async function busy(): Promise<void> {
		const moments: [rooms: string[], pause: number][] = [
			[["1", "2"], 2],
			[["2"], 0.7],
			[["2", "3"], 0.7],
			[["1", "2", "3"], 0.1],
			[["1", "3"], 4],
		];
		wanted = [];
		for (const [rooms, pause] of moments) {
			const before = wanted;
			wanted = rooms;
			end(...before.filter((room) => !rooms.includes(room)));
			create(...rooms.filter((room) => !before.includes(room)));
			await seconds(pause);
		}
	}

	const faults: [what: string, breakIt: () => void, secondsToSettle?: number][] = [
		["the connection ends before the command is carried out", () => disconnect(300)],
		["the connection ends after that, and before the answer", () => void node.clock.after(0, () => disconnect(300))],
		[
			"the daemon is killed, and started again",
			() => {
				node.clock.after(0, () => node.process.kill(true));
				node.clock.after(300, () => node.startDaemon());
			},
		],
		[
			"FreeSWITCH is killed, and its rooms come back",
			() => {
				node.endFreeSwitch("killed", 0, 0);
				node.clock.after(300, () => create(...wanted));
			},
			// What a killed FreeSWITCH had registered for a room that ended just then expires, nobody can take it back.
			61,
		],
	];
	for (const [what, breakIt, secondsToSettle = 8] of faults) {
		it(`${what}: everything is as it should be soon after`, async () => {
			connect({ linger: 0 });
			await busy();
			const moments = node.commands.length;
			assert.ok(moments > 20);
			for (let moment = 1; moment <= moments; moment++) {
				start({ linger: 0 });
				node.onCommand = () => {
					if (node.commands.length === moment) {
						breakIt();
					}
				};
				connect();
				await busy();
				await settled(["1", "3"], secondsToSettle);
			}
		});
	}
});

describe("a fault of the program", () => {
	it("is told once with its stack, and passes go on", async () => {
		const [clock, log] = [new SimulatedClock(), recordingLog()];
		const generator = { run: () => Promise.resolve(), stop: () => Promise.resolve() };
		const reconciler = new Reconciler({
			generator,
			generation: new Generation("a"),
			toRoom,
			profile: "external",
			linger: 0,
			timeout: 10_000,
			resync: 30_000,
			clock,
			log,
		});
		let asked = 0;
		const api = () => {
			asked += 1;
			return Promise.reject(new TypeError("nobody thought of this"));
		};
		reconciler.connected({ api });
		await clock.advance(4_000);
		assert.equal(asked, 3);
		const [line = "", ...more] = log.said(/./);
		assert.match(line, /^a fault of the program, please report it: TypeError: nobody thought of this\n/);
		assert.deepEqual(more, []);
	});
});

describe("a daemon that is told to stop", () => {
	it("ends the pass under way, makes no other, and leaves the registrations", async () => {
		await registered({});
		create("1");
		await node.clock.advance(1);
		await Promise.all([node.process.stop(), seconds(1.2)]);
		const commands = node.commands.length;
		create("2");
		await seconds(60);
		assert.equal(node.commands.length, commands);
		assert.deepEqual(node.registrar.bindings(), ["1"]);
	});
});

describe("a reload", () => {
	const options = { linger: 1_000 };
	/** When each room was off the air, in seconds, in the order in which they were. */
	let offAir: { room: string; from: number; to: number }[];

	beforeEach(() => {
		offAir = [];
	});

	/** Lets time pass, and holds that never more than one room is off the air, and none for long. */
	async function oneAtATime(seconds: number, rooms: readonly string[], longest = 3): Promise<void> {
		for (let step = 0; step < seconds * 20; step++) {
			await node.clock.advance(50);
			const now = node.clock.now() / 1_000;
			const missing = rooms.filter((room) => !node.registrar.bindings().includes(room));
			assert.ok(missing.length <= 1, `at ${now} s ${missing.join(" and ")} are off the air`);
			for (const room of missing) {
				const last = offAir.at(-1);
				if (last?.room === room && last.to > now - 0.2) {
					offAir[offAir.length - 1] = { ...last, to: now };
				} else {
					offAir.push({ room, from: now, to: now });
				}
			}
		}
		for (const { room, from, to } of offAir) {
			assert.ok(to - from < longest, `${room} was off the air from ${from} s to ${to} s`);
		}
	}

	const all = (settings: number, ...rooms: string[]) => Object.fromEntries(rooms.map((room) => [room, settings]));

	it("has every room registered with the new settings, one after the other, each once", async () => {
		await registered(options, "1", "2", "3");
		node.reload();
		await oneAtATime(15, ["1", "2", "3"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
		assert.equal(offAir.map(({ room }) => room).join(), "1,2,3");
		assert.deepEqual(node.log.said(/^reload/), [
			"reloading: 3 rooms are registered anew, one after the other",
			"reloaded: all rooms have the new settings",
		]);
		assert.equal(node.runs.filter(({ at }) => at > 3_000).length, 3);
		await settled(["1", "2", "3"]);
	});

	it("tells that FreeSWITCH will not remove a gateway, and goes on at the next try", async () => {
		await registered(options, "1");
		let isFirst = true;
		node.answers = (command, answer) => {
			const refuses = isFirst && command.includes("killgw");
			isFirst &&= !refuses;
			return refuses ? "-ERR not now\n" : answer;
		};
		node.reload();
		await settled(["1"]);
		assert.deepEqual(loadedWith(), all(1, "1"));
		assert.deepEqual(node.log.said(/-ERR/), ["room 1: FreeSWITCH did not remove its gateway: -ERR not now"]);
	});

	it("is over at once when no room is running", async () => {
		await registered(options);
		node.reload();
		await seconds(1);
		assert.deepEqual(node.log.said(/^reload/), [
			"reloading: no room is running",
			"reloaded: all rooms have the new settings",
		]);
	});

	it("does not take a room down whose script fails, and does once it works", async () => {
		await registered(options, "1", "2");
		let fails = true;
		node.faults.scripts.always = (room) => (room === "1" && fails ? { fault: "fails" } : undefined);
		node.reload();
		await oneAtATime(20, ["1", "2"]);
		assert.deepEqual(loadedWith(), { "1": 0, "2": 1 });
		assert.equal(offAir.length, 1);
		assert.equal(node.log.said(/room 1: script 1 exited with 1; retrying/).length, 1);
		fails = false;
		await oneAtATime(40, ["1", "2"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
		assert.equal(node.log.said(/^reloaded/).length, 1);
	});

	it("takes no other room down while one is refused with its new settings, until those are corrected", async () => {
		await registered(options, "1", "2", "3");
		node.registrar.refuse("1");
		node.reload();
		// Its un-REGISTER is refused, too, so its binding is there until it expires.
		await seconds(70);
		assert.deepEqual(loadedWith(), { "1": 1, "2": 0, "3": 0 });
		assert.deepEqual(node.registrar.bindings(), ["2", "3"]);
		assert.equal(node.log.said(/room 1 is not registered with its new settings, so the other rooms keep/).length, 1);
		node.registrar.accept();
		node.reload();
		await oneAtATime(30, ["2", "3"]);
		assert.deepEqual(loadedWith(), all(2, "1", "2", "3"));
		assert.equal(node.log.said(/^reloaded/).length, 1);
		await settled(["1", "2", "3"]);
	});

	it("tries new settings with one room while the registrar is away, and leaves the others their gateways", async () => {
		await registered(options, "1", "2", "3");
		node.registrar.reachability = "unreachable";
		await seconds(100);
		assert.deepEqual(node.registrar.bindings(), []);
		node.reload();
		await seconds(30);
		assert.equal(Object.values(loadedWith()).filter((settings) => settings === 1).length, 1);
		node.registrar.refuse("1");
		node.registrar.reachability = "up";
		await seconds(60);
		assert.deepEqual(loadedWith(), { "1": 1, "2": 0, "3": 0 });
		assert.deepEqual(node.registrar.bindings(), ["2", "3"]);
		assert.equal(node.log.said(/room 1 is not registered with its new settings, so the other rooms keep/).length, 1);
		node.registrar.accept();
		await oneAtATime(120, ["2", "3"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
	});

	it("does not wait for a room that was not registered before either", async () => {
		await registered(options, "1", "2", "3");
		node.registrar.refuse("1");
		await seconds(70);
		assert.deepEqual(node.registrar.bindings(), ["2", "3"]);
		node.reload();
		await oneAtATime(30, ["2", "3"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
	});
});

function profileIsDown(): void {
	node.answers = (_, answer) => answer.replaceAll('"RUNNING"', '"DOWN"');
}

describe("the status", () => {
	it("tells how many rooms run and are registered, also between passes, or why that is not known", async () => {
		connect({});
		const after = async (time: number) => {
			await seconds(time);
			return /: (.*)/.exec(node.process.status())?.[1];
		};
		assert.equal(await after(1), "0 rooms running, 0 registered");
		create("1", "2");
		assert.equal(await after(0.2), "2 rooms running, 0 registered");
		assert.equal(await after(2), "2 rooms running, 2 registered");
		end("1");
		assert.equal(await after(1), "1 room running, 1 registered");
		profileIsDown();
		assert.equal(await after(40), 'SIP profile "external" is not running in FreeSWITCH, retrying');
	});
});

describe("the deadline after which a daemon hangs", () => {
	/** Lets time pass, and holds at every tenth of a second that nothing hangs. */
	async function soundFor(seconds: number): Promise<void> {
		for (let tenth = 0; tenth < seconds * 10; tenth++) {
			await node.clock.advance(100);
			assert.ok(node.clock.now() <= node.process.daemon.deadline, `at ${node.clock.now()} ms`);
		}
	}

	it("is not reached by one that works, waits, tries again, has no connection or was stopped", async () => {
		start({ resync: 300_000 });
		await soundFor(60);
		connect();
		create("1", "2", "3");
		node.faults.scripts.always = (room) =>
			room === "2" ? { fault: "fails" } : room === "3" ? { fault: "slow", takes: 60_000 } : undefined;
		await soundFor(700);
		end("1");
		profileIsDown();
		await soundFor(100);
		disconnect();
		await soundFor(400);
		connect();
		await soundFor(10);
		await node.process.stop();
		await soundFor(400);
	});

	it("is not reached by a pass that is long because it has much to do", async () => {
		connect({});
		const { freeswitch } = node;
		const api = freeswitch.api.bind(freeswitch);
		freeswitch.api = async (command) => {
			await new Promise<void>((resolve) => void node.clock.after(9_000, resolve));
			return api(command);
		};
		create("1", "2");
		await soundFor(120);
		assert.ok(count(/rescan/) > 0);
	});
});
