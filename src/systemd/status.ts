/** The one sentence that `systemctl status` shows: whether FreeSWITCH is there, and how its rooms are. Pure. */
import type { Standing } from "../controller/reconciler.ts";
import type { ConnectionLost } from "../freeswitch/event-socket.ts";
import type { Session } from "../freeswitch/session.ts";

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
	const { running, registered, partial } = standing;
	const inPart = partial === 0 ? "" : `, ${partial} of them in part`;
	return `${connected}: ${running} ${running === 1 ? "room" : "rooms"} running, ${registered} registered${inPart}`;
}

/** The sentence while there is none. */
export function whenLost({ message, final }: ConnectionLost): string {
	return final ? message : `${message}; retrying`;
}
