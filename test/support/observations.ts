/** What FreeSWITCH lists, for tests. */
import assert from "node:assert/strict";
import type { Observation } from "../../src/controller/observe.ts";
import { type Room, roomsMatching } from "../../src/room.ts";

export const toRoom = roomsMatching("[0-9]+");

export function room(name: string): Room {
	const found = toRoom(name);
	assert.ok(found);
	return found;
}

/** @param gateways the states of each room's gateways @param others conferences that are no rooms */
export function seen(running: string[], gateways: Record<string, string[]> = {}, others: string[] = []): Observation {
	const listed = Object.entries(gateways).map(
		([name, states]) => [room(name), states.map((state) => ({ name: `conf_${name}`, state }))] as const,
	);
	return { running: new Set(running.map(room)), gateways: new Map(listed), others: new Set(others) };
}
