/** Frames of the event socket: written header for header like FreeSWITCH's, and a reader for them. */
import type { EventRecord } from "../freeswitch/events.ts";

export const greeting = "Content-Type: auth/request\n\n";

export function commandReply(text: string): string {
	return `Content-Type: command/reply\nReply-Text: ${text}\n\n`;
}

/** An answer to `api`. The length is in bytes, and the next frame follows immediately. */
export function apiResponse(text: string): string {
	return withText("api/response", text);
}

/** An event. Its headers are in the other order. */
export function eventFrame(event: EventRecord): string {
	const json = JSON.stringify(event);
	return `Content-Length: ${Buffer.byteLength(json)}\nContent-Type: text/event-json\n\n${json}`;
}

/** Sent to an address outside `apply-inbound-acl` (recording 03). */
export const rudeRejection = withText("text/rude-rejection", "Access Denied, go away.\n");

/** Sent before FreeSWITCH closes a connection, except at its shutdown. */
export const goodbye = withText(
	"text/disconnect-notice",
	"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n",
);

/** Sent when FreeSWITCH shuts down (recording 14). */
export const shutdownNotice = withText("text/disconnect-notice", "The system is being shut down.\n");

function withText(type: string, text: string): string {
	return `Content-Type: ${type}\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

/** A received frame. */
export interface Frame {
	/** The headers, without the blank line. */
	readonly head: string;
	readonly type: string;
	/** "" without a Content-Length. */
	readonly body: string;
}

/** Splits a stream of bytes into frames, wherever the chunks are cut. */
export class FrameReader {
	#bytes = Buffer.alloc(0);

	/** The frames completed by `bytes`. */
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
