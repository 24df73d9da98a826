/** The whole of the controller, planner and ledger included, on simulated time against the stand-in. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { World, type WorldOptions } from "../../simulation/world.ts";
import { snippet } from "../../support/snippets.ts";

let world: World;

function start(options: WorldOptions = {}): World {
	world = new World({
		...options,
		freeswitch: { latencies: { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 }, ...options.freeswitch },
	});
	return world;
}

/** Lets everything come to rest, and holds it against the promise. */
async function settled(rooms: string[], seconds = 15): Promise<void> {
	await world.seconds(seconds);
	const expected = [...rooms].sort();
	assert.deepEqual(world.bindings, expected, "bindings");
	assert.deepEqual(world.snippets, expected, "snippets");
}

afterEach(() => {
	world.close();
});

describe("starting", () => {
	it("registers the rooms that are running already", async () => {
		start().create("12345", "07974");
		world.connect();
		await world.seconds(2);
		assert.deepEqual(world.bindings, ["07974", "12345"]);
	});

	it("removes at once the gateways of rooms that ended while nobody looked", async () => {
		start().directory.write("111");
		world.restartFreeSwitch();
		await world.seconds(3);
		assert.deepEqual(world.bindings, ["111"]);
		world.connect();
		await world.seconds(3);
		assert.deepEqual([world.bindings, world.snippets], [[], []]);
		assert.equal(world.log.said(/room 111 is un-registered/).length, 1);
	});

	it("finds snippets that lie there without a gateway, and removes those of rooms that have ended", async () => {
		start().directory.write("111");
		world.connect();
		await settled([]);
	});

	it("writes the snippets of registered rooms anew without touching their registration", async () => {
		start().directory.write("111");
		world.restartFreeSwitch();
		await world.seconds(3);
		world.create("111");
		world.directory.delete("111");
		const before = world.registrar.count("unbind");
		world.connect();
		await settled(["111"]);
		assert.equal(world.registrar.count("unbind"), before);
		assert.match(world.log.said(/room 111/)[0] ?? "", /is running and is registered already/);
	});

	it("waits for modules and for the profile, and changes nothing until they are there", async () => {
		start({ freeswitch: { modulesAfter: 4_000 } }).directory.write("111");
		world.connect();
		await world.seconds(3.9);
		assert.equal(world.count(/^(reloadxml|sofia profile)/), 0);
		assert.equal(world.generator.runs.length, 0);
		assert.equal(world.log.said(/nothing is changed until that is known/).length, 1);
		world.clock.after(1_000, () => {
			world.create("222");
		});
		await world.seconds(5);
		assert.deepEqual(world.bindings, ["222"]);
		await settled(["222"]);
	});

	it("leaves alone the gateways of an administrator, whatever happens", async () => {
		start();
		world.directory.write("trunk", snippet("trunk", {}, "trunk"));
		world.directory.write("conf_lobby", snippet("lobby", {}, "conf_lobby"));
		world.restartFreeSwitch();
		world.connect();
		world.create("1");
		await world.seconds(3);
		world.end("1");
		await world.seconds(40);
		assert.deepEqual(world.bindings, ["lobby", "trunk"]);
		assert.equal(world.registrar.count("unbind", "trunk") + world.registrar.count("unbind", "lobby"), 0);
	});
});

