/** Frames of the event socket: as FreeSWITCH's module writes them, header for header, and read back. */
import type { EventRecord } from "../freeswitch/events.ts";

export const greeting = "Content-Type: auth/request\n\n";

export function commandReply(text: string): string {
	return `Content-Type: command/reply\nReply-Text: ${text}\n\n`;
}

/** The reply to `bgapi`, which tells the job twice. */
export function jobReply(job: string): string {
	return `Content-Type: command/reply\nReply-Text: +OK Job-UUID: ${job}\nJob-UUID: ${job}\n\n`;
}

/** An answer to `api`; the length is in bytes. Nothing stands between it and the next frame. */
export function apiResponse(text: string): string {
	return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

/** An event, whose headers come in the other order. */
export function eventFrame(event: EventRecord): string {
	const json = JSON.stringify(event);
	return `Content-Length: ${Buffer.byteLength(json)}\nContent-Type: text/event-json\n\n${json}`;
}

/** To an address that `apply-inbound-acl` does not name (recording 03). */
export const rudeRejection = withText("text/rude-rejection", "Access Denied, go away.\n");

/** At the end of every connection that FreeSWITCH closes of itself, but for its own end. */
export const goodbye = withText(
	"text/disconnect-notice",
	"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n",
);

/** When FreeSWITCH shuts down (recording 14). */
export const shutdownNotice = withText("text/disconnect-notice", "The system is being shut down.\n");

function withText(type: string, text: string): string {
	return `Content-Type: ${type}\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

/** A frame as received. */
export interface Frame {
	/** The headers as they came, without the blank line. */
	readonly head: string;
	readonly type: string;
	/** "" where there is no Content-Length. */
	readonly body: string;
}

/** Takes a stream of bytes apart; frames may be cut and joined anywhere. */
export class FrameReader {
	#bytes = Buffer.alloc(0);

	/** The frames that `bytes` complete. */
	read(bytes: Uint8Array): Frame[] {
		this.#bytes = Buffer.concat([this.#bytes, bytes]);
		const frames: Frame[] = [];
		for (;;) {
			const end = this.#bytes.indexOf("\n\n");
			if (end === -1) {
				return frames;
			}
			const head = this.#bytes.toString("utf8", 0, end);
			const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1] ?? 0);
			const bodyEnd = end + 2 + length;
			if (this.#bytes.length < bodyEnd) {
				return frames;
			}
			frames.push({
				head,
				type: /^Content-Type: (.*)$/m.exec(head)?.[1] ?? "",
				body: this.#bytes.toString("utf8", end + 2, bodyEnd),
			});
			this.#bytes = this.#bytes.subarray(bodyEnd);
		}
	}
}
