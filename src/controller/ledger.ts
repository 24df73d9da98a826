/** The records of all rooms that are running, are linked to a gateway, or are still to be cleared away. */
import { gatewayOf, type Room } from "../room.ts";
import type { Generation } from "./generation.ts";
import type { Observation } from "./observe.ts";
import type { RegistrationChange } from "./registration.ts";
import { type Change, RoomRecord } from "./room-record.ts";

/** What an observation shows of a room that the one before it did not. */
export interface RoomChange {
	readonly room: Room;
	readonly conference: Change | undefined;
	readonly registrations: readonly RegistrationChange[];
	/** Whether it is registered now. */
	readonly isRegistered: boolean;
}

export interface LedgerOptions {
	/** ms that a room which has ended keeps its gateway. */
	readonly linger: number;
	/** ms that the script may run. */
	readonly timeout: number;
	/** The script's settings at the start. */
	readonly generation: Generation;
}

/** Which look of a connection it is. */
export interface Look {
	/** ms on the clock at which FreeSWITCH was asked. */
	readonly now: number;
	/** Whether it is the first one of a connection. */
	readonly first: boolean;
	/** Whether it is the first one of a FreeSWITCH that was started anew: then nothing lingers. */
	readonly anew: boolean;
}

export class Ledger {
	/** The script's settings as they are now. */
	generation: Generation;
	readonly #options: LedgerOptions;
	/** Whether the script is known to write marks. */
	#marked = false;
	readonly #records = new Map<Room, RoomRecord>();
	/** When a create event came for rooms that have not been looked for since, in ms on the clock. */
	readonly #created = new Map<Room, number>();

	constructor(options: LedgerOptions) {
		this.#options = options;
		this.generation = options.generation;
	}

	get records(): ReadonlyMap<Room, RoomRecord> {
		return this.#records;
	}

	/** How many rooms run, how many of them are registered, and how many of those with a part of their registrars only. */
	get counts(): { readonly running: number; readonly registered: number; readonly partial: number } {
		const running = [...this.#records.values()].filter(({ isRunning }) => isRunning);
		return {
			running: running.length,
			registered: running.filter(({ isRegistered }) => isRegistered).length,
			partial: running.filter(({ isPartial }) => isPartial).length,
		};
	}

	/** The room's record, made if there is none. */
	of(room: Room): RoomRecord {
		let record = this.#records.get(room);
		if (record === undefined) {
			record = new RoomRecord(gatewayOf(room), () => this.generation, this.#options.timeout);
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

	/** Takes in what FreeSWITCH lists. */
	observe({ running, gateways }: Observation, { now, first, anew }: Look): RoomChange[] {
		const changes: RoomChange[] = [];
		const linger = anew ? 0 : this.#options.linger;
		this.#marked ||= [...gateways.values()]
			.flat()
			.some(({ mark }) => mark !== undefined && this.generation.matches(mark));
		for (const room of new Set([...this.#records.keys(), ...running, ...gateways.keys()])) {
			const record = this.of(room);
			if (anew) {
				record.freeSwitchRestarted();
			}
			const conference = record.observeConference(running.has(room), now, linger, this.#created.get(room));
			const registrations = record.observeGateways(gateways.get(room) ?? [], now, first, this.#marked);
			if (conference !== undefined || registrations.length > 0) {
				changes.push({ room, conference, registrations, isRegistered: record.isRegistered });
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

	/** The room is over. One whose gateway came although it did not run is remembered, since that may happen again. */
	forget(room: Room): void {
		if (!this.of(room).mayComeBack) {
			this.#records.delete(room);
		}
	}
}
