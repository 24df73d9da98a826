/** The stand-in does what the recorded FreeSWITCH did, frame by frame and byte by byte. */
import { describe, it } from "node:test";
import { snippet } from "../support/snippets.ts";
import { replay, type Stage, type Staging } from "./replay.ts";

/** Writes a snippet like the recorded generator's. */
function writeOne(room: string, proxy = "127.0.0.100"): (stage: Stage) => void {
	const text = snippet(room, { extension: "auto_to_user", "expire-seconds": "3600", ping: "60", proxy });
	return ({ directory }) => directory.write(room, text);
}

function write(...rooms: string[]): (stage: Stage) => void {
	return (stage) => rooms.forEach((room) => writeOne(room)(stage));
}

function remove(...rooms: string[]): (stage: Stage) => void {
	return ({ directory }) => rooms.forEach((room) => directory.delete(room));
}

/** Makes the registrar refuse room 403403, whose gateway was left from one recording to the next. */
function refuse({ standIn }: Stage): void {
	standIn.registrar.refuse("403403");
}

async function addRefused(stage: Stage): Promise<void> {
	refuse(stage);
	write("403403")(stage);
	await stage.standIn.freeswitch.api("sofia profile external rescan");
}

const thirtyRooms = Array.from({ length: 30 }, (_, index) => String(70_000 + index));

const stagings: Readonly<Record<string, Staging>> = {
	"01": { what: "authenticates, subscribes, filters and lists nothing" },
	"02": { what: "refuses a wrong password" },
	"03": { what: "refuses an address that is not in its list", options: { allows: () => false } },
	"04": {
		what: "takes a room from its start to its end",
		phase: 935,
		meanwhile: [
			[1_945, write("12345")],
			[8_159, remove("12345")],
		],
	},
	"05": {
		what: "runs both gateways in one tick when one is killed and added again at once",
		phase: 465,
		meanwhile: [[1_700, write("22222")]],
	},
	"06": {
		what: "reports a registrar that cannot be reached as 503",
		phase: 895,
		before: ({ standIn }) => {
			standIn.registrar.reachability = "unreachable";
		},
		meanwhile: [[1_700, writeOne("33333", "127.0.0.77")]],
	},
	"07": { what: "passes on a registrar's refusal", phase: 700, before: refuse, meanwhile: [[1_700, write("403403")]] },
	"08": {
		what: "keeps the old configuration while a snippet is broken, even a gateway killed since",
		phase: 560,
		// Since the last good reload the gateway was killed and its file removed.
		before: async (stage) => {
			const { standIn, clock, directory } = stage;
			await addRefused(stage);
			await clock.advance(5_000);
			await standIn.freeswitch.api("sofia profile external killgw conf_403403");
			await clock.advance(5_000);
			remove("403403")(stage);
			directory.write("broken", '<include>\n<gateway name="conf_broken">\n<param name="username" value="1"/\n');
			write("44444")(stage);
		},
		meanwhile: [
			[5_000, remove("broken")],
			// This changes nothing: a loaded gateway stays as it is.
			[8_600, writeOne("44444", "127.0.0.77")],
			[9_800, remove("44444")],
		],
	},
	"09": { what: "answers refused and unknown commands" },
	"10": {
		what: "un-registers and deletes all gateways at once when the profile is restarted",
		phase: 200,
		timing: { firstTick: 1_010, restart: 1_210 },
		// The gateway was in FAIL_WAIT, its file already gone.
		before: async (stage) => {
			await stage.clock.advance(35_000);
			await addRefused(stage);
			await stage.clock.advance(3_000);
			remove("403403")(stage);
		},
		meanwhile: [
			[1_400, write("61001", "61002")],
			[14_200, remove("61001", "61002")],
		],
	},
	"11": {
		what: "registers thirty rooms in one tick and lists them",
		phase: 937,
		meanwhile: [
			[5_400, write(...thirtyRooms)],
			[12_400, remove(...thirtyRooms)],
		],
	},
	"14": {
		what: "un-registers, and says that it is being shut down",
		phase: 35,
		before: write("71717"),
		meanwhile: [[4_118, ({ standIn }) => void standIn.shutdown()]],
	},
	"15": { what: "fires a destroy event after the create event of the next conference of that name" },
	"16": {
		what: "lists a gateway through all of its life, and two of one name",
		phase: 200,
		before: refuse,
		meanwhile: [
			[1_500, write("45454")],
			[4_200, remove("45454")],
			[6_600, write("45454")],
			[11_600, remove("45454")],
			[15_700, write("403403")],
			[18_400, remove("403403")],
		],
	},
	"17": {
		what: "registers anew and un-registers on command",
		phase: 630,
		meanwhile: [
			[1_390, write("46464")],
			[9_800, remove("46464")],
		],
	},
};

describe("the stand-in for FreeSWITCH", () => {
	for (const [number, staging] of Object.entries(stagings).sort()) {
		it(`${staging.what} (recording ${number})`, () => replay(number, staging));
	}
});
