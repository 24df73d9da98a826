/** What FreeSWITCH lists, for tests. */
import assert from "node:assert/strict";
import { Generation } from "../../src/controller/generation.ts";
import type { Observation } from "../../src/controller/observe.ts";
import { type Room, roomsMatching } from "../../src/room.ts";

/** The script's settings, in tests that are about something else. */
export const settings = new Generation("a");

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
	return {
		running: new Set(running.map(room)),
		gateways: new Map(listed),
		elsewhere: new Map(),
		strangers: new Set(),
		others: new Set(others),
	};
}