describe("a room's life", () => {
	it("is registered within two seconds of its start, at the cost of one reload and one rescan", async () => {
		start().connect();
		await world.seconds(1.3);
		world.commands.length = 0;
		world.create("12345");
		await world.seconds(1.5);
		assert.deepEqual(world.bindings, ["12345"]);
		assert.deepEqual([world.count(/^reloadxml/), world.count(/rescan/)], [1, 1]);
		assert.equal(world.log.said(/room 12345 is registered, after/).length, 1);
	});

	it("keeps its registration for the linger, and goes then", async () => {
		start({ linger: 5 }).connect();
		world.create("12345");
		await world.seconds(3);
		world.end("12345");
		await world.seconds(4.9);
		assert.deepEqual(world.bindings, ["12345"]);
		await world.seconds(1.5);
		assert.deepEqual(world.bindings, []);
		await settled([]);
		assert.equal(world.log.said(/room 12345 is un-registered/).length, 1);
	});

	it("is never un-registered when it comes back within the linger", async () => {
		start().connect();
		world.create("12345");
		await world.seconds(3);
		for (const away of [0, 0.05, 1, 4.9]) {
			world.end("12345");
			await world.seconds(away);
			world.create("12345");
			await world.seconds(7);
		}
		assert.equal(world.registrar.count("unbind"), 0);
		assert.equal(world.count(/killgw/), 0);
		await settled(["12345"]);
	});

	it("waits for the old gateway to be gone when it comes back while that is dying, at every moment of a tick", async () => {
		for (let away = 0; away < 2_500; away += 90) {
			start({ linger: 0 }).connect();
			world.create("12345");
			await world.seconds(2);
			world.end("12345");
			await world.clock.advance(away);
			world.create("12345");
			await world.seconds(4.5);
			assert.deepEqual(world.bindings, ["12345"], `away for ${away} ms`);
			world.close();
		}
		start();
	});

	it("comes back while another room's rescan falls into its gateway's dying, and is not raced by it", async () => {
		for (let away = 0; away < 2_500; away += 90) {
			start({ linger: 0 }).connect();
			world.create("12345");
			await world.seconds(2);
			world.end("12345");
			await world.clock.advance(away);
			world.create("12345", "777");
			await world.seconds(0.2);
			world.create("778");
			await world.seconds(4.5);
			assert.deepEqual(world.bindings, ["12345", "777", "778"], `away for ${away} ms`);
			world.close();
		}
		start();
	});

	it("is not un-registered when it comes back while the pass that lets it go is under way", async () => {
		start({ linger: 1 }).connect();
		world.create("1", "2");
		await settled(["1", "2"]);
		const before = world.registrar.count("unbind");
		world.generator.fault = (_, action) => (action === "remove" ? { kind: "takes", takes: 300 } : undefined);
		world.end("1");
		await world.clock.advanceUntil(() => world.generator.runs.at(-1)?.action === "remove", "it is let go", 2_000);
		await world.seconds(0.1);
		world.create("1");
		await settled(["1", "2"]);
		assert.equal(world.registrar.count("unbind"), before);
	});

	it("ends while the registrar has not answered yet, and leaves no binding behind", async () => {
		for (const latency of [10, 300, 900, 1_800]) {
			start({ linger: 0 }).connect();
			world.registrar.latency = latency;
			world.create("1");
			await world.seconds(1.3);
			world.end("1");
			await settled([], 9);
			world.close();
		}
		start();
	});

	it("ends between its gateway's load and the first REGISTER's answer, at every moment, and leaves no binding behind", async () => {
		for (let lasting = 100; lasting < 1_600; lasting += 30) {
			start({ linger: 0 }).connect();
			world.registrar.latency = 1_800;
			// The gateway is listed UNREGED, and waits for its answer when the script has ended.
			world.generator.fault = () => ({ kind: "takes", takes: 150 });
			await world.seconds(2);
			world.create("1");
			await world.clock.advance(lasting);
			world.end("1");
			await world.seconds(9);
			assert.deepEqual(world.bindings, [], `lasting for ${lasting} ms`);
			world.close();
		}
		start();
	});

	it("that ended unseen is let go in the first second of FreeSWITCH's life, and leaves no binding behind", async () => {
		start({ linger: 0, freeswitch: { timing: { firstTick: 9 } } }).directory.write("1");
		world.restartFreeSwitch();
		world.connect();
		await settled([], 9);
	});

	it("that ends among many, one after the other, costs a reload every 150 ms at most", async () => {
		start({ linger: 0 }).connect();
		const rooms = Array.from({ length: 50 }, (_, index) => String(10_000 + index));
		world.create(...rooms);
		await settled(rooms, 5);
		world.commands.length = 0;
		for (const [index, room] of rooms.entries()) {
			world.clock.after(70 * index, () => {
				world.end(room);
			});
		}
		await world.seconds(3.5);
		assert.ok(world.count(/^reloadxml/) <= 3_500 / 150 + 1, `${world.count(/^reloadxml/)} reloads in 3.5 s`);
	});

	it("survives that the destroy event of the old conference comes after the create event of the new one", async () => {
		start({ linger: 0 }).connect();
		world.create("93001");
		await world.seconds(3);
		const told = world.freeswitch.conferences.unlist("93001");
		world.create("93001");
		told();
		await settled(["93001"]);
		assert.equal(world.registrar.count("unbind"), 0);
	});

	it("keeps leading zeros", async () => {
		start().connect();
		world.create("07974");
		await settled(["07974"]);
		assert.deepEqual(
			world.generator.runs.map(({ room }) => room),
			["07974"],
		);
	});

	it("is seen without any event, and its end too", async () => {
		start({ resync: 30 }).connect();
		world.passes = () => false;
		await world.seconds(1);
		world.create("1", "2");
		await world.seconds(31);
		assert.deepEqual(world.bindings, ["1", "2"]);
		world.end("1");
		await world.seconds(30 + 5 + 3);
		await settled(["2"]);
	});

	it("is not taken from its registration by gateway events that are lost", async () => {
		start({ linger: 0 }).connect();
		world.passes = (event) => event["Event-Subclass"] === "conference::maintenance";
		world.create("1");
		await world.seconds(3);
		world.end("1");
		world.create("1");
		await world.seconds(0.3);
		world.end("1");
		await world.seconds(0.3);
		world.create("1");
		await settled(["1"], 6);
	});
});

