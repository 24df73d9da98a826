/** The whole of the controller, planner and ledger included, on simulated time against the stand-in. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { type NodeOptions, SimulatedNode } from "../../simulation/node.ts";
import { snippet } from "../../support/snippets.ts";

let node: SimulatedNode;

function start(options: NodeOptions = {}): SimulatedNode {
	node = new SimulatedNode(options);
	// These histories have faults that the simulation does not know of, so that nothing can be promised within seconds.
	node.claims.promptness.fault();
	return node;
}

/** The daemon connects, within some seconds if it has already tried in vain. */
function connect(options?: NodeOptions): void {
	if (options !== undefined) {
		start(options);
	}
	node.network = "up";
	if (node.process.started) {
		return;
	}
	node.process.start();
}

/** FreeSWITCH is killed, with its conferences, and another one starts at once. */
async function restartFreeSwitch(): Promise<void> {
	node.endFreeSwitch("killed", 0, 0);
	await seconds(0.01);
}

/** The connection ends, and there is none until `connect`. */
function disconnect(): void {
	node.network = "refused";
	node.process.session?.cut("reset");
}

function create(...names: string[]): void {
	for (const name of names) {
		node.startRoom(name);
	}
}

function end(...names: string[]): void {
	for (const name of names) {
		node.endRoom(name);
	}
}

/** Somebody else has FreeSWITCH execute commands, one right after the other. */
async function others(...commands: string[]): Promise<void> {
	for (const command of commands) {
		const answer = node.freeswitch.api(command);
		await node.clock.advance(40);
		await answer;
	}
}

async function seconds(seconds: number): Promise<void> {
	await node.clock.advance(seconds * 1_000);
}

/** An event comes that makes the daemon look. */
function askForPass(): void {
	node.process.session?.onEvent({ kind: "conference-destroyed", conference: "1" });
}

function count(pattern: RegExp): number {
	return node.commands.filter((command) => pattern.test(command)).length;
}

/** The rooms' gateways, with the settings that they were loaded with. */
function loadedWith(): Record<string, number> {
	const gateways = node.freeswitch.sofia.profile("external")?.gateways ?? [];
	const alive = gateways.filter(({ deleted }) => !deleted);
	return Object.fromEntries(
		alive.map(({ name, settings }) => [
			name.slice("conf_".length),
			Number(settings.password.slice("settings ".length)),
		]),
	);
}

/** Lets everything come to rest, and holds it against the promise. */
async function settled(rooms: string[], within = 15): Promise<void> {
	await seconds(within);
	const expected = [...rooms].sort();
	assert.deepEqual(node.registrar.bindings(), expected, "bindings");
	assert.deepEqual(node.directory.snippets, expected, "snippets");
}

afterEach(() => {
	assert.equal(node.claims.failure, undefined);
	node.close();
});

