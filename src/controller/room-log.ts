/** What the log says of rooms and their registrations. It only tells; registration.ts knows. */
import { isRegistered } from "../freeswitch/commands.ts";
import type { Log } from "../log/log.ts";
import type { Room } from "../room.ts";
import type { RoomChange } from "./ledger.ts";
import type { Observation } from "./observe.ts";
import type { GatewayState, RegistrationChange } from "./registration.ts";

export class RoomLog {
	readonly #log: Log;
	readonly #linger: number;
	#others: ReadonlySet<string> = new Set();

	/** @param linger ms that a room which has ended stays registered */
	constructor(log: Log, linger: number) {
		this.#log = log;
		this.#linger = linger;
	}

	/** @param first whether nothing has been observed before on this connection */
	observed(observation: Observation, changes: readonly RoomChange[], first: boolean): void {
		if (first) {
			this.#summarise(observation);
		}
		for (const change of changes) {
			this.#changed(change, first);
		}
		for (const name of observation.others) {
			if (!this.#others.has(name)) {
				this.#log.debug({ conference: name }, `conference ${JSON.stringify(name)} is not a room and is left alone`);
			}
		}
		this.#others = observation.others;
	}

	registrationChanged(room: Room, change: RegistrationChange): void {
		switch (change.kind) {
			case "registered": {
				const { afterMs, again } = change;
				const took = `${again ? " again" : ""}, after ${(afterMs / 1_000).toFixed(1)} s`;
				this.#log.info({ room, afterMs }, `room ${room} is registered${took}`);
				break;
			}
			case "refused":
				this.#log.warn(
					{ room, status: change.status, phrase: change.phrase },
					`room ${room} is not registered, callers cannot reach it: ${reason(change)}; FreeSWITCH tries again by itself`,
				);
				break;
			case "un-registered":
				this.#log.info({ room }, `room ${room} is un-registered`);
		}
	}

	#summarise({ running, gateways }: Observation): void {
		const isUp = (room: Room) => gateways.get(room)?.some(({ state }) => isRegistered(state)) === true;
		const registered = [...running].filter(isUp).length;
		const stale = [...gateways.keys()].filter((room) => !running.has(room)).length;
		const runningWords = `${running.size} ${running.size === 1 ? "room is" : "rooms are"} running`;
		const registeredWords = registered > 0 ? `, ${registered} registered already` : "";
		const staleWords =
			stale > 0 ? `; ${stale} that ended unseen still ${stale === 1 ? "has its gateway" : "have their gateways"}` : "";
		this.#log.info({ running: running.size, registered, stale }, runningWords + registeredWords + staleWords);
	}

	#changed({ room, conference, registration, isRegistered }: RoomChange, first: boolean): void {
		if (conference === "ended") {
			const kept = isRegistered && this.#linger > 0;
			const words = kept ? `; it stays registered for ${this.#linger / 1_000} s, in case it comes back` : "";
			this.#log.info({ room }, `room ${room} ended${words}`);
		} else if (conference !== undefined) {
			const what = first ? "is running" : conference === "started" ? "started" : "is back";
			if (registration?.kind === "registered") {
				this.#log.info({ room }, `room ${room} ${what} and is registered already`);
				return;
			}
			this.#log.info({ room }, `room ${room} ${what}`);
		}
		if (registration !== undefined) {
			this.registrationChanged(room, registration);
		}
	}
}

function reason({ state, status, phrase = "" }: GatewayState): string {
	if (status === undefined) {
		return state === "TIMEOUT" ? "the registrar did not answer" : `its gateway is in state ${state}`;
	}
	const answer = `${status} ${phrase}`.trim();
	// Where nothing listens at the registrar's address, FreeSWITCH itself makes up a 503 (recording 06).
	return status === "503" ? `${answer}, or the registrar cannot be reached` : `the registrar answered ${answer}`;
}
