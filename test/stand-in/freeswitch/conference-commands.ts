/** What `conference …` answers, word for word; recordings 01, 04, 09 and 11 show most of it. */
import { type Json, jsonObject, printJson, printJsonCompact } from "./cjson.ts";
import type { Conference, Conferences, Member } from "./conferences.ts";
import { NotModelled } from "./not-modelled.ts";

/**
 * Carries out a command, without its first word `conference`.
 * @param now FreeSWITCH's time in whole seconds
 * @throws NotModelled
 */
export function conferenceCommand(conferences: Conferences, words: readonly string[], now: number): string {
	const [first = "", second] = words;
	const conference = conferences.get(first);
	if (conference !== undefined) {
		return commandForOne(conference, words, now);
	}
	switch (first.toLowerCase()) {
		case "list":
			return listAll(conferences, second);
		case "json_list":
			return printList(conferences.running, words.length === 2 && second === "compact", now);
		case "xml_list":
			if (conferences.running.length === 0) {
				return '<?xml version="1.0"?>\n<conferences></conferences>\n';
			}
			throw new NotModelled(`conference ${words.join(" ")}`);
		case "":
		case "count":
		case "help":
		case "commands":
			throw new NotModelled(`conference ${words.join(" ")}`);
		default:
			return `-ERR Conference ${first} not found\n`;
	}
}

function commandForOne(conference: Conference, words: readonly string[], now: number): string {
	const [, verb, argument] = words;
	switch (verb?.toLowerCase()) {
		case undefined:
			return "Conference command, not specified.\nTry 'help'\n";
		case "list":
			return argument?.toLowerCase() === "count" ? String(conference.members.length) : listMembers(conference);
		case "json_list":
			return printList([conference], words.length === 3 && argument === "compact", now);
		default:
			throw new NotModelled(`conference ${words.join(" ")}`);
	}
}

function listAll({ running }: Conferences, kind: string | undefined): string {
	if (running.length === 0) {
		return "+OK No active conferences.\n";
	}
	return running
		.map((conference) => {
			const { name, members, recordedInto } = conference;
			const flags = "running|answered|enforce_min|dynamic|exit_sound|enter_sound";
			const recording = recordedInto === undefined ? "" : "|recording";
			const plural = members.length === 1 ? "" : "s";
			const line = `+OK Conference ${name} (${members.length} member${plural} rate: 8000 flags: ${flags}${recording})\n`;
			return kind?.toLowerCase() === "summary" ? line : line + listMembers(conference);
		})
		.join("");
}

function listMembers({ members }: Conference): string {
	return members
		.map((member) => {
			const floor = hasFloor(member, members) ? "|floor" : "";
			const channel = `loopback/${member.number}-a`;
			return `${member.id};${channel};${member.uuid};${member.name};${member.number};hear|speak${floor};0;0;100\n`;
		})
		.join("");
}

function printList(conferences: readonly Conference[], compact: boolean, now: number): string {
	const list = conferences.map((conference) => conferenceJson(conference, now));
	return compact ? printJsonCompact(list) : printJson(list);
}

function conferenceJson({ name, uuid, startedAt, members, recordedInto }: Conference, now: number): Json {
	const listed = members.map((member) => memberJson(member, hasFloor(member, members), now));
	const recording = jsonObject(
		["type", "recording_node"],
		["record_path", recordedInto ?? ""],
		["join_time", startedAt],
	);
	return jsonObject(
		["conference_name", name],
		["member_count", members.length],
		["ghost_count", 0],
		["rate", 8_000],
		["run_time", now - startedAt],
		["conference_uuid", uuid],
		["canvas_count", 0],
		["max_bw_in", 0],
		["force_bw_in", 0],
		["video_floor_packets", 0],
		["locked", false],
		["destruct", false],
		["wait_mod", false],
		["audio_always", false],
		["running", true],
		["answered", true],
		["enforce_min", true],
		["bridge_to", false],
		["dynamic", true],
		["exit_sound", true],
		["enter_sound", true],
		["recording", recordedInto !== undefined],
		["video_bridge", false],
		["video_floor_only", false],
		["video_rfc4579", false],
		["variables", jsonObject()],
		["members", recordedInto === undefined ? listed : [recording, ...listed]],
	);
}

function memberJson({ id, uuid, name, number, joinedAt }: Member, floor: boolean, now: number): Json {
	return jsonObject(
		["type", "caller"],
		["id", id],
		[
			"flags",
			jsonObject(
				["can_hear", true],
				["can_see", true],
				["can_speak", true],
				["hold", false],
				["mute_detect", false],
				["talking", false],
				["has_video", false],
				["video_bridge", false],
				["has_floor", floor],
				["is_moderator", false],
				["end_conference", false],
				["mandatory_member_end_conference", false],
				["pass_digits", false],
			),
		],
		["uuid", uuid],
		["caller_id_name", name],
		["caller_id_number", number],
		["join_time", now - joinedAt],
		["last_talking", 0],
		["energy", 100],
		["volume_in", 0],
		["volume_out", 0],
		["output-volume", 0],
		["input-volume", 0],
	);
}

/** Whoever came first has the floor. */
function hasFloor(member: Member, members: readonly Member[]): boolean {
	return member === members.at(-1);
}
