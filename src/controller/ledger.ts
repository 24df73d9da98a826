/** The records of all rooms that are running, are linked to a gateway, or are still to be cleared away. */
import type { Room } from "../room.ts";
import type { Observation } from "./observe.ts";
import type { RegistrationChange } from "./registration.ts";
import { type Change, RoomRecord } from "./room-record.ts";

/** What an observation shows of a room that the one before it did not. */
export interface RoomChange {
	readonly room: Room;
	readonly conference: Change | undefined;
	readonly registration: RegistrationChange | undefined;
	/** Whether it is registered now. */
	readonly isRegistered: boolean;
}

export class Ledger {
	readonly #linger: number;
	readonly #records = new Map<Room, RoomRecord>();
	/** When a create event came for rooms that have not been looked for since, in ms on the clock. */
	readonly #created = new Map<Room, number>();

	/** @param linger ms that a room which has ended keeps its gateway */
	constructor(linger: number) {
		this.#linger = linger;
	}

	get records(): ReadonlyMap<Room, RoomRecord> {
		return this.#records;
	}

	/** How many rooms run, and how many of them are registered. */
	get counts(): { readonly running: number; readonly registered: number } {
		const running = [...this.#records.values()].filter(({ isRunning }) => isRunning);
		return { running: running.length, registered: running.filter(({ isRegistered }) => isRegistered).length };
	}

	/** The room's record, made if there is none. */
	of(room: Room): RoomRecord {
		let record = this.#records.get(room);
		if (record === undefined) {
			record = new RoomRecord();
			this.#records.set(room, record);
		}
		return record;
	}

	/** A conference's create event has come: the time to its registration counts from now. */
	noteCreated(room: Room, now: number): void {
		this.#created.set(room, now);
	}

	/** Whether a conference has been created since the last look; it may be listed, or have ended again. */
	wasCreated(room: Room): boolean {
		return this.#created.has(room);
	}

	/**
	 * Takes in what FreeSWITCH lists.
	 * @param now ms on the clock at which it was asked
	 * @param first whether this is the first look of a connection
	 */
	observe({ running, gateways }: Observation, now: number, first: boolean): RoomChange[] {
		const changes: RoomChange[] = [];
		for (const room of new Set([...this.#records.keys(), ...running, ...gateways.keys()])) {
			const record = this.of(room);
			const conference = record.observeConference(running.has(room), now, this.#linger, this.#created.get(room));
			const registration = record.observeGateways(gateways.get(room) ?? [], now, first);
			if (conference !== undefined || registration !== undefined) {
				changes.push({ room, conference, registration, isRegistered: record.isRegistered });
			}
		}
		for (const [room, at] of this.#created) {
			// A conference is listed before its create event comes: what was created before the question is in the answer.
			if (at <= now) {
				this.#created.delete(room);
			}
		}
		return changes;
	}

	/** ms on the clock at which some room is to be looked at again without any event; infinite if never. */
	nextDue(now: number): number {
		let due = Number.POSITIVE_INFINITY;
		for (const record of this.#records.values()) {
			due = Math.min(due, record.nextDue(now));
		}
		return due;
	}

	forget(room: Room): void {
		this.#records.delete(room);
	}
}
