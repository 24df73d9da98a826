/** What happens to the rooms of a node in the bench's runs. */
import { roomNames, type Scenario } from "./runs.ts";

/** Rooms that start within a second while others run. */
export function starting(rooms: number, running = 0): Scenario {
	return {
		running,
		rooms,
		act: async (freeswitch) => {
			await freeswitch.order({ do: "start", rooms: roomNames(3, rooms), within: 1_000 });
		},
	};
}

/** Rooms that start when nothing else happens. */
export function oneByOne(rooms: number): Scenario {
	return {
		running: 0,
		rooms,
		act: async (freeswitch) => {
			for (const room of roomNames(3, rooms)) {
				await freeswitch.order({ do: "start", rooms: [room], within: 0 });
				await freeswitch.order({ do: "settle" });
			}
		},
	};
}

/** All that run end within a second. */
export function ending(rooms: number): Scenario {
	return {
		running: rooms,
		rooms,
		act: async (freeswitch) => {
			await freeswitch.order({ do: "end", rooms: roomNames(1, rooms), within: 1_000 });
		},
	};
}

/** Seconds that a storm lasts: a hundredth of that is well above what is counted. */
export const stormSeconds = 5;

/** Events that are none of the daemon's business, with a room that starts amid them if `room` names one. */
export function storm(room?: string): Scenario {
	const order = { do: "storm", perSecond: 2_000, seconds: stormSeconds } as const;
	return {
		running: 100,
		rooms: room === undefined ? 0 : 1,
		act: async (freeswitch) => {
			await freeswitch.order(room === undefined ? order : { ...order, room });
		},
	};
}