describe("starting", () => {
	it("registers the rooms that are running already", async () => {
		start();
		create("12345", "07974");
		connect();
		await seconds(2);
		assert.deepEqual(node.registrar.bindings(), ["07974", "12345"]);
	});

	it("removes at once the gateways of rooms that ended while nobody looked", async () => {
		start({ snippets: { "111": snippet("111") } });
		await seconds(3);
		assert.deepEqual(node.registrar.bindings(), ["111"]);
		connect();
		await seconds(3);
		assert.deepEqual([node.registrar.bindings(), node.directory.snippets], [[], []]);
		assert.equal(node.log.said(/room 111 is un-registered/).length, 1);
	});

	it("finds snippets that lie there without a gateway, and removes those of rooms that have ended", async () => {
		connect({ snippets: { "111": snippet("111") } });
		await settled([]);
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

	it("waits for modules and for the profile, and changes nothing until they are there", async () => {
		connect({ modules: 4_000, snippets: { "111": snippet("111") } });
		await seconds(3.9);
		assert.equal(count(/^(reloadxml|sofia profile)/), 0);
		assert.equal(node.runs.length, 0);
		assert.equal(node.log.said(/nothing is changed until then/).length, 1);
		node.clock.after(1_000, () => {
			create("222");
		});
		await seconds(5);
		assert.deepEqual(node.registrar.bindings(), ["222"]);
		await settled(["222"]);
	});

	it("leaves alone the gateways of an administrator, whatever happens", async () => {
		connect({ admins: { trunk: "trunk", lobby: "conf_lobby" } });
		create("1");
		await seconds(3);
		end("1");
		await seconds(40);
		assert.deepEqual(node.registrar.bindings(), ["lobby", "trunk"]);
		assert.equal(node.registrar.count("unbind", "trunk") + node.registrar.count("unbind", "lobby"), 0);
	});
});

describe("a room's life", () => {
	it("is registered within two seconds of its start, at the cost of one reload and one rescan", async () => {
		connect({});
		await seconds(1.3);
		node.commands.length = 0;
		create("12345");
		await seconds(1.5);
		assert.deepEqual(node.registrar.bindings(), ["12345"]);
		assert.deepEqual([count(/^reloadxml/), count(/rescan/)], [1, 1]);
		assert.equal(node.log.said(/room 12345 is registered, after/).length, 1);
	});

	it("keeps its registration for the linger, and goes then", async () => {
		connect({ linger: 5_000 });
		create("12345");
		await seconds(3);
		end("12345");
		await seconds(4.9);
		assert.deepEqual(node.registrar.bindings(), ["12345"]);
		await seconds(1.5);
		assert.deepEqual(node.registrar.bindings(), []);
		await settled([]);
		assert.equal(node.log.said(/room 12345 is un-registered/).length, 1);
	});

	it("is never un-registered when it comes back within the linger", async () => {
		connect({});
		create("12345");
		await seconds(3);
		for (const away of [0, 0.05, 1, 4.9]) {
			end("12345");
			await seconds(away);
			create("12345");
			await seconds(7);
		}
		assert.equal(node.registrar.count("unbind"), 0);
		assert.equal(count(/killgw/), 0);
		await settled(["12345"]);
	});

	it("waits for the old gateway to be gone when it comes back while that is dying, at every moment of a tick", async () => {
		for (let away = 0; away < 2_500; away += 90) {
			connect({ linger: 0 });
			create("12345");
			await seconds(2);
			end("12345");
			await node.clock.advance(away);
			create("12345");
			await seconds(4.5);
			assert.deepEqual(node.registrar.bindings(), ["12345"], `away for ${away} ms`);
			node.close();
		}
		start();
	});

	it("comes back while another room's rescan falls into its gateway's dying, and is not raced by it", async () => {
		for (let away = 0; away < 2_500; away += 90) {
			connect({ linger: 0 });
			create("12345");
			await seconds(2);
			end("12345");
			await node.clock.advance(away);
			create("12345", "777");
			await seconds(0.2);
			create("778");
			await seconds(4.5);
			assert.deepEqual(node.registrar.bindings(), ["12345", "777", "778"], `away for ${away} ms`);
			node.close();
		}
		start();
	});

	it("is not un-registered when it comes back while the pass that lets it go is under way", async () => {
		connect({ linger: 1_000 });
		create("1", "2");
		await settled(["1", "2"]);
		const before = node.registrar.count("unbind");
		node.faults.scripts.always = (_, action) => (action === "remove" ? { fault: "slow", takes: 300 } : undefined);
		end("1");
		await node.clock.advanceUntil(() => node.runs.at(-1)?.action === "remove", "it is let go", 2_000);
		await seconds(0.1);
		create("1");
		await settled(["1", "2"]);
		assert.equal(node.registrar.count("unbind"), before);
	});

	it("ends while the registrar has not answered yet, and leaves no binding behind", async () => {
		for (const latency of [10, 300, 900, 1_800]) {
			connect({ linger: 0 });
			node.registrar.latency = latency;
			create("1");
			await seconds(1.3);
			end("1");
			await settled([], 9);
			node.close();
		}
		start();
	});

	it("ends between its gateway's load and the first REGISTER's answer, at every moment, and leaves no binding behind", async () => {
		for (let lasting = 100; lasting < 1_600; lasting += 30) {
			connect({ linger: 0 });
			node.registrar.latency = 1_800;
			// The gateway is listed UNREGED, and waits for its answer when the script has ended.
			node.faults.scripts.always = () => ({ fault: "slow", takes: 150 });
			await seconds(2);
			create("1");
			await node.clock.advance(lasting);
			end("1");
			await seconds(9);
			assert.deepEqual(node.registrar.bindings(), [], `lasting for ${lasting} ms`);
			node.close();
		}
		start();
	});

	it("that ended unseen is let go in the first second of FreeSWITCH's life, and leaves no binding behind", async () => {
		connect({ linger: 0, phase: 9, snippets: { "1": snippet("1") } });
		await settled([], 9);
	});

	it("that ends among many, one after the other, costs a reload every 150 ms at most", async () => {
		connect({ linger: 0 });
		const rooms = Array.from({ length: 50 }, (_, index) => String(10_000 + index));
		create(...rooms);
		await settled(rooms, 5);
		node.commands.length = 0;
		for (const [index, room] of rooms.entries()) {
			node.clock.after(70 * index, () => {
				end(room);
			});
		}
		await seconds(3.5);
		assert.ok(count(/^reloadxml/) <= 3_500 / 150 + 1, `${count(/^reloadxml/)} reloads in 3.5 s`);
	});

	it("survives that the destroy event of the old conference comes after the create event of the new one", async () => {
		connect({ linger: 0 });
		create("93001");
		await seconds(3);
		const told = node.freeswitch.conferences.unlist("93001");
		create("93001");
		told();
		await settled(["93001"]);
		assert.equal(node.registrar.count("unbind"), 0);
	});

	it("keeps leading zeros", async () => {
		connect({});
		create("07974");
		await settled(["07974"]);
		assert.deepEqual(
			node.runs.map(({ room }) => room),
			["07974"],
		);
	});

	it("is seen without any event, and its end too", async () => {
		connect({ resync: 30_000 });
		node.passes = () => false;
		await seconds(1);
		create("1", "2");
		await seconds(31);
		assert.deepEqual(node.registrar.bindings(), ["1", "2"]);
		end("1");
		await seconds(30 + 5 + 3);
		await settled(["2"]);
	});

	it("is not taken from its registration by gateway events that are lost", async () => {
		connect({ linger: 0 });
		node.passes = (event) => event["Event-Subclass"] === "conference::maintenance";
		create("1");
		await seconds(3);
		end("1");
		create("1");
		await seconds(0.3);
		end("1");
		await seconds(0.3);
		create("1");
		await settled(["1"], 6);
	});
});

describe("names", () => {
	it("reach neither script nor FreeSWITCH when they are no rooms", async () => {
		connect({});
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
		create(...hostile, "4711");
		await settled(["4711"]);
		assert.deepEqual([...new Set(node.runs.map(({ room }) => room))], ["4711"]);
		for (const command of node.commands) {
			assert.match(
				command,
				/^(version|conference (list summary|json_list compact)|sofia jsonstatus|reloadxml|sofia profile external (rescan|(killgw|register) conf_4711))$/,
			);
		}
		assert.equal(node.log.lines.filter(({ sentence }) => sentence.includes("is not a room")).length, hostile.length);
	});
});

describe("bursts", () => {
	it("of 500 rooms cost a handful of reloads and rescans, and all are registered soon", async () => {
		connect({});
		await seconds(1);
		node.commands.length = 0;
		for (let room = 10_000; room < 10_500; room++) {
			node.clock.after(2 * (room - 10_000), () => {
				create(String(room));
			});
		}
		await seconds(3.3);
		assert.equal(node.registrar.bindings().length, 500);
		assert.equal(node.runs.length, 500);
		assert.ok(count(/^reloadxml/) <= 12, `${count(/^reloadxml/)} reloads`);
		assert.equal(count(/rescan/), count(/^reloadxml/));
		const rooms = [...node.registrar.bindings()];
		end(...rooms);
		await settled([]);
		assert.equal(count(/killgw/), 500);
	});

	it("of events during a pass make exactly one more pass", async () => {
		connect({});
		await seconds(2);
		node.commands.length = 0;
		node.onCommand = (command) => {
			if (command.startsWith("conference")) {
				node.onCommand = () => {};
				for (let times = 0; times < 50; times++) {
					askForPass();
				}
			}
		};
		askForPass();
		await seconds(1);
		assert.equal(count(/^conference/), 2);
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
			connect({ linger: 0 });
			create("1", "2");
			await settled(["1", "2"]);
			node.commands.length = 0;
			node.answers = (asked, real) => (command.test(asked) ? answer : real);
			askForPass();
			await seconds(60);
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
		connect({ linger: 0 });
		create("1");
		await settled(["1"]);
		node.commands.length = 0;
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
		connect({ linger: 0 });
		create("1");
		await settled(["1"]);
		end("1");
		create("2");
		node.onCommand = (command) => {
			if (command.endsWith("rescan")) {
				node.onCommand = () => {};
				node.directory.write("broken", broken);
				node.clock.after(3_000, () => {
					node.directory.delete("broken");
				});
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
		connect({});
		await seconds(1);
		node.faults.scripts.always = (room) => (room === "1" ? { fault: "slow", takes: 10_000 } : undefined);
		create("1", "2");
		await seconds(0.25);
		assert.equal(node.freeswitch.sofia.gateway("conf_2"), undefined);
		await seconds(0.2);
		assert.ok(node.freeswitch.sofia.gateway("conf_2"));
		await seconds(1.75);
		assert.deepEqual(node.registrar.bindings(), ["2"]);
		const before = node.clock.now();
		create("3");
		await node.clock.advanceUntil(
			() => node.directory.snippets.includes("3") && count(/rescan/) >= 3,
			"3 is loaded",
			1_000,
		);
		assert.ok(node.clock.now() - before < 200);
		await settled(["1", "2", "3"], 12);
	});

	it("that fails to remove takes its room off the air all the same", async () => {
		connect({ linger: 0 });
		create("1");
		await settled(["1"]);
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
		assert.match(first, /does the script write it.*Retrying in 1 s/);
		assert.match(more[0] ?? "", /Retrying in 2 s/);
		node.faults.scripts.always = () => undefined;
		await settled(["1"]);
	});

	it("still running for a room that ends is followed by its removal", async () => {
		connect({ linger: 0 });
		node.faults.scripts.always = (_, action) => (action === "write" ? { fault: "slow", takes: 4_000 } : undefined);
		create("1");
		await seconds(1);
		end("1");
		await settled([]);
	});
});

describe("hands other than ours", () => {
	it("un-register a room's gateway: it registers again", async () => {
		connect({});
		create("1");
		await settled(["1"]);
		await others("sofia profile external unregister conf_1");
		await seconds(1.1);
		assert.deepEqual(node.registrar.bindings(), []);
		await settled(["1"], 3);
	});

	it("kill a room's gateway: it comes back", async () => {
		connect({});
		create("1");
		await settled(["1"]);
		node.directory.delete("1");
		await others("sofia profile external killgw conf_1");
		await settled(["1"], 5);
	});

	it("kill it and rescan at once, which is the race: it registers anew", async () => {
		connect({});
		create("1");
		await settled(["1"]);
		await others("sofia profile external killgw conf_1", "sofia profile external rescan");
		await settled(["1"], 5);
	});

	it("do so while there is no connection and the events are lost: it registers anew if both gateways are still seen", async () => {
		connect({});
		create("1");
		await settled(["1"]);
		disconnect();
		await others("sofia profile external killgw conf_1", "sofia profile external rescan");
		connect();
		await settled(["1"], 5);
	});

	it("restart the profile: all rooms come back, those that ended meanwhile do not", async () => {
		connect({ linger: 0 });
		create("1", "2");
		await settled(["1", "2"]);
		await others("sofia profile external restart");
		await seconds(0.5);
		end("1");
		create("3");
		await settled(["2", "3"], 8);
	});
});

describe("FreeSWITCH", () => {
	it("restarts with all snippets in place: rooms that do not come back are let go after the linger", async () => {
		connect({});
		create("1", "2");
		await settled(["1", "2"]);
		node.network = "refused";
		await restartFreeSwitch();
		await seconds(2);
		connect();
		create("2");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), ["1", "2"]);
		await settled(["2"]);
	});
});

describe("the registrar", () => {
	it("that refuses a room is told once for each answer of its, and when it takes the room again", async () => {
		connect({});
		node.registrar.refuse("403403");
		create("403403", "1");
		await seconds(100);
		assert.deepEqual(node.registrar.bindings(), ["1"]);
		const refused = node.log.said(/room 403403 is not registered/);
		assert.equal(refused.length, 1);
		assert.match(refused[0] ?? "", /the registrar answered 403 Forbidden/);
		node.registrar.refuse("403403", 500, "Out of order");
		await seconds(100);
		assert.equal(node.log.said(/500 Out of order/).length, 1);
		node.registrar.accept();
		await seconds(200);
		assert.deepEqual(node.registrar.bindings(), ["1", "403403"]);
		assert.equal(node.log.said(/room 403403 is registered again/).length, 1);
	});

	it("that cannot be reached is told once for each room", async () => {
		connect({});
		node.registrar.reachability = "unreachable";
		create("1", "2");
		await seconds(100);
		assert.equal(
			node.log.said(/not registered.*503 Service Unavailable, or the registrar cannot be reached/).length,
			2,
		);
		node.registrar.reachability = "up";
		await settled(["1", "2"], 40);
	});
});

describe("a connection that ends at any command", () => {
	/** Rooms that are to be over, even if a FreeSWITCH that was killed has taken them along already. */
	const over = new Set<string>();

	function end(room: string): void {
		over.add(room);
		node.endRoom(room);
	}

	function create(room: string): void {
		over.delete(room);
		node.startRoom(room);
	}

	/** What happens in a busy minute; every command of it is a moment at which something may break. */
	async function busy(): Promise<void> {
		create("1");
		create("2");
		await seconds(2);
		end("1");
		await seconds(0.7);
		create("3");
		await seconds(0.7);
		create("1");
		await seconds(0.1);
		end("2");
		await seconds(4);
	}

	async function everywhere(breakIt: () => void, secondsToSettle = 8): Promise<void> {
		connect({ linger: 0 });
		await busy();
		const commands = node.commands.length;
		node.close();
		assert.ok(commands > 20);
		for (let index = 1; index <= commands; index++) {
			start({ linger: 0 });
			let count = 0;
			node.onCommand = () => {
				count += 1;
				if (count === index) {
					breakIt();
				}
			};
			connect();
			await busy();
			await settled(["1", "3"], secondsToSettle);
			node.close();
		}
		start();
	}

	it("before the command is carried out: everything is as it should be after the next one", async () => {
		await everywhere(() => {
			disconnect();
			node.clock.after(300, () => {
				connect();
			});
		});
	});

	it("after it was carried out and before the answer: likewise", async () => {
		await everywhere(() => {
			node.clock.after(0, () => {
				disconnect();
			});
			node.clock.after(300, () => {
				connect();
			});
		});
	});

	it("because the daemon is killed, and started again: likewise", async () => {
		await everywhere(() => {
			node.clock.after(0, () => {
				node.process.kill(true);
			});
			node.clock.after(300, () => {
				node.startDaemon();
			});
		});
	});

	it("because FreeSWITCH is killed, and its rooms come back: likewise", async () => {
		await everywhere(() => {
			const running = node.freeswitch.conferences.running.map(({ name }) => name);
			node.endFreeSwitch("killed", 0, 0);
			node.clock.after(300, () => {
				for (const name of running) {
					if (!over.has(name) && node.freeswitch.conferences.get(name) === undefined) {
						create(name);
					}
				}
			});
			// What a killed FreeSWITCH had registered for a room that ended just then expires, nobody can take it back.
		}, 61);
	});
});

describe("stopping", () => {
	it("ends the pass under way, makes no other, and leaves the registrations", async () => {
		connect({});
		await seconds(2);
		create("1");
		await node.clock.advance(1);
		const stopped = node.process.stop();
		await seconds(1.2);
		await stopped;
		assert.deepEqual(node.registrar.bindings(), ["1"]);
		const commands = node.commands.length;
		create("2");
		await seconds(60);
		assert.equal(node.commands.length, commands);
		assert.deepEqual(node.registrar.bindings(), ["1"]);
		assert.equal(node.clock.timers > 0, true);
	});
});

describe("reloading", () => {
	/** Seconds for which each room was off the air, in the order in which they were; and the most at a time. */
	let offAir: { room: string; from: number; to: number }[];

	/** Rooms that are registered with old settings. New ones are there now. */
	async function registered(...rooms: string[]): Promise<void> {
		connect({ linger: 1_000 });
		create(...rooms);
		await seconds(3);
		assert.deepEqual(node.registrar.bindings(), [...rooms].sort());
		offAir = [];
	}

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
		await registered("1", "2", "3");
		node.reload();
		await oneAtATime(15, ["1", "2", "3"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
		assert.deepEqual(
			offAir.map(({ room }) => room),
			["1", "2", "3"],
		);
		assert.deepEqual(node.log.said(/^reload/), [
			"reloading: 3 rooms are registered anew, one after the other",
			"reloaded: all rooms have the new settings",
		]);
		assert.equal(node.runs.filter(({ at }) => at > 3_000).length, 3);
		await settled(["1", "2", "3"]);
	});

	it("is over at once when no room is running", async () => {
		await registered();
		node.reload();
		await seconds(1);
		assert.deepEqual(node.log.said(/^reload/), [
			"reloading: no room is running",
			"reloaded: all rooms have the new settings",
		]);
	});

	it("does not take a room down whose script fails, and does once it works", async () => {
		await registered("1", "2");
		let fails = true;
		node.faults.scripts.always = (room) => (room === "1" && fails ? { fault: "fails" } : undefined);
		node.reload();
		await oneAtATime(20, ["1", "2"]);
		assert.deepEqual(loadedWith(), { "1": 0, "2": 1 });
		assert.equal(offAir.length, 1);
		assert.ok(node.log.said(/room 1: script 1 exited with 1; retrying/).length > 2);
		fails = false;
		await oneAtATime(40, ["1", "2"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
		assert.equal(node.log.said(/^reloaded/).length, 1);
	});

	it("takes no other room down while one is refused with its new settings, until those are corrected", async () => {
		await registered("1", "2", "3");
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

	it("goes on by itself once the registrar accepts the first one again", async () => {
		await registered("1", "2");
		node.registrar.refuse("1");
		node.reload();
		await seconds(40);
		node.registrar.accept();
		await seconds(60);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
		await settled(["1", "2"]);
	});

	it("does not wait for a room that was not registered before either", async () => {
		await registered("1", "2", "3");
		node.registrar.refuse("1");
		await seconds(70);
		assert.deepEqual(node.registrar.bindings(), ["2", "3"]);
		node.reload();
		await oneAtATime(30, ["2", "3"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
	});

	it("reaches rooms that start, end and come back meanwhile", async () => {
		await registered("1", "2", "3", "4");
		node.reload();
		await seconds(1.5);
		end("3", "4");
		await seconds(0.5);
		create("5", "4");
		await oneAtATime(30, ["2"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2", "4", "5"));
		await settled(["1", "2", "4", "5"]);
	});

	it("does not leave a room off the air whose gateway is loaded too early, for another room's sake", async () => {
		await registered("1", "2");
		node.reload();
		for (let count = 10; count < 40; count++) {
			create(String(count));
			await oneAtATime(0.5, ["1", "2"], 5);
		}
		await oneAtATime(10, ["1", "2"], 5);
		assert.equal(loadedWith()["1"], 1);
		assert.equal(loadedWith()["2"], 1);
	});

	it("begins anew when it is asked for again in its midst", async () => {
		await registered("1", "2", "3");
		node.reload();
		await oneAtATime(4, ["1", "2", "3"]);
		node.reload();
		await oneAtATime(20, ["1", "2", "3"], 4);
		assert.deepEqual(loadedWith(), all(2, "1", "2", "3"));
		assert.equal(node.log.said(/^reloaded/).length, 1);
	});

	it("is not fooled by scripts that began before it", async () => {
		await registered("1");
		node.faults.scripts.always = () => ({ fault: "slow", takes: 2_000 });
		create("2");
		await seconds(1);
		node.faults.scripts.always = () => undefined;
		node.reload();
		await seconds(15);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
	});

	it("asked for while there is no connection, or before anything is known, is made up for", async () => {
		await registered("1", "2");
		disconnect();
		node.reload();
		await seconds(5);
		connect();
		await oneAtATime(12, ["1", "2"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
		node.process.kill(true);
		node.startDaemon();
		node.reload();
		connect();
		await oneAtATime(12, ["1", "2"]);
		assert.deepEqual(loadedWith(), all(2, "1", "2"));
	});

	for (const command of ["killgw", "rescan", "reloadxml", "jsonstatus"]) {
		for (const when of ["before", "after"]) {
			it(`survives a connection that is lost ${when} a ${command} of it`, async () => {
				await registered("1", "2", "3");
				let times = 0;
				node.onCommand = (sent) => {
					if (sent.includes(command) && node.clock.now() > 3_000 && times < 3) {
						times += 1;
						const cut = () => {
							disconnect();
							node.clock.after(700, () => {
								connect();
							});
						};
						if (when === "before") {
							cut();
						} else {
							node.clock.after(1, cut);
						}
					}
				};
				node.reload();
				await oneAtATime(40, ["1", "2", "3"], 5);
				assert.deepEqual(loadedWith(), all(1, "1", "2", "3"));
				await settled(["1", "2", "3"]);
			});
		}
	}

	it("survives FreeSWITCH's restart in its midst", async () => {
		await registered("1", "2", "3");
		node.reload();
		await seconds(1.5);
		await restartFreeSwitch();
		create("2", "3");
		await seconds(20);
		assert.deepEqual(loadedWith(), all(1, "2", "3"));
		await settled(["2", "3"]);
	});

	it("takes no room down while FreeSWITCH cannot read its configuration", async () => {
		await registered("1", "2");
		node.directory.write("broken", "<include>\n<gateway name='x'>\n</include>\n");
		node.reload();
		await seconds(20);
		assert.deepEqual([node.registrar.bindings(), offAir], [["1", "2"], []]);
		assert.equal(count(/killgw/), 0);
		node.directory.delete("broken");
		await oneAtATime(20, ["1", "2"]);
		assert.deepEqual(loadedWith(), all(1, "1", "2"));
	});
});

function profileIsDown(): void {
	node.answers = (_, answer) => answer.replaceAll('"RUNNING"', '"DOWN"');
}

describe("what is told of the rooms", () => {
	it("is how many run and are registered, also between passes", async () => {
		connect({});
		await seconds(1);
		assert.match(node.process.status(), /: 0 rooms? running, 0 registered$/);
		create("1", "2");
		await seconds(0.2);
		assert.match(node.process.status(), /: 2 rooms? running, 0 registered$/);
		await seconds(2);
		assert.match(node.process.status(), /: 2 rooms? running, 2 registered$/);
		end("1");
		await seconds(1);
		assert.match(node.process.status(), /: 1 rooms? running, 1 registered$/);
	});

	it("is why they are not known", async () => {
		connect({});
		await seconds(1);
		profileIsDown();
		await seconds(40);
		assert.match(node.process.status(), /: SIP profile "external" is not running in FreeSWITCH, retrying$/);
	});
});

describe("whether it hangs", () => {
	/** Lets time pass, and holds at every tenth of a second that nothing hangs. */
	async function soundFor(seconds: number): Promise<void> {
		for (let tenth = 0; tenth < seconds * 10; tenth++) {
			await node.clock.advance(100);
			assert.ok(node.clock.now() <= node.process.daemon.deadline, `at ${node.clock.now()} ms`);
		}
	}

	it("cannot be said of one that works, waits, tries again, has no connection or was stopped", async () => {
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

	it("cannot be said of a pass that is long because it has much to do", async () => {
		connect({});
		const { freeswitch } = node;
		const api = freeswitch.api.bind(freeswitch);
		freeswitch.api = async (command) => {
			await new Promise<void>((resolve) => {
				node.clock.after(9_000, resolve);
			});
			return api(command);
		};
		create("1", "2");
		await soundFor(120);
		assert.ok(count(/rescan/) > 0);
	});
});
