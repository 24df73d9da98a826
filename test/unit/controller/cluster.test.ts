/**
 * What a node tells the registrar, which sends it all callers of a room that it registers: nothing of a room that does not run
 * here, whatever lies in FreeSWITCH's directory.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, count, create, end, node, others, registered, seconds, settled } from "../../simulation/story.ts";
import { snippet } from "../../support/snippets.ts";

/** How many REGISTERs the registrar has accepted for a room. */
const registers = (room: string) => node.registrar.count("bind", room);

/** Ends room 2, and has it come back a while later: each time, a rescan loads whatever lies in the directory. */
async function rescans(times: number): Promise<void> {
	for (let time = 0; time < times; time++) {
		create("2");
		await seconds(4);
		end("2");
		await seconds(10);
	}
}

describe("a FreeSWITCH that is started again", () => {
	for (const how of ["killed", "shut down"] as const) {
		it(`after it was ${how} registers no room that it does not run`, async () => {
			await registered({ linger: 5_000 }, "1", "2");
			end("2");
			await seconds(1);
			const before = [registers("1"), registers("2")];
			node.endFreeSwitch(how, 4_000, 0);
			await seconds(3);
			assert.deepEqual(node.directory.snippets, []);
			await seconds(60);
			assert.deepEqual([registers("1"), registers("2")], before);
			create("1");
			await settled(["1"]);
		});
	}

	it("keeps nothing for rooms that ended with the former one, not even for a linger", async () => {
		await registered({ linger: 60_000 }, "1");
		node.endFreeSwitch("killed", 3_000, 0);
		const before = registers("1");
		node.clock.after(2_500, () => node.directory.write("1"));
		await seconds(8);
		assert.deepEqual([registers("1"), node.directory.snippets], [before, []]);
		assert.deepEqual(node.freeswitch.sofia.profile("external")?.gateways, []);
		assert.deepEqual(node.log.said(/room 1 ended/), ["room 1 ended"]);
	});

	it("is not believed of one whose connection was cut: its rooms linger, and keep snippets and gateways", async () => {
		await registered({ linger: 60_000 }, "1", "2");
		node.process.session?.cut("reset");
		end("2");
		await seconds(10);
		assert.deepEqual(node.registrar.bindings(), ["1", "2"]);
		assert.equal(node.runs.filter(({ room, action }) => room === "1" && action === "remove").length, 0);
		assert.deepEqual(node.directory.snippets, ["1"]);
	});
});

describe("a room that lingers", () => {
	it("has no snippet, so a restart of the profile does not register it", async () => {
		await registered({ linger: 30_000 }, "1");
		await seconds(10);
		end("1");
		await seconds(1);
		const before = registers("1");
		await others("sofia profile external restart");
		await seconds(10);
		assert.equal(registers("1"), before);
		await settled([], 30);
	});

	it("and is un-registered by hand is let go, and nothing looks for it any more", async () => {
		await registered({ linger: 30_000 }, "1");
		end("1");
		await seconds(1);
		await others("sofia profile external unregister conf_1");
		await seconds(10);
		assert.deepEqual(node.freeswitch.sofia.profile("external")?.gateways, []);
		const looks = count(/jsonstatus/);
		await seconds(28);
		assert.ok(count(/jsonstatus/) - looks <= 2);
	});
});

describe("a room that has ended", () => {
	it("loses its gateway although the script that removes its snippet cannot be ended", async () => {
		await registered({ linger: 0 }, "1");
		node.faults.scripts.always = () => ({ fault: "stuck", takes: 600_000 });
		end("1");
		await seconds(20);
		assert.deepEqual(node.registrar.bindings(), []);
	});
});

describe("a gateway that a room's script does not remove", () => {
	it("is killed when it comes, told at warn when it keeps coming, and then left un-registered for good", async () => {
		connect({ linger: 0 });
		node.directory.write("0_predecessor", snippet("1"));
		await rescans(4);
		const warnings = () => node.log.said(/room 1 does not run here, and its gateway comes back/).length;
		assert.equal(warnings(), 1);
		const before = [registers("1"), node.registrar.count("unbind", "1")];
		await rescans(10);
		assert.deepEqual([registers("1"), node.registrar.count("unbind", "1")], before);
		assert.equal(warnings(), 1);
		const idle = count(/./);
		await seconds(300);
		assert.ok(count(/./) - idle <= 2 * 11);
	});

	it("mostly is gone before its first REGISTER", async () => {
		let stolen = 0;
		for (let phase = 100; phase <= 1_000; phase += 100) {
			connect({ linger: 0, phase });
			await seconds(2);
			node.directory.write("0_predecessor", snippet("1"));
			await rescans(1);
			stolen += registers("1");
		}
		assert.ok(stolen <= 3, `${stolen} of 10`);
	});

	it("serves the room when that runs, and is let go again when it ends", async () => {
		connect({ linger: 0 });
		node.directory.write("0_predecessor", snippet("1"));
		await rescans(4);
		create("1");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), ["1"]);
		end("1");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), []);
	});
});

describe("a room with two gateways", () => {
	const two = (room: string) => {
		node.directory.write(room, snippet(room) + snippet(`8${room}`, {}, `conf_${room}.2`));
	};

	it("is registered when one is, is told of the other, and loses both when it ends", async () => {
		await registered({ linger: 0 });
		node.faults.scripts.always = () => ({ fault: "does nothing" });
		two("1");
		node.registrar.refuse("81");
		create("1");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), ["1"]);
		assert.deepEqual(node.log.said(/^room 1 is/).slice(0, 2), [
			"room 1 is not registered with its gateway conf_1.2: the registrar answered 403 Forbidden; FreeSWITCH tries again by itself",
			"room 1 is registered, after 1.0 s",
		]);
		assert.match(node.process.status(), /1 room running, 1 registered, 1 of them in part/);
		node.registrar.accept();
		await seconds(70);
		assert.deepEqual(node.registrar.bindings(), ["1", "81"]);
		assert.equal(node.log.said(/room 1 is registered with its gateway conf_1.2, too/).length, 1);
		node.faults.scripts.always = () => undefined;
		end("1");
		await settled([]);
		assert.deepEqual(node.freeswitch.sofia.profile("external")?.gateways, []);
	});

	it("whose second one is un-registered by hand has that registered again", async () => {
		await registered({});
		node.faults.scripts.always = () => ({ fault: "does nothing" });
		two("1");
		create("1");
		await seconds(4);
		await others("sofia profile external unregister conf_1.2");
		await seconds(4);
		assert.deepEqual(node.registrar.bindings(), ["1", "81"]);
	});
});

describe("what is not ours", () => {
	it("and is named like a room's is told once, as it may be left from another ROOM_PATTERN", async () => {
		connect({ admins: { lobby: "conf_lobby" } });
		await seconds(100);
		assert.equal(node.log.said(/named like rooms' and are none by ROOM_PATTERN: conf_lobby;/).length, 1);
		assert.deepEqual(node.registrar.bindings(), ["lobby"]);
	});

	it("and has a room's name in another profile is told once", async () => {
		connect({});
		const internal = `"internal":{"status":{"type":"profile","state":"RUNNING"},"gateways":{"conf_1":{"state":"REGED"}}},`;
		node.answers = (command, answer) =>
			command === "sofia jsonstatus" ? answer.replace('"external"', `${internal}"external"`) : answer;
		await seconds(100);
		assert.equal(node.log.said(/profile internal has a gateway conf_1, which is the name of a room's;/).length, 1);
	});
});
