/** Looks at what is: which rooms run, and which gateways they have. */

import {
	conferences,
	conferencesAsJson,
	gateways,
	type ListedGateway,
	UnexpectedAnswer,
} from "../freeswitch/commands.ts";
import { ask, type EventSocket } from "../freeswitch/event-socket.ts";
import { isNamedLikeRooms, type Room, roomOf, type ToRoom } from "../room.ts";

/** What FreeSWITCH listed. */
export interface Observation {
	readonly running: ReadonlySet<Room>;
	/** The gateways of each room that has any; two of one name while an old one is dying beside a new one. */
	readonly gateways: ReadonlyMap<Room, readonly ListedGateway[]>;
	/** Rooms' gateways in other profiles, and which profile that is. */
	readonly elsewhere: ReadonlyMap<string, string>;
	/** Gateways that are named like rooms' and belong to none. */
	readonly strangers: ReadonlySet<string>;
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
	const listed = await ask(socket, gateways(profile));
	const byRoom = new Map<Room, ListedGateway[]>();
	const strangers = new Set<string>();
	for (const gateway of listed.own) {
		const room = roomOf(gateway.name, toRoom);
		if (room !== undefined) {
			byRoom.set(room, [...(byRoom.get(room) ?? []), gateway]);
		} else if (isNamedLikeRooms(gateway.name)) {
			strangers.add(gateway.name);
		}
	}
	const rooms = listed.others.filter(({ name }) => roomOf(name, toRoom) !== undefined);
	const elsewhere = new Map(rooms.map(({ name, profile }) => [name, profile]));
	return { running, gateways: byRoom, elsewhere, strangers, others };
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
