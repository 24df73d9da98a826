/**
 * Brings new settings to all rooms, one after the other: decides whose gateway is replaced next, and logs the progress. That
 * takes a room off the air for some seconds, so the next registered room has to wait until it is back. If it does not come
 * back, the new settings are wrong, and cost one room only.
 */
import type { Log } from "../log/log.ts";
import type { Troubles } from "../log/troubles.ts";
import type { Room } from "../room.ts";
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

	/** There are new settings. */
	ask(): void {
		this.#asked = true;
	}

	/** To be called after a look: the ledger then knows all gateways that have the old settings. */
	observed(): void {
		if (this.#asked) {
			this.#asked = false;
			this.#underWay = true;
			for (const record of this.#ledger.records.values()) {
				record.renewal.ask();
			}
			const rooms = this.#left.length;
			this.#log.info(
				{ rooms },
				rooms === 0
					? "reloading: no room is running"
					: `reloading: ${rooms} ${rooms === 1 ? "room is" : "rooms are"} registered anew, one after the other`,
			);
		}
		const left = this.#left;
		const offAir = left.filter(([, record]) => record.renewal.offAir);
		// Between two refusals the gateway is trying, which does not end the trouble.
		const [failing] = offAir.find(([, record]) => record.isUp && !record.isRegistered) ?? [];
		if (failing !== undefined && left.length > 1) {
			this.#troubles.report(
				"reload",
				"error",
				`room ${failing} is not registered with its new settings, so the other rooms keep their old ones; if the new settings are wrong, correct them and reload again`,
			);
		} else if (offAir.length === 0) {
			this.#troubles.over("reload");
		}
		if (this.#underWay && left.length === 0) {
			this.#underWay = false;
			this.#log.info("reloaded: all rooms have the new settings");
		}
	}

	/** The rooms whose gateways may be replaced in this pass. */
	turns(): ReadonlySet<Room> {
		const waiting = this.#left.filter(([, record]) => record.renewal.stage === "written" && record.isUp);
		const turns = waiting.filter(([, record]) => !record.isRegistered);
		const next = waiting.find(([, record]) => record.isRegistered);
		if (next !== undefined && turns.length === 0 && !this.#left.some(([, record]) => record.renewal.offAir)) {
			turns.push(next);
		}
		return new Set(turns.map(([room]) => room));
	}

	/** The running rooms that still have old settings, or are off the air for new ones. */
	get #left(): (readonly [Room, RoomRecord])[] {
		return [...this.#ledger.records].filter(
			([, record]) => record.isRunning && (record.renewal.stage !== "none" || record.renewal.offAir),
		);
	}
}
