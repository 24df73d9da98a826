/**
 * What this process has seen of one room and done for it. It is kept in memory only: FreeSWITCH's lists are the record, and
 * after a restart the first pass learns all that is needed from them. It decides nothing; plan.ts does.
 */
import { type Backoff, waitAfter } from "../backoff.ts";
import { isLeaving, isRegistered, isTrying, type ListedGateway, neverRegisters } from "../freeswitch/commands.ts";
import type { Action } from "../generator/generator.ts";
import type { RoomFacts } from "./plan.ts";
import { type GatewayState, Registration, type RegistrationChange } from "./registration.ts";
import { Renewal } from "./renewal.ts";

/** What an observation shows of a conference that the one before it did not. */
export type Change = "started" | "returned" | "ended";

const retryBackoff: Backoff = { first: 1_000, most: 60_000 };

/** ms; FreeSWITCH un-REGISTERs a killed gateway at its next tick and deletes it one tick later. */
const tick = 1_000;

export class RoomRecord {
	readonly renewal = new Renewal();
	readonly #registration = new Registration();
	#running = false;
	/** ms on the clock until which a room that has ended keeps its gateway. */
	#lingersUntil = Number.NEGATIVE_INFINITY;
	#gateway: RoomFacts["gateway"] = "none";
	#snippet: RoomFacts["snippet"] = "unknown";
	#raced = false;
	#scriptRunning = false;
	#failures = 0;
	#retryAt = Number.NEGATIVE_INFINITY;

	get isWritten(): boolean {
		return this.#snippet === "written";
	}

	/** Whether the last try to serve the room has failed. */
	get isRetry(): boolean {
		return this.#failures > 0;
	}

	get isRunning(): boolean {
		return this.#running;
	}

	/** Whether it has a gateway that is up, and neither waits for an answer nor has another beside it. */
	get isUp(): boolean {
		return this.#gateway === "up";
	}

	/** Whether callers reach it. */
	get isRegistered(): boolean {
		return this.#registration.isRegistered;
	}

	/** @param turn whether its gateway may be replaced now, if it has old settings */
	facts(now: number, turn = false): RoomFacts {
		return {
			conference: this.#running ? "running" : now < this.#lingersUntil ? "lingering" : "ended",
			gateway: this.#gateway,
			snippet: this.#snippet,
			raced: this.#raced,
			renewal: this.renewal.stage === "wanted" ? "wanted" : turn ? "turn" : "none",
			failing: this.#failures > 0,
			free: !this.#scriptRunning && now >= this.#retryAt,
		};
	}

	/** ms on the clock at which this room is to be looked at again without any event; infinite if never. */
	nextDue(now: number): number {
		const retry = this.#retryAt > now ? this.#retryAt : Number.POSITIVE_INFINITY;
		if (!this.#running && now < this.#lingersUntil) {
			return this.#lingersUntil;
		}
		// A dying gateway's delete event requests a pass. The look some ticks later is for a lost event.
		if (this.#running) {
			const leaving = this.#gateway === "dying" || this.#gateway === "doubled";
			return leaving || (this.renewal.offAir && !this.isUp) ? Math.min(retry, now + tick) : retry;
		}
		switch (this.#gateway) {
			case "none":
				return retry;
			case "trying":
			case "doubled":
				return Math.min(retry, now + tick);
			default:
				return Math.min(retry, now + 3 * tick);
		}
	}

	/**
	 * @param now ms on the clock at which FreeSWITCH was asked
	 * @param linger ms that a room which has ended keeps its gateway
	 * @param created ms on the clock at which its create event came, if one did
	 */
	observeConference(running: boolean, now: number, linger: number, created = now): Change | undefined {
		if (running === this.#running) {
			return undefined;
		}
		this.#running = running;
		// Something else is wanted now, which need not fail as well.
		this.#failures = 0;
		this.#retryAt = Number.NEGATIVE_INFINITY;
		if (running) {
			this.#registration.want(created);
			return now < this.#lingersUntil ? "returned" : "started";
		}
		this.#lingersUntil = now + linger;
		return "ended";
	}