describe("names", () => {
	it("reach neither script nor FreeSWITCH when they are no rooms", async () => {
		start().connect();
		const hostile = [
			"../x",
			"-rf",
			"1 2",
			"1\n2",
			"1;reboot",
			"9".repeat(300),
			"",
			"$(id)",
			"１２",
			"1\u0000",
			"12345\n\nbgapi x",
		];
		world.create(...hostile, "4711");
		await settled(["4711"]);
		assert.deepEqual([...new Set(world.generator.runs.map(({ room }) => room))], ["4711"]);
		for (const command of world.commands) {
			assert.match(
				command,
				/^(conference (list summary|json_list compact)|sofia jsonstatus|reloadxml|sofia profile external (rescan|(killgw|register) conf_4711))$/,
			);
		}
		assert.equal(world.log.lines.filter(({ sentence }) => sentence.includes("is not a room")).length, hostile.length);
	});
});

describe("bursts", () => {
	it("of 500 rooms cost a handful of reloads and rescans, and all are registered soon", async () => {
		start().connect();
		await world.seconds(1);
		world.commands.length = 0;
		for (let room = 10_000; room < 10_500; room++) {
			world.clock.after(2 * (room - 10_000), () => {
				world.create(String(room));
			});
		}
		await world.seconds(3.3);
		assert.equal(world.bindings.length, 500);
		assert.equal(world.generator.runs.length, 500);
		assert.ok(world.count(/^reloadxml/) <= 12, `${world.count(/^reloadxml/)} reloads`);
		assert.equal(world.count(/rescan/), world.count(/^reloadxml/));
		const rooms = [...world.bindings];
		world.end(...rooms);
		await settled([]);
		assert.equal(world.count(/killgw/), 500);
	});

	it("of events during a pass make exactly one more pass", async () => {
		start().connect();
		await world.seconds(2);
		world.commands.length = 0;
		world.onCommand = (command) => {
			if (command.startsWith("conference")) {
				world.onCommand = () => {};
				for (let count = 0; count < 50; count++) {
					world.reconciler.request();
				}
			}
		};
		world.reconciler.request();
		await world.seconds(1);
		assert.equal(world.count(/^conference/), 2);
	});
});

describe("an answer that says nothing sure", () => {
	const answers: [what: string, command: RegExp, answer: string][] = [
		["an error for the conferences", /^conference/, "-ERR conference Command not found!\n"],
		["nothing for the conferences", /^conference/, ""],
		["half a list of conferences", /^conference/, '[{"conference_name":"1","mem'],
		["a list without names", /^conference/, '[{"name":"1"}]'],
		["an object for a list", /^conference/, "{}"],
		["an error for the gateways", /^sofia jsonstatus/, "-ERR sofia Command not found!\n"],
		["no profiles", /^sofia jsonstatus/, '{"profiles":{}}'],
		["a profile that does not run", /^sofia jsonstatus/, '{"profiles":{"external":{"status":{"state":"DOWN"}}}}'],
		["garbage", /^sofia jsonstatus/, "\u0000\uFFFD}{"],
	];
	for (const [what, command, answer] of answers) {
		it(`changes nothing, and is told once: ${what}`, async () => {
			start({ linger: 0 }).connect();
			world.create("1", "2");
			await settled(["1", "2"]);
			world.commands.length = 0;
			world.answers = (asked, real) => (command.test(asked) ? answer : real);
			world.reconciler.request();
			await world.seconds(60);
			assert.deepEqual(world.bindings, ["1", "2"]);
			assert.equal(world.count(/killgw|rescan|reloadxml/), 0);
			assert.equal(world.log.said(/nothing is changed until that is known/).length, 1);
			world.answers = (_, real) => real;
			world.create("3");
			await settled(["1", "2", "3"]);
			assert.equal(world.log.said(/tells its conferences and gateways again/).length, 1);
		});
	}
});

