/**
 * Brings new settings to all rooms, one after the other: whose turn it is to have its gateway loaded anew, and what the log
 * says of it. A room is off the air for some seconds by that, so no other that is registered is taken down before it is back.
 * If it does not come back, the new settings are wrong, and cost one room.
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

	/** FreeSWITCH was looked at: the ledger knows all gateways that were loaded with the old settings. */
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
		// Between two refusals it waits for an answer, and that is not the end of the trouble.
		const [failing] = offAir.find(([, record]) => record.isRefused) ?? [];
		if (failing !== undefined && left.length > 1) {
			this.#troubles.report(
				"reload",
				"error",
				`room ${failing} is not registered with its new settings, so the other rooms keep their old ones until it is; if the settings are wrong, correct them and reload again`,
			);
		} else if (offAir.length === 0) {
			this.#troubles.over("reload");
		}
		if (this.#underWay && left.length === 0) {
			this.#underWay = false;
			this.#log.info("reloaded: all rooms have the new settings");
		}
	}

	/** The rooms whose gateways may be loaded anew in this pass. */
	turns(): ReadonlySet<Room> {
		const waiting = this.#left.filter(([, record]) => record.renewal.stage === "written" && record.isUp);
		const turns = waiting.filter(([, record]) => !record.isRegistered);
		const next = waiting.find(([, record]) => record.isRegistered);
		if (next !== undefined && turns.length === 0 && !this.#left.some(([, record]) => record.renewal.offAir)) {
			turns.push(next);
		}
		return new Set(turns.map(([room]) => room));
	}

	/** The running rooms that have not come through it. */
	get #left(): (readonly [Room, RoomRecord])[] {
		return [...this.#ledger.records].filter(
			([, record]) => record.isRunning && (record.renewal.stage !== "none" || record.renewal.offAir),
		);
	}
}
