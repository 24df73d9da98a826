/** The stand-in's conferences and how they are listed. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SimulatedClock } from "../../support/simulated-clock.ts";
import { Registrar } from "../registrar/registrar.ts";
import { FreeSwitch } from "./freeswitch.ts";
import { NotModelled } from "./not-modelled.ts";

describe("conferences", () => {
	let clock: SimulatedClock;
	let freeswitch: FreeSwitch;
	/** What was listed when each event came. */
	let listedAt: [action: string | undefined, listed: string[]][];

	const api = (command: string) => freeswitch.api(command);

	beforeEach(() => {
		clock = new SimulatedClock();
		freeswitch = new FreeSwitch({ clock, peer: new Registrar({ clock }), profiles: [] });
		listedAt = [];
		freeswitch.events.listen((event) => {
			listedAt.push([event["Action"], freeswitch.conferences.running.map(({ name }) => name)]);
		});
	});

	afterEach(() => {
		freeswitch.kill();
	});

	it("are listed before their creation is told, and no more when their end is", () => {
		freeswitch.conferences.create("07974", []);
		freeswitch.conferences.destroy("07974");
		assert.deepEqual(listedAt, [
			["conference-create", ["07974"]],
			["conference-destroy", []],
		]);
	});

	it("may be followed by another of the same name before their end is told", () => {
		const first = freeswitch.conferences.create("12345", []);
		const tell = freeswitch.conferences.unlist("12345");
		const second = freeswitch.conferences.create("12345", []);
		tell();
		assert.deepEqual(listedAt.at(-1), ["conference-destroy", ["12345"]]);
		assert.notEqual(first.uuid, second.uuid);
		assert.throws(() => freeswitch.conferences.create("12345"), /is running/);
	});

	it("are listed as JSON whatever their callers call themselves", async () => {
		const name = 'Ada "\\\u0007\n<b>&amp; }],"conference_name":"1" Ωß 🎉';
		freeswitch.conferences.create("12345", [{ name, number: "+4930" }]);
		freeswitch.conferences.join("12345", { name: "", number: "" });
		await clock.advance(5_000);
		for (const command of ["conference json_list", "conference json_list compact", "conference 12345 json_list"]) {
			const [conference] = JSON.parse(await api(command)) as {
				run_time: number;
				members: { caller_id_name: string; flags: { has_floor: boolean } }[];
			}[];
			assert.equal(conference?.run_time, 5);
			assert.deepEqual(
				conference.members.map(({ caller_id_name, flags }) => [caller_id_name, flags.has_floor]),
				[
					["", false],
					[name, true],
				],
			);
		}
	});

	it("are listed in lines", async () => {
		freeswitch.conferences.create("12345");
		const flags = "running|answered|enforce_min|dynamic|exit_sound|enter_sound";
		const line = `+OK Conference 12345 (1 member rate: 8000 flags: ${flags})\n`;
		assert.equal(await api("conference list summary"), line);
		const member = await api("conference 12345 list");
		assert.match(member, /^1;loopback\/default-a;[\da-f-]{36};Outbound Call;default;hear\|speak\|floor;0;0;100\n$/);
		assert.equal(await api("conference list"), line + member);
		assert.equal(await api("conference 12345 list count"), "1");
	});

	it("tell that they are recorded by a member of its own kind", async () => {
		const conference = freeswitch.conferences.create("12345");
		conference.recordedInto = "/var/freeswitch/meetings/x.opus";
		const [listed] = JSON.parse(await api("conference json_list compact")) as {
			recording: boolean;
			members: unknown[];
		}[];
		assert.equal(listed?.recording, true);
		assert.deepEqual(listed.members[0], {
			type: "recording_node",
			record_path: "/var/freeswitch/meetings/x.opus",
			join_time: conference.startedAt,
		});
	});

	it("bring an event for everybody who comes and whenever somebody talks", () => {
		freeswitch.conferences.create("12345");
		freeswitch.conferences.talk("12345");
		assert.deepEqual(
			listedAt.map(([action]) => action),
			["conference-create", "add-member", "start-talking", "stop-talking"],
		);
	});

	it("end without a word when FreeSWITCH ends", async () => {
		freeswitch.conferences.create("12345", []);
		freeswitch.shutdown();
		await clock.advance(10_000);
		assert.equal(freeswitch.alive, false);
		assert.equal(listedAt.length, 1);
	});

	it("answer loudly where the stand-in would have to make something up", async () => {
		freeswitch.conferences.create("12345");
		await assert.rejects(api("conference xml_list"), NotModelled);
		await assert.rejects(api("conference 12345 kick all"), NotModelled);
		await assert.rejects(api("sofia status"), NotModelled);
	});
});