describe("a configuration that FreeSWITCH cannot read", () => {
	const broken = "<include>\n<gateway name='x'\n</include>\n";

	it("holds back what comes, not what goes, and is told once; then all comes in", async () => {
		start({ linger: 0 }).connect();
		world.create("1");
		await settled(["1"]);
		world.commands.length = 0;
		world.directory.write("broken", broken);
		world.create("2");
		world.end("1");
		await world.seconds(30);
		assert.deepEqual(world.bindings, []);
		assert.equal(world.count(/rescan/), 0);
		assert.equal(world.log.said(/cannot read its configuration.*error near line/).length, 1);
		world.directory.delete("broken");
		await world.seconds(7);
		assert.deepEqual(world.bindings, ["2"]);
		assert.equal(world.log.said(/reads its configuration again/).length, 1);
	});

	it("breaking between reload and rescan brings no ended room back for long", async () => {
		start({ linger: 0 }).connect();
		world.create("1");
		await settled(["1"]);
		world.end("1");
		world.create("2");
		world.onCommand = (command) => {
			if (command.endsWith("rescan")) {
				world.onCommand = () => {};
				world.directory.write("broken", broken);
				world.clock.after(3_000, () => {
					world.directory.delete("broken");
				});
			}
		};
		await settled(["2"], 20);
	});
});

describe("the script", () => {
	it("that fails for one room holds no other back, and is retried after 1, 2, 4 … 60 s", async () => {
		start().connect();
		world.generator.fault = (room) => (room === "1" ? { kind: "fails" } : undefined);
		world.create("1", "2");
		await world.seconds(2);
		assert.deepEqual(world.bindings, ["2"]);
		await world.seconds(300);
		const at = world.generator.runs.filter(({ room }) => room === "1").map((run) => run.at);
		const waits = at.slice(1).map((time, index) => Math.round((time - (at[index] ?? 0)) / 1_000));
		assert.deepEqual(waits.slice(0, 8), [1, 2, 4, 8, 16, 32, 60, 60]);
		world.generator.fault = () => undefined;
		await settled(["1", "2"], 65);
	});

	it("that hangs for one room holds another back for little more than a quarter of a second, and only once", async () => {
		start().connect();
		await world.seconds(1);
		world.generator.fault = (room) => (room === "1" ? { kind: "takes", takes: 10_000 } : undefined);
		world.create("1", "2");
		await world.seconds(0.25);
		assert.equal(world.freeswitch.sofia.gateway("conf_2"), undefined);
		await world.seconds(0.2);
		assert.ok(world.freeswitch.sofia.gateway("conf_2"));
		await world.seconds(1.75);
		assert.deepEqual(world.bindings, ["2"]);
		const before = world.clock.now();
		world.create("3");
		await world.clock.advanceUntil(
			() => world.snippets.includes("3") && world.count(/rescan/) >= 3,
			"3 is loaded",
			1_000,
		);
		assert.ok(world.clock.now() - before < 200);
		await settled(["1", "2", "3"], 12);
	});

	it("that fails to remove takes its room off the air all the same", async () => {
		start({ linger: 0 }).connect();
		world.create("1");
		await settled(["1"]);
		world.generator.fault = (_, action) => (action === "remove" ? { kind: "fails" } : undefined);
		world.end("1");
		await world.seconds(3);
		assert.deepEqual(world.bindings, []);
		world.create("2");
		await world.seconds(4);
		assert.deepEqual(world.bindings, ["2"]);
		world.generator.fault = () => undefined;
		await settled(["2"], 65);
	});

	it("that writes nothing is told by what it did not do, and retried", async () => {
		start().connect();
		world.generator.fault = () => ({ kind: "writes nothing" });
		world.create("1");
		await world.seconds(4);
		const [first = "", ...more] = world.log.said(/found no gateway conf_1 in profile external/);
		assert.match(first, /does the script write it.*Tried again in 1 s/);
		assert.match(more[0] ?? "", /Tried again in 2 s/);
		world.generator.fault = () => undefined;
		await settled(["1"]);
	});

	it("still running for a room that ends is followed by its removal", async () => {
		start({ linger: 0 }).connect();
		world.generator.fault = (_, action) => (action === "write" ? { kind: "takes", takes: 4_000 } : undefined);
		world.create("1");
		await world.seconds(1);
		world.end("1");
		await settled([]);
	});
});

