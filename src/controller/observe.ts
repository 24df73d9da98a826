/** Looks at what is: which rooms run, and which gateways they have. */

import {
	conferences,
	conferencesAsJson,
	gateways,
	type ListedGateway,
	UnexpectedAnswer,
} from "../freeswitch/commands.ts";
import { ask, type EventSocket } from "../freeswitch/event-socket.ts";
import { type Room, roomOf, type ToRoom } from "../room.ts";

/** What FreeSWITCH listed. */
export interface Observation {
	readonly running: ReadonlySet<Room>;
	/** The gateways of each room that has one; two while an old one is dying beside a new one. */
	readonly gateways: ReadonlyMap<Room, readonly ListedGateway[]>;
	/** The names of running conferences that are no rooms. */
	readonly others: ReadonlySet<string>;
}

/**
 * Asks FreeSWITCH for both lists. An answer that says nothing sure is an error, never an empty list: otherwise one bad
 * answer would un-register every room.
 * @throws ConnectionLost, UnexpectedAnswer, ProfileNotRunning
 */
export async function observe(socket: EventSocket, profile: string, toRoom: ToRoom): Promise<Observation> {
	const running = new Set<Room>();
	const others = new Set<string>();
	for (const name of await conferenceNames(socket)) {
		const room = toRoom(name);
		if (room === undefined) {
			others.add(name);
		} else {
			running.add(room);
		}
	}
	const byRoom = new Map<Room, ListedGateway[]>();
	for (const gateway of await ask(socket, gateways(profile))) {
		const room = roomOf(gateway.name, toRoom);
		if (room !== undefined) {
			byRoom.set(room, [...(byRoom.get(room) ?? []), gateway]);
		}
	}
	return { running, gateways: byRoom, others };
}

async function conferenceNames(socket: EventSocket): Promise<string[]> {
	try {
		return await ask(socket, conferences);
	} catch (error) {
		if (!(error instanceof UnexpectedAnswer)) {
			throw error;
		}
		return await ask(socket, conferencesAsJson);
	}
}
