/**
 * Reads the recordings of a real FreeSWITCH in test/fixtures/transcripts, and removes from frames what differs in every run
 * (ids, times, counters), so that the rest must be the same to the byte.
 */
import { readdirSync, readFileSync } from "node:fs";
import { type Frame, FrameReader } from "../stand-in/event-socket/frames.ts";

export interface Sent {
	readonly kind: "sent";
	/** ms since the recording began. */
	readonly t: number;
	readonly text: string;
}

export interface Arrived {
	readonly kind: "arrived";
	readonly t: number;
	readonly frame: Frame;
}

/** The server has closed its side. */
export interface Closed {
	readonly kind: "closed";
	readonly t: number;
}

export type Entry = Sent | Arrived | Closed;

const directory = new URL("../fixtures/transcripts/", import.meta.url);

/** The traffic of recording `number` ("04"), in order. A frame is placed where its last byte arrived. */
export function readRecording(number: string): Entry[] {
	const file = readdirSync(directory).find((name) => name.startsWith(`${number}-`));
	if (file === undefined) {
		throw new Error(`there is no recording ${number}`);
	}
	const reader = new FrameReader();
	const entries = readFileSync(new URL(file, directory), "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as { t: number; dir: string; data: string });
	return entries.flatMap(({ t, dir, data }): Entry[] => {
		switch (dir) {
			case ">":
				return [{ kind: "sent", t, text: data }];
			case "<":
				return reader.read(Buffer.from(data)).map((frame) => ({ kind: "arrived", t, frame }));
			default:
				return data.startsWith("server closed") ? [{ kind: "closed", t }] : [];
		}
	});
}

/** Whether a frame is an event. All other frames answer commands, in order. */
export function isEvent({ type }: Frame): boolean {
	return type === "text/event-json";
}

/** Session counters and uptime. */
const machine =
	/"(Up-Time|Uptime-msec|Session-(?:Per-Sec-(?:Last|Max|FiveMin)|Since-Startup|Peak-\w+)|Idle-CPU)":"[^"]*"/g;

/**
 * Makes frames comparable. Each id becomes a number, in order of appearance, so that two frames about the same conference must
 * still agree.
 */
export class Normaliser {
	readonly #ids = new Map<string, string>();

	normalise({ head, body }: Frame): string {
		return `${head}\n\n${body}`
			.replace(/^\[\{"conference_name".*\}\]$/m, sortConferences)
			.replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, (id) => this.#number(id))
			.replace(/^(Content-Length): \d+$/gm, "$1: #")
			.replace(/"(Event-Date-Local)":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/g, '"$1":"#"')
			.replace(/"(Event-Date-GMT)":"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"/g, '"$1":"#"')
			.replace(/"(Event-Date-Timestamp)":"\d{16}"/g, '"$1":"#"')
			.replace(/"(Event-Sequence)":"\d+"/g, '"$1":"#"')
			.replace(machine, '"$1":"#"')
			.replace(/"(id|run_time|join_time)":(\t?)\d+/g, '"$1":$2#')
			.replace(/<(ping|uptime-usec)>\d{5,}</g, "<$1>#<")
			.replace(/<retry>\d+s</g, "<retry>#s<")
			.replace(/near line \d+\]/g, "near line #]");
	}

	#number(id: string): string {
		const known = this.#ids.get(id) ?? `id-${this.#ids.size + 1}`;
		this.#ids.set(id, known);
		return known;
	}
}

/** FreeSWITCH lists conferences in the order of a hash table, which says nothing. */
function sortConferences(list: string): string {
	return list
		.slice(1, -1)
		.split(/,(?=\{"conference_name")/)
		.sort()
		.join(",\n");
}