describe("hands other than ours", () => {
	it("un-register a room's gateway: it registers again", async () => {
		start().connect();
		world.create("1");
		await settled(["1"]);
		await world.others("sofia profile external unregister conf_1");
		await world.seconds(1.1);
		assert.deepEqual(world.bindings, []);
		await settled(["1"], 3);
	});

	it("kill a room's gateway: it comes back", async () => {
		start().connect();
		world.create("1");
		await settled(["1"]);
		world.directory.delete("1");
		await world.others("sofia profile external killgw conf_1");
		await settled(["1"], 5);
	});

	it("kill it and rescan at once, which is the race: it registers anew", async () => {
		start().connect();
		world.create("1");
		await settled(["1"]);
		await world.others("sofia profile external killgw conf_1", "sofia profile external rescan");
		await settled(["1"], 5);
	});

	it("do so while there is no connection and the events are lost: it registers anew if both gateways are still seen", async () => {
		start().connect();
		world.create("1");
		await settled(["1"]);
		world.disconnect();
		await world.others("sofia profile external killgw conf_1", "sofia profile external rescan");
		world.connect();
		await settled(["1"], 5);
	});

	it("restart the profile: all rooms come back, those that ended meanwhile do not", async () => {
		start({ linger: 0 }).connect();
		world.create("1", "2");
		await settled(["1", "2"]);
		await world.others("sofia profile external restart");
		await world.seconds(0.5);
		world.end("1");
		world.create("3");
		await settled(["2", "3"], 8);
	});
});

describe("FreeSWITCH", () => {
	it("restarts with all snippets in place: rooms that do not come back are let go after the linger", async () => {
		start().connect();
		world.create("1", "2");
		await settled(["1", "2"]);
		world.restartFreeSwitch();
		await world.seconds(2);
		world.connect();
		world.create("2");
		await world.seconds(4);
		assert.deepEqual(world.bindings, ["1", "2"]);
		await settled(["2"]);
	});
});

describe("the registrar", () => {
	it("that refuses a room is told once for each answer of its, and when it takes the room again", async () => {
		start().connect();
		world.registrar.refuse("403403");
		world.create("403403", "1");
		await world.seconds(100);
		assert.deepEqual(world.bindings, ["1"]);
		const refused = world.log.said(/room 403403 is not registered/);
		assert.equal(refused.length, 1);
		assert.match(refused[0] ?? "", /the registrar answered 403 Forbidden/);
		world.registrar.refuse("403403", 500, "Out of order");
		await world.seconds(100);
		assert.equal(world.log.said(/500 Out of order/).length, 1);
		world.registrar.accept();
		await world.seconds(200);
		assert.deepEqual(world.bindings, ["1", "403403"]);
		assert.equal(world.log.said(/room 403403 is registered again/).length, 1);
	});

	it("that cannot be reached is told once for each room", async () => {
		start().connect();
		world.registrar.reachability = "unreachable";
		world.create("1", "2");
		await world.seconds(100);
		assert.equal(
			world.log.said(/not registered.*503 Service Unavailable, or the registrar cannot be reached/).length,
			2,
		);
		world.registrar.reachability = "up";
		await settled(["1", "2"], 40);
	});
});

