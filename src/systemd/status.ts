/** The one sentence that `systemctl status` shows: whether FreeSWITCH is there, and how its rooms are. Pure. */
import type { ConnectionLost } from "../freeswitch/event-socket.ts";
import type { Session } from "../freeswitch/session.ts";

/** What is known of the rooms: how many run and are registered, or why that is not known. */
export type Standing =
	| { readonly running: number; readonly registered: number }
	| { readonly unknown: string }
	/** Nothing has been looked at yet. */
	| undefined;

/** The sentence while there is a connection. */
export function whenConnected({ version = "" }: Pick<Session, "version">, standing: Standing): string {
	const [number = ""] = /^\d+(\.\d+)*/.exec(version) ?? [];
	const connected = `connected to FreeSWITCH ${number}`.trim();
	if (standing === undefined) {
		return connected;
	}
	if ("unknown" in standing) {
		return `${connected}: ${standing.unknown}, retrying`;
	}
	const { running, registered } = standing;
	return `${connected}: ${running} ${running === 1 ? "room" : "rooms"} running, ${registered} registered`;
}

/** The sentence while there is none. */
export function whenLost({ message, final }: ConnectionLost): string {
	return final ? message : `${message}; retrying`;
}
