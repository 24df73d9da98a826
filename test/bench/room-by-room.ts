/**
 * The baseline, a program of its own that works as the Go daemon does: it subscribes to all events, and for each room that
 * starts it runs the script and has the profile rescanned, before it turns to the next. (It reads events while it waits for
 * an answer. The Go daemon does not, and hangs for a minute when five rooms start at once.)
 */
import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { FrameReader } from "../stand-in/event-socket/frames.ts";

const { EVENTSOCKET_PORT, GENERATOR_SCRIPT = "" } = process.env;
const socket = connect(Number(EVENTSOCKET_PORT), "127.0.0.1");
const reader = new FrameReader();
/** Rooms that are not registered; the first is being. */
const rooms: string[] = [];

socket.on("data", (bytes) => {
	for (const { type, body } of reader.read(bytes)) {
		if (type === "auth/request") {
			socket.write("auth ClueCon\n\nevent json ALL\n\n");
		} else if (type === "api/response") {
			rooms.shift();
			registerFirst();
		} else if (type === "text/event-json") {
			const event = JSON.parse(body) as Record<string, string>;
			if (event["Action"] === "conference-create" && rooms.push(event["Conference-Name"] ?? "") === 1) {
				registerFirst();
			}
		}
	}
});

function registerFirst(): void {
	const [room] = rooms;
	if (room !== undefined) {
		execFileSync(GENERATOR_SCRIPT, [room]);
		socket.write("api sofia profile external rescan\n\n");
	}
}