describe("a connection that ends at any command", () => {
	/** Rooms that are to be over, even if a FreeSWITCH that was killed has taken them along already. */
	const over = new Set<string>();

	function end(room: string): void {
		over.add(room);
		if (world.freeswitch.conferences.get(room) !== undefined) {
			world.end(room);
		}
	}

	function create(room: string): void {
		over.delete(room);
		world.create(room);
	}

	/** What happens in a busy minute; every command of it is a moment at which something may break. */
	async function busy(): Promise<void> {
		create("1");
		create("2");
		await world.seconds(2);
		end("1");
		await world.seconds(0.7);
		create("3");
		await world.seconds(0.7);
		create("1");
		await world.seconds(0.1);
		end("2");
		await world.seconds(4);
	}

	async function everywhere(breakIt: () => void, secondsToSettle = 8): Promise<void> {
		start({ linger: 0 }).connect();
		await busy();
		const commands = world.commands.length;
		world.close();
		assert.ok(commands > 20);
		for (let index = 1; index <= commands; index++) {
			start({ linger: 0 });
			let count = 0;
			world.onCommand = () => {
				count += 1;
				if (count === index) {
					breakIt();
				}
			};
			world.connect();
			await busy();
			await settled(["1", "3"], secondsToSettle);
			world.close();
		}
		start();
	}

	it("before the command is carried out: everything is as it should be after the next one", async () => {
		await everywhere(() => {
			world.disconnect();
			world.clock.after(300, () => {
				world.connect();
			});
		});
	});

	it("after it was carried out and before the answer: likewise", async () => {
		await everywhere(() => {
			world.clock.after(0, () => {
				world.disconnect();
			});
			world.clock.after(300, () => {
				world.connect();
			});
		});
	});

	it("because the daemon is killed, and started again: likewise", async () => {
		await everywhere(() => {
			world.clock.after(0, () => {
				world.restartDaemon();
			});
			world.clock.after(300, () => {
				world.connect();
			});
		});
	});

	it("because FreeSWITCH is killed, and its rooms come back: likewise", async () => {
		await everywhere(() => {
			const running = world.freeswitch.conferences.running.map(({ name }) => name);
			world.restartFreeSwitch();
			world.clock.after(300, () => {
				world.connect();
				for (const name of running) {
					if (!over.has(name) && world.freeswitch.conferences.get(name) === undefined) {
						world.create(name);
					}
				}
			});
			// What a killed FreeSWITCH had registered for a room that ended just then expires, nobody can take it back.
		}, 61);
	});
});

describe("stopping", () => {
	it("ends the pass under way, makes no other, and leaves the registrations", async () => {
		start().connect();
		await world.seconds(2);
		world.create("1");
		await world.clock.advance(1);
		const stopped = world.reconciler.stop();
		await world.seconds(1.2);
		await stopped;
		assert.deepEqual(world.bindings, ["1"]);
		const commands = world.commands.length;
		world.create("2");
		await world.seconds(60);
		assert.equal(world.commands.length, commands);
		assert.deepEqual(world.bindings, ["1"]);
		assert.equal(world.clock.timers > 0, true);
	});
});

