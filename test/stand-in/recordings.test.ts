/** The stand-in does what the recorded FreeSWITCH did, frame by frame and byte by byte. */
import { describe, it } from "node:test";
import { snippet } from "../support/snippets.ts";
import { replay, type Stage } from "./replay.ts";

/** A gateway as the recorded generator wrote it. */
function recordedSnippet(room: string, proxy = "127.0.0.100"): string {
	return snippet(room, { extension: "auto_to_user", "expire-seconds": "3600", ping: "60", proxy });
}

const write =
	(...rooms: string[]) =>
	({ directory }: Stage) => {
		for (const room of rooms) {
			directory.write(room, recordedSnippet(room));
		}
	};

const remove =
	(...rooms: string[]) =>
	({ directory }: Stage) => {
		for (const room of rooms) {
			directory.delete(room);
		}
	};

const refuse = ({ standIn }: Stage) => {
	standIn.registrar.refuse("403403");
};

const thirtyRooms = Array.from({ length: 30 }, (_, index) => String(70_000 + index));

describe("the stand-in for FreeSWITCH", () => {
	it("authenticates, subscribes, filters and lists nothing (recording 01)", async () => {
		await replay("01", {});
	});

	it("refuses a wrong password (recording 02)", async () => {
		await replay("02", {});
	});

	it("refuses an address that is not in its list (recording 03)", async () => {
		await replay("03", { options: { allows: () => false } });
	});

	it("takes a room from its start to its end (recording 04)", async () => {
		await replay("04", {
			phase: 935,
			meanwhile: [
				[1_945, write("12345")],
				[8_159, remove("12345")],
			],
		});
	});

	it("has both gateways in one tick when one is killed and added again at once (recording 05)", async () => {
		await replay("05", { phase: 465, meanwhile: [[1_700, write("22222")]] });
	});

	it("calls a registrar unavailable that cannot be reached (recording 06)", async () => {
		await replay("06", {
			phase: 895,
			options: { registrarAddress: "127.0.0.100" },
			meanwhile: [
				[
					1_700,
					({ directory }) => {
						directory.write("33333", recordedSnippet("33333", "127.0.0.77"));
					},
				],
			],
		});
	});

	it("passes on a registrar's refusal (recording 07)", async () => {
		await replay("07", { phase: 700, before: refuse, meanwhile: [[1_700, write("403403")]] });
	});

	it("keeps the old configuration while a snippet is broken, and brings a killed gateway back by it (recording 08)", async () => {
		await replay("08", {
			phase: 560,
			// The gateway of recording 07 had been killed, and its file removed, since the last good reload.
			before: async (stage) => {
				const { standIn, clock, directory } = stage;
				refuse(stage);
				write("403403")(stage);
				await standIn.freeswitch.api("sofia profile external rescan");
				await clock.advance(5_000);
				await standIn.freeswitch.api("sofia profile external killgw conf_403403");
				await clock.advance(5_000);
				remove("403403")(stage);
				directory.write("broken", '<include>\n<gateway name="conf_broken">\n<param name="username" value="1"/\n');
				write("44444")(stage);
			},
			meanwhile: [
				[5_000, remove("broken")],
				[
					8_600,
					({ directory }) => {
						// What is loaded stays as it was loaded.
						directory.write("44444", recordedSnippet("44444", "127.0.0.77"));
					},
				],
				[9_800, remove("44444")],
			],
		});
	});

	it("answers refused and unknown commands (recording 09)", async () => {
		await replay("09", {});
	});

	it("un-registers and deletes all gateways at once when the profile is restarted (recording 10)", async () => {
		await replay("10", {
			phase: 200,
			timing: { firstTick: 1_010, restart: 1_210 },
			// A gateway of an earlier recording was still there, in FAIL_WAIT, and its file was gone.
			before: async (stage) => {
				const { standIn, clock } = stage;
				refuse(stage);
				await clock.advance(35_000);
				write("403403")(stage);
				await standIn.freeswitch.api("sofia profile external rescan");
				await clock.advance(3_000);
				remove("403403")(stage);
			},
			meanwhile: [
				[1_400, write("61001", "61002")],
				[14_200, remove("61001", "61002")],
			],
		});
	});

	it("registers thirty rooms in one tick and lists them (recording 11)", async () => {
		await replay("11", {
			phase: 937,
			meanwhile: [
				[5_400, write(...thirtyRooms)],
				[12_400, remove(...thirtyRooms)],
			],
		});
	});

	it("beats every twenty seconds (recording 12)", async () => {
		await replay("12", { uptime: 32_190 });
	});

	it("un-registers, and says that it is being shut down (recording 14)", async () => {
		await replay("14", {
			phase: 35,
			before: write("71717"),
			meanwhile: [
				[
					4_118,
					({ standIn }) => {
						void standIn.shutdown();
					},
				],
			],
		});
	});

	it("tells the end of a conference after the beginning of the next of that name (recording 15)", async () => {
		await replay("15", {});
	});

	it("shows a gateway through all of its life, and two of one name (recording 16)", async () => {
		await replay("16", {
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
		});
	});

	it("registers anew and un-registers when it is told to (recording 17)", async () => {
		await replay("17", {
			phase: 630,
			meanwhile: [
				[1_390, write("46464")],
				[9_800, remove("46464")],
			],
		});
	});
});