	/**
	 * Takes in the gateways that FreeSWITCH lists for the room.
	 * @param now ms on the clock at which it was asked
	 * @param first whether this is the first list of a connection: what was registered may have been another FreeSWITCH's
	 */
	observeGateways(listed: readonly ListedGateway[], now: number, first: boolean): RegistrationChange | undefined {
		const staying = listed.filter(({ state }) => !isLeaving(state));
		const before = this.#gateway;
		const lost = first && !staying.some(({ state }) => isRegistered(state)) && this.#registration.gone(now);
		const [shown] = [...staying, ...listed];
		const change = shown === undefined ? this.#registration.gone(now) : this.#registration.observe(shown, now);
		if (staying.length > 0) {
			this.#gatewayIsUp(staying, staying.length < listed.length, before);
		} else {
			this.#gateway = listed.length > 0 ? "dying" : "none";
		}
		if (this.#gateway === "none") {
			this.#raced = false;
			if (this.renewal.stage === "written") {
				this.#snippet = "written";
			} else if (before !== "none" && this.#snippet === "loaded") {
				// Somebody else has removed the gateway, perhaps with its file.
				this.#snippet = "unknown";
			}
		}
		return this.#noted(lost || change);
	}

	/** An event has told the state of the room's gateway. */
	observeState(gateway: GatewayState, now: number): RegistrationChange | undefined {
		return this.#noted(this.#registration.observe(gateway, now));
	}

	#noted(change: RegistrationChange | undefined): RegistrationChange | undefined {
		if (change?.kind === "un-registered") {
			this.renewal.unregistered();
		}
		return change;
	}

	#gatewayIsUp(staying: readonly ListedGateway[], isDoubled: boolean, before: RoomFacts["gateway"]): void {
		const registers = !staying.some(({ state }) => neverRegisters(state));
		this.#gateway = isDoubled ? "doubled" : staying.some(({ state }) => isTrying(state)) ? "trying" : "up";
		this.#raced = registers && (this.#raced || isDoubled || before === "dying");
		if (!this.#raced && (!registers || staying.some(({ state }) => isRegistered(state)))) {
			this.renewal.registered();
		}
		if (this.#snippet === "written" || this.#snippet === "loaded") {
			this.#snippet = "loaded";
			this.#failures = 0;
		} else if (this.#snippet === "removed" && (before === "none" || before === "dying")) {
			// The gateway has come back, so a file may have come back too.
			this.#snippet = "unknown";
		}
	}

	scriptStarted(action: Action): void {
		this.renewal.scriptStarted(action);
		this.#scriptRunning = true;
		this.#snippet = "unknown";
	}

	scriptSucceeded(action: Action): void {
		this.renewal.scriptSucceeded(action);
		this.#scriptRunning = false;
		this.#snippet = action === "write" ? "written" : "removed";
		if (action === "remove") {
			this.#failures = 0;
		}
	}

	/**
	 * The room could not be served, because of its script or of what the script wrote.
	 * @returns ms until it is tried again
	 */
	failed(now: number): number {
		this.#scriptRunning = false;
		this.#snippet = "unknown";
		this.#failures += 1;
		const wait = waitAfter(this.#failures, retryBackoff);
		this.#retryAt = now + wait;
		return wait;
	}

	/** FreeSWITCH has read the snippet, and is about to be told to load it. */
	loading(): void {
		if (this.#gateway === "none") {
			this.renewal.gatewayReplaced();
		}
	}

	/** A rescan has succeeded, so the snippet should have become a gateway. There was none before that could take its binding away. */
	loaded(): void {
		this.#snippet = "loaded";
		this.#raced = false;
	}

	/** Its gateway has been killed, to be loaded again from the current snippet. */
	takenDown(): void {
		this.renewal.gatewayReplaced();
		this.#snippet = "written";
	}

	/** The gateway has been told to register again: it waits for an answer, and no dying one can harm it any more. */
	registeredAnew(): void {
		this.#raced = false;
		this.#gateway = "trying";
	}

	/**
	 * A gateway of the room was added or deleted. One that is there after a deletion without having been added since was there
	 * before: the deleted one's un-REGISTER may have taken its binding away. One that comes unexpectedly may have been loaded
	 * from an old file, by a rescan that an earlier connection or daemon had asked for.
	 */
	gatewayCameOrWent(event: "gateway-added" | "gateway-deleted"): void {
		this.#raced = event === "gateway-deleted";
		if (event === "gateway-added" && this.#gateway === "none") {
			this.#gateway = "trying";
		}
	}
}
