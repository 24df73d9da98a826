/** What the log says of rooms and their registrations. It only tells; registration.ts knows. */
import { isRegistered } from "../freeswitch/commands.ts";
import type { Log } from "../log/log.ts";
import type { Troubles } from "../log/troubles.ts";
import type { Room } from "../room.ts";
import type { RoomChange } from "./ledger.ts";
import type { Observation } from "./observe.ts";
import type { GatewayState, RegistrationChange } from "./registration.ts";

export class RoomLog {
	readonly #log: Log;
	readonly #linger: number;
	readonly #troubles: Troubles;
	#others: ReadonlySet<string> = new Set();

	/** @param linger ms that a room which has ended stays registered */
	constructor(log: Log, linger: number, troubles: Troubles) {
		this.#log = log;
		this.#linger = linger;
		this.#troubles = troubles;
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
		this.#tellElsewhere(observation);
		this.#tellStrangers(observation);
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
			case "refused in part":
				this.#log.warn(
					{ room, gateway: change.gateway, status: change.status, phrase: change.phrase },
					`room ${room} is not registered with its gateway ${change.gateway}: ${reason(change)}; FreeSWITCH tries again by itself`,
				);
				break;
			case "registered in full":
				this.#log.info({ room }, `room ${room} is registered with its gateway ${change.gateway}, too`);
				break;
			case "un-registered":
				this.#log.info({ room }, `room ${room} is un-registered`);
		}
	}

	/** FreeSWITCH finds a gateway by its name alone, so it may load one of another profile's instead of a room's. */
	#tellElsewhere({ elsewhere }: Observation): void {
		const [first] = elsewhere;
		if (first === undefined) {
			this.#troubles.over("elsewhere");
			return;
		}
		const [gateway, profile] = first;
		const more = elsewhere.size > 1 ? `, and ${elsewhere.size - 1} more such gateways` : "";
		this.#troubles.report(
			"elsewhere",
			"warn",
			`profile ${profile} has a gateway ${gateway}, which is the name of a room's${more}; FreeSWITCH confuses two gateways of one name, so rename or remove it`,
		);
	}

	#tellStrangers({ strangers }: Observation): void {
		if (strangers.size === 0) {
			this.#troubles.over("strangers");
			return;
		}
		const names = [...strangers].sort();
		const more = names.length > 3 ? `, and ${names.length - 3} more` : "";
		this.#troubles.report(
			"strangers",
			"warn",
			`gateways that are named like rooms' and are none by ROOM_PATTERN: ${names.slice(0, 3).join(", ")}${more}; they are left alone, so if they are left from another ROOM_PATTERN, delete their files and killgw them`,
		);
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

	#changed({ room, conference, registrations, isRegistered }: RoomChange, first: boolean): void {
		if (conference !== undefined) {
			this.#troubles.forget(room);
		}
		const registered = registrations.find(({ kind }) => kind === "registered");
		if (registered !== undefined) {
			this.#troubles.over(`${room} gateway`);
		}
		if (conference === "ended") {
			const kept = isRegistered && this.#linger > 0;
			const words = kept ? `; it stays registered for ${this.#linger / 1_000} s, in case it comes back` : "";
			this.#log.info({ room }, `room ${room} ended${words}`);
		} else if (conference !== undefined) {
			const what = first ? "is running" : conference === "started" ? "started" : "is back";
			const already = registered === undefined ? "" : " and is registered already";
			this.#log.info({ room }, `room ${room} ${what}${already}`);
		}
		for (const change of registrations) {
			if (conference === undefined || conference === "ended" || change !== registered) {
				this.registrationChanged(room, change);
			}
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
