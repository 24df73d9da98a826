/** What is done to a node that is no fault: rooms come and go, and the settings change. */
import fc from "fast-check";
import { kind, room, wait } from "./deed.ts";

/** Times are in ms. */
export const life = {
	start: kind({
		weight: 6,
		facts: fc.record({ room }),
		words: (deed) => `room ${deed.room} starts`,
		carryOut: (node, deed) => node.startRoom(deed.room),
	}),
	end: kind({
		weight: 6,
		facts: fc.record({ room }),
		words: (deed) => `room ${deed.room} ends`,
		carryOut: (node, deed) => node.endRoom(deed.room),
	}),
	bounce: kind({
		weight: 2,
		facts: fc.record({ room, away: wait }),
		words: (deed) => `room ${deed.room} ends, and comes back after ${deed.away} ms`,
		carryOut: (node, deed) => {
			node.endRoom(deed.room);
			node.clock.after(deed.away, () => node.startRoom(deed.room));
		},
	}),
	move: kind({
		weight: 3,
		facts: fc.record({ room, away: wait }),
		words: (deed) => `room ${deed.room} ends, and starts on the next node after ${deed.away} ms`,
		carryOut: (node, deed) => {
			node.endRoom(deed.room);
			node.clock.after(deed.away, () => node.next.startRoom(deed.room));
		},
	}),
	replace: kind({
		weight: 2,
		facts: fc.record({ room, late: wait }),
		words: (deed) =>
			`room ${deed.room} is replaced by a new one; the old one's destroy event comes ${deed.late} ms after the new one's create event`,
		carryOut: (node, deed) => node.replaceRoom(deed.room, deed.late),
	}),
	reload: kind({
		weight: 2,
		facts: fc.record({}),
		words: () => "the script's settings are changed, and the daemon is reloaded",
		carryOut: (node) => node.reload(),
	}),
	burst: kind({
		weight: 1,
		facts: fc.record({
			rooms: fc.integer({ min: 2, max: 8 }),
			apart: fc.integer({ min: 0, max: 200 }),
			lasting: wait,
		}),
		words: (deed) => `${deed.rooms} rooms start, ${deed.apart} ms apart, each for ${deed.lasting} ms`,
		carryOut: (node, deed) => {
			for (let index = 0; index < deed.rooms; index++) {
				const room = String(500 + index);
				node.clock.after(index * deed.apart, () => node.startRoom(room));
				node.clock.after(index * deed.apart + deed.lasting, () => node.endRoom(room));
			}
		},
	}),
};