describe("reloading", () => {
	/** Seconds for which each room was off the air, in the order in which they were; and the most at a time. */
	let offAir: { room: string; from: number; to: number }[];

	/** Rooms that are registered with old settings. New ones are there now. */
	async function registered(...rooms: string[]): Promise<void> {
		start({ linger: 1 }).connect();
		world.create(...rooms);
		await world.seconds(3);
		assert.deepEqual(world.bindings, [...rooms].sort());
		world.generator.password = "new";
		offAir = [];
	}

	/** Lets time pass, and holds that never more than one room is off the air, and none for long. */
	async function oneAtATime(seconds: number, rooms: readonly string[], longest = 3): Promise<void> {
		for (let step = 0; step < seconds * 20; step++) {
			await world.clock.advance(50);
			const now = world.clock.now() / 1_000;
			const missing = rooms.filter((room) => !world.bindings.includes(room));
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

	const all = (password: string, ...rooms: string[]) => Object.fromEntries(rooms.map((room) => [room, password]));

	it("has every room registered with the new settings, one after the other, each once", async () => {
		await registered("1", "2", "3");
		world.reconciler.reload();
		await oneAtATime(15, ["1", "2", "3"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2", "3"));
		assert.deepEqual(
			offAir.map(({ room }) => room),
			["1", "2", "3"],
		);
		assert.deepEqual(world.log.said(/^reload/), [
			"reloading: 3 rooms are registered anew, one after the other",
			"reloaded: all rooms have the new settings",
		]);
		assert.equal(world.generator.runs.filter(({ at }) => at > 3_000).length, 3);
		await settled(["1", "2", "3"]);
	});

	it("is over at once when no room is running", async () => {
		await registered();
		world.reconciler.reload();
		await world.seconds(1);
		assert.deepEqual(world.log.said(/^reload/), [
			"reloading: no room is running",
			"reloaded: all rooms have the new settings",
		]);
	});

	it("does not take a room down whose script fails, and does once it works", async () => {
		await registered("1", "2");
		let fails = true;
		world.generator.fault = (room) => (room === "1" && fails ? { kind: "fails" } : undefined);
		world.reconciler.reload();
		await oneAtATime(20, ["1", "2"]);
		assert.deepEqual(world.loadedWith, { "1": "secret", "2": "new" });
		assert.equal(offAir.length, 1);
		assert.ok(world.log.said(/room 1: script 1 exited with 1: no; tried again/).length > 2);
		fails = false;
		await oneAtATime(40, ["1", "2"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2"));
		assert.equal(world.log.said(/^reloaded/).length, 1);
	});

	it("takes no other room down while one is refused with its new settings, until those are corrected", async () => {
		await registered("1", "2", "3");
		world.registrar.refuse("1");
		world.reconciler.reload();
		// Its un-REGISTER is refused, too, so its binding is there until it expires.
		await world.seconds(70);
		assert.deepEqual(world.loadedWith, { "1": "new", "2": "secret", "3": "secret" });
		assert.deepEqual(world.bindings, ["2", "3"]);
		assert.equal(world.log.said(/room 1 is not registered with its new settings, so the other rooms keep/).length, 1);
		world.registrar.accept();
		world.generator.password = "correct";
		world.reconciler.reload();
		await oneAtATime(30, ["2", "3"]);
		assert.deepEqual(world.loadedWith, all("correct", "1", "2", "3"));
		assert.equal(world.log.said(/^reloaded/).length, 1);
		await settled(["1", "2", "3"]);
	});

	it("goes on by itself once the registrar accepts the first one again", async () => {
		await registered("1", "2");
		world.registrar.refuse("1");
		world.reconciler.reload();
		await world.seconds(40);
		world.registrar.accept();
		await world.seconds(60);
		assert.deepEqual(world.loadedWith, all("new", "1", "2"));
		await settled(["1", "2"]);
	});

	it("does not wait for a room that was not registered before either", async () => {
		await registered("1", "2", "3");
		world.registrar.refuse("1");
		await world.seconds(70);
		assert.deepEqual(world.bindings, ["2", "3"]);
		world.reconciler.reload();
		await oneAtATime(30, ["2", "3"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2", "3"));
	});

	it("reaches rooms that start, end and come back meanwhile", async () => {
		await registered("1", "2", "3", "4");
		world.reconciler.reload();
		await world.seconds(1.5);
		world.end("3", "4");
		await world.seconds(0.5);
		world.create("5", "4");
		await oneAtATime(30, ["2"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2", "4", "5"));
		await settled(["1", "2", "4", "5"]);
	});

	it("does not leave a room off the air whose gateway is loaded too early, for another room's sake", async () => {
		await registered("1", "2");
		world.reconciler.reload();
		for (let count = 10; count < 40; count++) {
			world.create(String(count));
			await oneAtATime(0.5, ["1", "2"], 5);
		}
		await oneAtATime(10, ["1", "2"], 5);
		assert.equal(world.loadedWith["1"], "new");
		assert.equal(world.loadedWith["2"], "new");
	});

	it("begins anew when it is asked for again in its midst", async () => {
		await registered("1", "2", "3");
		world.reconciler.reload();
		await oneAtATime(4, ["1", "2", "3"]);
		world.generator.password = "newer";
		world.reconciler.reload();
		await oneAtATime(20, ["1", "2", "3"], 4);
		assert.deepEqual(world.loadedWith, all("newer", "1", "2", "3"));
		assert.equal(world.log.said(/^reloaded/).length, 1);
	});

	it("is not fooled by scripts that began before it", async () => {
		await registered("1");
		world.generator.password = "old";
		world.generator.fault = () => ({ kind: "takes", takes: 2_000 });
		world.create("2");
		await world.seconds(1);
		world.generator.fault = () => undefined;
		world.generator.password = "new";
		world.reconciler.reload();
		await world.seconds(15);
		assert.deepEqual(world.loadedWith, all("new", "1", "2"));
	});

	it("asked for while there is no connection, or before anything is known, is made up for", async () => {
		await registered("1", "2");
		world.disconnect();
		world.reconciler.reload();
		await world.seconds(5);
		world.connect();
		await oneAtATime(12, ["1", "2"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2"));
		world.restartDaemon();
		world.generator.password = "newer";
		world.reconciler.reload();
		world.connect();
		await oneAtATime(12, ["1", "2"]);
		assert.deepEqual(world.loadedWith, all("newer", "1", "2"));
	});

	for (const command of ["killgw", "rescan", "reloadxml", "jsonstatus"]) {
		for (const when of ["before", "after"]) {
			it(`survives a connection that is lost ${when} a ${command} of it`, async () => {
				await registered("1", "2", "3");
				let times = 0;
				world.onCommand = (sent) => {
					if (sent.includes(command) && world.clock.now() > 3_000 && times < 3) {
						times += 1;
						const cut = () => {
							world.disconnect();
							world.clock.after(700, () => {
								world.connect();
							});
						};
						if (when === "before") {
							cut();
						} else {
							world.clock.after(1, cut);
						}
					}
				};
				world.reconciler.reload();
				await oneAtATime(40, ["1", "2", "3"], 5);
				assert.deepEqual(world.loadedWith, all("new", "1", "2", "3"));
				await settled(["1", "2", "3"]);
			});
		}
	}

	it("survives FreeSWITCH's restart in its midst", async () => {
		await registered("1", "2", "3");
		world.reconciler.reload();
		await world.seconds(1.5);
		world.restartFreeSwitch();
		world.create("2", "3");
		world.connect();
		await world.seconds(20);
		assert.deepEqual(world.loadedWith, all("new", "2", "3"));
		await settled(["2", "3"]);
	});

	it("takes no room down while FreeSWITCH cannot read its configuration", async () => {
		await registered("1", "2");
		world.directory.write("broken", "<include>\n<gateway name='x'>\n</include>\n");
		world.reconciler.reload();
		await world.seconds(20);
		assert.deepEqual([world.bindings, offAir], [["1", "2"], []]);
		assert.equal(world.count(/killgw/), 0);
		world.directory.delete("broken");
		await oneAtATime(20, ["1", "2"]);
		assert.deepEqual(world.loadedWith, all("new", "1", "2"));
	});
});

function profileIsDown(): void {
	world.answers = (_, answer) => answer.replaceAll('"RUNNING"', '"DOWN"');
}

describe("what is told of the rooms", () => {
	it("is how many run and are registered, also between passes", async () => {
		start().connect();
		await world.seconds(1);
		assert.deepEqual(world.standing, { running: 0, registered: 0 });
		world.create("1", "2");
		await world.seconds(0.2);
		assert.deepEqual(world.standing, { running: 2, registered: 0 });
		await world.seconds(2);
		assert.deepEqual(world.standing, { running: 2, registered: 2 });
		world.end("1");
		await world.seconds(1);
		assert.deepEqual(world.standing, { running: 1, registered: 1 });
	});

	it("is why they are not known", async () => {
		start().connect();
		await world.seconds(1);
		profileIsDown();
		await world.seconds(40);
		assert.deepEqual(world.standing, { unknown: 'SIP profile "external" is not running in FreeSWITCH' });
	});
});

describe("whether it hangs", () => {
	/** Lets time pass, and holds at every tenth of a second that nothing hangs. */
	async function soundFor(seconds: number): Promise<void> {
		for (let tenth = 0; tenth < seconds * 10; tenth++) {
			await world.clock.advance(100);
			assert.ok(world.clock.now() <= world.reconciler.soundUntil, `at ${world.clock.now()} ms`);
		}
	}

	it("cannot be said of one that works, waits, tries again, has no connection or was stopped", async () => {
		start({ resync: 300 });
		await soundFor(60);
		world.connect();
		world.create("1", "2", "3");
		world.generator.fault = (room) =>
			room === "2" ? { kind: "fails" } : room === "3" ? { kind: "takes", takes: 60_000 } : undefined;
		await soundFor(700);
		world.end("1");
		profileIsDown();
		await soundFor(100);
		world.disconnect();
		await soundFor(400);
		world.connect();
		await soundFor(10);
		await world.reconciler.stop();
		await soundFor(400);
	});

	it("can be said when a command gets no answer, and nothing ends the connection", async () => {
		start().connect();
		await soundFor(5);
		world.reconciler.disconnected();
		world.reconciler.connected({ api: () => new Promise(() => {}) });
		await soundFor(19);
		await world.seconds(2);
		assert.ok(world.clock.now() > world.reconciler.soundUntil);
	});

	it("cannot be said of a pass that is long because it has much to do", async () => {
		start().connect();
		const { freeswitch } = world;
		const api = freeswitch.api.bind(freeswitch);
		freeswitch.api = async (command) => {
			await new Promise<void>((resolve) => {
				world.clock.after(9_000, resolve);
			});
			return api(command);
		};
		world.create("1", "2");
		await soundFor(120);
		assert.ok(world.count(/rescan/) > 0);
	});

	it("can be said when a pass never ends, whatever connection comes after it", async () => {
		start();
		world.generator.run = () => Promise.resolve();
		world.create("1");
		world.reconciler.connected({ api: () => new Promise(() => {}) });
		await soundFor(10);
		world.connect();
		await world.seconds(25);
		assert.ok(world.clock.now() > world.reconciler.soundUntil);
	});
});
