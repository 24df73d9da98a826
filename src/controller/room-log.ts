/** What the log says of rooms and their registrations: each change once, whether an event told it or a list. */
import type { Clock } from "../clock.ts";
import { isFailed, isLeaving, isRegistered, type ListedGateway } from "../freeswitch/commands.ts";
import type { Log } from "../log/log.ts";
import type { Room } from "../room.ts";
import type { RoomChange } from "./ledger.ts";
import type { Observation } from "./observe.ts";

/** A gateway's state, with the registrar's answer where the event bore one. */
export interface GatewayState {
	readonly state: string;
	readonly status?: string;
	readonly phrase?: string;
}

interface Registration {
	/** ms on the clock since which the room has wanted to be registered. */
	since: number;
	standing: "none" | "registered" | "failed";
	/** The registrar's last refusal, so that the same one is not told twice. */
	refusal: string;
}

export class RoomLog {
	readonly #clock: Clock;
	readonly #log: Log;
	readonly #linger: number;
	readonly #registrations = new Map<Room, Registration>();
	#running: ReadonlySet<Room> = new Set();
	#others: ReadonlySet<string> = new Set();

	/** @param linger ms that a room which has ended stays registered */
	constructor(clock: Clock, log: Log, linger: number) {
		this.#clock = clock;
		this.#log = log;
		this.#linger = linger;
	}

	/** @param first whether nothing has been observed before on this connection */
	observed(observation: Observation, changes: readonly RoomChange[], first: boolean): void {
		if (first) {
			this.#summarise(observation);
		}
		for (const { room, change, at } of changes) {
			if (change === "ended") {
				const kept =
					this.#linger > 0 ? `; it stays registered for ${this.#linger / 1_000} s, in case it comes back` : "";
				this.#log.info({ room }, `room ${room} ended${kept}`);
			} else {
				this.#runs(room, at, first ? "is running" : change === "started" ? "started" : "is back", observation);
			}
		}
		for (const [room, listed] of observation.gateways) {
			const shown = listed.find(({ state }) => !isLeaving(state)) ?? listed[0];
			if (shown !== undefined) {
				this.saw(room, shown);
			}
		}
		for (const name of observation.others) {
			if (!this.#others.has(name)) {
				this.#log.debug({ conference: name }, `conference ${JSON.stringify(name)} is not a room and is left alone`);
			}
		}
		this.#running = observation.running;
		this.#others = observation.others;
	}

	/** How many rooms run, and how many of them are registered, as far as was heard. */
	get counts(): { readonly running: number; readonly registered: number } {
		let registered = 0;
		for (const room of this.#running) {
			registered += this.#registrations.get(room)?.standing === "registered" ? 1 : 0;
		}
		return { running: this.#running.size, registered };
	}

	/** A gateway of the room was seen, or told, to be in this state. */
	saw(room: Room, gateway: GatewayState): void {
		const registration = this.#registrations.get(room);
		if (registration === undefined) {
			return;
		}
		if (isRegistered(gateway.state)) {
			this.#registered(room, registration);
		} else if (isFailed(gateway.state)) {
			this.#failed(room, registration, gateway);
		} else if (isLeaving(gateway.state)) {
			this.#unregistered(room, registration);
		}
	}

	/** The room has no gateway. */
	gone(room: Room): void {
		const registration = this.#registrations.get(room);
		if (registration !== undefined) {
			this.#unregistered(room, registration);
		}
	}

	/** The room is over. */
	forget(room: Room): void {
		this.gone(room);
		this.#registrations.delete(room);
	}

	#summarise({ running, gateways }: Observation): void {
		const count = (what: Iterable<Room>, having: (room: Room) => boolean) => [...what].filter(having).length;
		const registered = count(running, (room) => isRegisteredAmong(gateways.get(room)));
		const stale = count(gateways.keys(), (room) => !running.has(room));
		for (const [room, listed] of gateways) {
			if (!running.has(room) && !this.#registrations.has(room) && isRegisteredAmong(listed)) {
				// So that its un-registration is told.
				this.#registrations.set(room, { since: this.#clock.now(), standing: "registered", refusal: "" });
			}
		}
		for (const room of this.#registrations.keys()) {
			if (running.has(room) && !isRegisteredAmong(gateways.get(room))) {
				// FreeSWITCH has been started anew since it was.
				this.gone(room);
			}
		}
		const runningWords = `${running.size} ${running.size === 1 ? "room is" : "rooms are"} running`;
		const registeredWords = registered > 0 ? `, ${registered} registered already` : "";
		const staleWords =
			stale > 0 ? `; ${stale} that ended unseen still ${stale === 1 ? "has its gateway" : "have their gateways"}` : "";
		this.#log.info({ running: running.size, registered, stale }, runningWords + registeredWords + staleWords);
	}

	#runs(room: Room, since: number, what: string, { gateways }: Observation): void {
		const standing = this.#registrations.get(room)?.standing ?? "none";
		const found = standing === "none" && isRegisteredAmong(gateways.get(room));
		this.#log.info({ room }, `room ${room} ${what}${found ? " and is registered already" : ""}`);
		if (standing !== "registered") {
			this.#registrations.set(room, { since, standing: found ? "registered" : "none", refusal: "" });
		}
	}

	#registered(room: Room, registration: Registration): void {
		if (registration.standing !== "registered") {
			const afterMs = Math.round(this.#clock.now() - registration.since);
			const again = registration.standing === "failed" ? " again" : "";
			this.#log.info({ room, afterMs }, `room ${room} is registered${again}, after ${(afterMs / 1_000).toFixed(1)} s`);
			registration.standing = "registered";
			registration.refusal = "";
		}
	}

	#failed(room: Room, registration: Registration, { state, status, phrase = "" }: GatewayState): void {
		const refusal = status === undefined ? state : `${status} ${phrase}`.trim();
		// FAILED tells the registrar's answer, the FAIL_WAIT after it does not (recordings 06 and 07).
		if (registration.standing === "failed" && (status === undefined || registration.refusal === refusal)) {
			return;
		}
		if (registration.standing === "registered") {
			registration.since = this.#clock.now();
		}
		registration.standing = "failed";
		registration.refusal = refusal;
		this.#log.warn(
			{ room, status, phrase },
			`room ${room} is not registered, callers cannot reach it: ${reason(state, refusal, status)}; FreeSWITCH tries again by itself`,
		);
	}

	#unregistered(room: Room, registration: Registration): void {
		if (registration.standing === "registered") {
			this.#log.info({ room }, `room ${room} is un-registered`);
			registration.since = this.#clock.now();
		}
		registration.standing = "none";
	}
}

function isRegisteredAmong(listed: readonly ListedGateway[] = []): boolean {
	return listed.some(({ state }) => isRegistered(state));
}

function reason(state: string, refusal: string, status: string | undefined): string {
	if (status === undefined) {
		return state === "TIMEOUT" ? "the registrar did not answer" : `its gateway is in state ${state}`;
	}
	// Where nothing listens at the registrar's address, FreeSWITCH itself makes up a 503 (recording 06).
	return status === "503" ? `${refusal}, or the registrar cannot be reached` : `the registrar answered ${refusal}`;
}
