/**
 * Brings new settings to all rooms, one after the other: decides whose gateway is replaced next, and logs the progress. That
 * takes a room off the air for some seconds, so the next registered room has to wait until it is back. If it does not come
 * back, the new settings are wrong, and cost one room only.
 */
import type { Log } from "../log/log.ts";
import type { Troubles } from "../log/troubles.ts";
import type { Room } from "../room.ts";
import type { Generation } from "./generation.ts";
import type { Ledger } from "./ledger.ts";
import type { RoomRecord } from "./room-record.ts";

export class Reload {
	readonly #ledger: Ledger;
	readonly #log: Log;
	readonly #troubles: Troubles;
	/** Whether it was asked for since FreeSWITCH was last looked at. */
	#asked = false;
	#underWay = false;

	constructor(ledger: Ledger, log: Log, troubles: Troubles) {
		this.#ledger = ledger;
		this.#log = log;
		this.#troubles = troubles;
	}

	/** There are new settings, which scripts see from now on. */
	ask(generation: Generation): void {
		this.#ledger.generation = generation;
		this.#asked = true;
	}

	/** To be called after a look: the ledger then knows all gateways that have other settings. */
	observed(): void {
		const left = this.#left;
		if (this.#asked || (left.length > 0 && !this.#underWay)) {
			this.#begun(left.length);
		}
		const tried = [...left.filter(([, { renewal }]) => renewal.offAir), ...(this.#isProven ? [] : this.#probes)];
		// Between two refusals a gateway is trying, which is no sign that all is well.
		const [failing] = tried.find(([, record]) => record.isUp && !record.isRegistered) ?? [];
		const others = left.filter(([room]) => room !== failing);
		if (failing !== undefined && others.length > 0) {
			this.#troubles.report(
				"reload",
				"error",
				`room ${failing} is not registered with its new settings, so the other rooms keep their old ones; if the new settings are wrong, correct them and reload again`,
			);
		} else if (failing === undefined && !left.some(([, record]) => record.renewal.offAir)) {
			this.#troubles.over("reload");
		}
		if (this.#underWay && left.length === 0) {
			this.#underWay = false;
			this.#log.info("reloaded: all rooms have the new settings");
		}
	}

	/**
	 * The rooms whose gateways may be replaced in this pass. Until one is registered with the new settings, these may be wrong: one room
	 * tries them, and costs no other room its gateway, not even one that is off the air with its registrar.
	 */
	turns(): ReadonlySet<Room> {
		const left = this.#left;
		const waiting = left.filter(([, record]) => record.renewal.stage === "written" && record.isUp);
		const unregistered = waiting.filter(([, record]) => !record.isRegistered);
		const next = waiting.find(([, record]) => record.isRegistered);
		const isAnyOffAir = left.some(([, record]) => record.renewal.offAir);
		let turns = unregistered;
		if (!this.#isProven) {
			const back = unregistered.find(([, record]) => record.renewal.offAir);
			const first = isAnyOffAir ? back : (next ?? unregistered[0]);
			turns = first === undefined || this.#probes.length > 0 ? [] : [first];
		} else if (next !== undefined && unregistered.length === 0 && !isAnyOffAir) {
			turns = [next];
		}
		return new Set(turns.map(([room]) => room));
	}

	#begun(rooms: number): void {
		const words = `${rooms} ${rooms === 1 ? "room is" : "rooms are"} registered anew, one after the other`;
		if (!this.#asked) {
			this.#log.info({ rooms }, `rooms are registered with other settings than today's: ${words}`);
		} else {
			this.#log.info({ rooms }, rooms === 0 ? "reloading: no room is running" : `reloading: ${words}`);
		}
		this.#asked = false;
		this.#underWay = true;
	}

	/** Whether a room was registered with the new settings. */
	get #isProven(): boolean {
		return [...this.#ledger.records.values()].some(({ renewal, isRegistered }) => renewal.isCurrent && isRegistered);
	}

	/** The running rooms that have the new settings and are not registered with them yet. */
	get #probes(): (readonly [Room, RoomRecord])[] {
		return [...this.#ledger.records].filter(
			([, record]) => record.isRunning && record.renewal.isCurrent && !record.isRegistered,
		);
	}

	/** The running rooms that have other settings, or are off the air for new ones. */
	get #left(): (readonly [Room, RoomRecord])[] {
		return [...this.#ledger.records].filter(
			([, { isRunning, gateways, renewal }]) =>
				isRunning && ((gateways.kind !== "none" && renewal.stage !== "none") || renewal.offAir),
		);
	}
}
