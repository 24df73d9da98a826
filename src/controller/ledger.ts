/** The records of all rooms that the program has to do with. */

import type { Room } from "../room.ts";
import type { Observation } from "./observe.ts";
import { type Change, RoomRecord } from "./room-record.ts";

export interface RoomChange {
	readonly room: Room;
	readonly change: Change;
	/** ms on the clock at which it was first heard of. */
	readonly at: number;
}

export class Ledger {
	readonly #linger: number;
	readonly #records = new Map<Room, RoomRecord>();
	readonly #heardOf = new Map<Room, number>();

	/** @param linger ms that a room which has ended keeps its gateway */
	constructor(linger: number) {
		this.#linger = linger;
	}

	get records(): ReadonlyMap<Room, RoomRecord> {
		return this.#records;
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

	/** Notes that a conference's create event came, and when: a registration's time counts from then. */
	heardOf(room: Room, now: number): void {
		this.#heardOf.set(room, now);
	}

	/** Whether a conference has been created since the last look; it may be listed or have ended again. */
	isHeardOf(room: Room): boolean {
		return this.#heardOf.has(room);
	}

	/**
	 * Takes in what FreeSWITCH lists.
	 * @param now ms on the clock at which it was asked
	 */
	observe({ running, gateways }: Observation, now: number): RoomChange[] {
		const changes: RoomChange[] = [];
		for (const room of new Set([...this.#records.keys(), ...running, ...gateways.keys()])) {
			const record = this.of(room);
			const change = record.observeConference(running.has(room), now, this.#linger);
			record.observeGateways(gateways.get(room) ?? []);
			if (change !== undefined) {
				changes.push({ room, change, at: this.#heardOf.get(room) ?? now });
			}
		}
		for (const [room, at] of this.#heardOf) {
			// A conference is listed before its create event comes: what was heard of before the question is in the answer.
			if (at <= now) {
				this.#heardOf.delete(room);
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
