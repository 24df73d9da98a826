/**
 * The commands `conference …` and their answers, word for word (recordings 01, 04, 09 and 11). The summary of running
 * conferences follows FreeSWITCH's source.
 */
import type { Conference, Conferences, Member } from "./conferences.ts";
import { type Json, printJson } from "./json.ts";
import { NotModelled } from "./not-modelled.ts";

/**
 * Carries out a command, without its first word `conference`.
 * @param now FreeSWITCH's time in whole seconds
 * @throws NotModelled
 */
export function conferenceCommand(conferences: Conferences, words: readonly string[], now: number): string {
	const { running } = conferences;
	const command = words.join(" ");
	const asJson = () => running.map((conference) => conferenceJson(conference, now));
	switch (command) {
		case "list summary":
			return running.length === 0 ? "+OK No active conferences.\n" : running.map(summary).join("");
		case "json_list":
			return printJson(asJson());
		case "json_list compact":
			return JSON.stringify(asJson());
	}
	const [name = ""] = words;
	if (!/^\d+$/.test(name) || conferences.get(name) !== undefined) {
		throw new NotModelled(`conference ${command}`);
	}
	return `-ERR Conference ${name} not found\n`;
}

function summary({ name, members }: Conference): string {
	const flags = "running|answered|enforce_min|dynamic|exit_sound|enter_sound";
	return `+OK Conference ${name} (${members.length} member${members.length === 1 ? "" : "s"} rate: 8000 flags: ${flags})\n`;
}

/** What all conferences, members' flags and members have in common. */
const ofConferences = JSON.parse(
	`{"canvas_count":0,"max_bw_in":0,"force_bw_in":0,"video_floor_packets":0,"locked":false,"destruct":false,
	"wait_mod":false,"audio_always":false,"running":true,"answered":true,"enforce_min":true,"bridge_to":false,
	"dynamic":true,"exit_sound":true,"enter_sound":true,"recording":false,"video_bridge":false,
	"video_floor_only":false,"video_rfc4579":false,"variables":{}}`,
) as Readonly<Record<string, Json>>;
const ofFlags = JSON.parse(
	`{"can_hear":true,"can_see":true,"can_speak":true,"hold":false,"mute_detect":false,"talking":false,
	"has_video":false,"video_bridge":false,"has_floor":false,"is_moderator":false,"end_conference":false,
	"mandatory_member_end_conference":false,"pass_digits":false}`,
) as Readonly<Record<string, Json>>;
const ofMembers = { last_talking: 0, energy: 100, volume_in: 0, volume_out: 0, "output-volume": 0, "input-volume": 0 };

function conferenceJson({ name, uuid, startedAt, members }: Conference, now: number): Json {
	return {
		conference_name: name,
		member_count: members.length,
		ghost_count: 0,
		rate: 8_000,
		run_time: now - startedAt,
		conference_uuid: uuid,
		...ofConferences,
		// The first who came has the floor.
		members: members.map((member) => memberJson(member, member === members.at(-1), now)),
	};
}

function memberJson({ id, uuid, name, number, joinedAt }: Member, floor: boolean, now: number): Json {
	return {
		type: "caller",
		id,
		flags: { ...ofFlags, has_floor: floor },
		uuid,
		caller_id_name: name,
		caller_id_number: number,
		join_time: now - joinedAt,
		...ofMembers,
	};
}
