/**
 * What this process has seen of one room and done for it. It is kept in memory only: FreeSWITCH's lists are the record, and
 * after a restart the first pass learns all that is needed from them. It decides nothing; plan.ts does.
 */
import { type Backoff, waitAfter } from "../backoff.ts";
import { isAboutToRegister, isLeaving, isRegistered, type ListedGateway } from "../freeswitch/commands.ts";
import type { Action } from "../generator/generator.ts";
import type { Generation } from "./generation.ts";
import type { RoomFacts } from "./plan.ts";
import { type GatewayState, Registration, type RegistrationChange } from "./registration.ts";
import { Renewal } from "./renewal.ts";
import { RoomGateways, tick } from "./room-gateways.ts";

/** What an observation shows of a conference that the one before it did not. */
export type Change = "started" | "returned" | "ended";

const retryBackoff: Backoff = { first: 1_000, most: 60_000 };

/** ms that a script may take to be begun and ended, besides its own time. */
const lateness = 3_000;

/** How often a gateway may come back although its snippet was removed, or cannot be, before it is left un-registered. */
const tolerated = 1;

export class RoomRecord {
	readonly renewal: Renewal;
	readonly gateways: RoomGateways;
	readonly #registration = new Registration();
	readonly #timeout: number;
	#running = false;
	/** ms on the clock until which a room that has ended keeps its gateway. */
	#lingersUntil = Number.NEGATIVE_INFINITY;
	#snippet: RoomFacts["snippet"] = "unknown";
	/** Whether the room had no gateway when FreeSWITCH was told to load its snippet. */
	#loadsAll = false;
	/** ms on the clock since which the script runs, or waits to; undefined if it does not. */
	#scriptSince: number | undefined;
	#failures = 0;
	#retryAt = Number.NEGATIVE_INFINITY;
	/** How often a gateway came back after the script was to remove its snippet; undefined if none ever came. */
	#comebacks: number | undefined;

	/**
	 * @param gateway the name of its first gateway
	 * @param current the script's settings as they are now
	 * @param timeout ms that the script may run
	 */
	constructor(gateway: string, current: () => Generation, timeout: number) {
		this.gateways = new RoomGateways(gateway);
		this.renewal = new Renewal(current);
		this.#timeout = timeout;
	}

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

	/** Whether it has gateways that are up, and neither wait for an answer nor have another beside them. */
	get isUp(): boolean {
		return this.gateways.kind === "up";
	}

	/** Whether callers reach it. */
	get isRegistered(): boolean {
		return this.#registration.isRegistered;
	}

	/** Whether callers reach it by some of its registrars only. */
	get isPartial(): boolean {
		return this.#registration.isPartial;
	}

	/**
	 * Whether its gateway comes from a file that the script does not remove: each rescan loads it again, and each time it would
	 * take the binding of the node where the room runs.
	 */
	get isForeign(): boolean {
		return (this.#comebacks ?? 0) > tolerated;
	}

	/** Whether a gateway came although the room did not run, which may happen again. */
	get mayComeBack(): boolean {
		return this.#comebacks !== undefined;
	}

	/**
	 * @param turn whether its gateway may be replaced now, if it has old settings
	 * @param away whether FreeSWITCH cannot be reached
	 */
	facts(now: number, turn = false, away = false): RoomFacts {
		return {
			conference: away ? "away" : this.#conference(now),
			gateway: this.gateways.kind,
			snippet: this.#snippet,
			due: this.gateways.aboutToRegister.length > 0,
			incomplete: this.gateways.isIncomplete,
			raced: this.gateways.raced,
			renewal: this.renewal.stage === "wanted" ? "wanted" : turn ? "turn" : "none",
			killed: this.gateways.unkilled(now).length === 0,
			foreign: this.isForeign,
			failing: this.#failures > 0 || this.#isStuck(now),
			free: this.#scriptSince === undefined && now >= this.#retryAt,
		};
	}

	/** Whether the script should have been ended by now: nobody knows when it will. */
	#isStuck(now: number): boolean {
		return this.#scriptSince !== undefined && now > this.#scriptSince + this.#timeout + lateness;
	}

	#conference(now: number): RoomFacts["conference"] {
		return this.#running ? "running" : now < this.#lingersUntil ? "lingering" : "ended";
	}

	/** ms on the clock at which this room is to be looked at again without any event; infinite if never. */
	nextDue(now: number): number {
		const retry = this.#retryAt > now ? this.#retryAt : Number.POSITIVE_INFINITY;
		const { kind } = this.gateways;
		if (!this.#running && now < this.#lingersUntil) {
			return Math.min(retry, this.#lingersUntil);
		}
		// A dying gateway's delete event requests a pass. The look some ticks later is for a lost event.
		if (this.#running) {
			const leaving = kind === "dying" || kind === "doubled";
			return leaving || (this.renewal.offAir && !this.isUp) ? Math.min(retry, now + tick) : retry;
		}
		switch (kind) {
			case "none":
				return retry;
			case "trying":
			case "doubled":
				return Math.min(retry, now + tick);
			case "dying":
				return this.isForeign ? retry : Math.min(retry, now + 3 * tick);
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
			if (now < this.#lingersUntil) {
				// Another node may have had the room meanwhile, and the binding.
				this.gateways.distrust();
				return "returned";
			}
			return "started";
		}
		this.#comebacks = undefined;
		this.#lingersUntil = now + linger;
		return "ended";
	}

	/** Its gateway is not kept any longer, if the room has ended. */
	endLinger(): void {
		this.#lingersUntil = Number.NEGATIVE_INFINITY;
	}

	/** FreeSWITCH was started anew: whatever comes back now was in its directory, or is another room. Its start clears snippets. */
	freeSwitchRestarted(): void {
		this.endLinger();
		this.#snippet = this.#snippet === "removed" ? "removed" : "unknown";
		this.gateways.observe([]);
		this.#comebacks = undefined;
	}

	/**
	 * Takes in the gateways that FreeSWITCH lists for the room.
	 * @param now ms on the clock at which it was asked
	 * @param first whether this is the first list of a connection: what was registered may have been another FreeSWITCH's
	 * @param marked whether the script is known to write marks
	 */
	observeGateways(
		listed: readonly ListedGateway[],
		now: number,
		first: boolean,
		marked = false,
	): readonly RegistrationChange[] {
		const before = this.gateways.names;
		const came = this.gateways.observe(listed);
		const { kind, names } = this.gateways;
		const staying = listed.filter(({ state }) => !isLeaving(state));
		const stands = (name: string) =>
			first ? staying.some((one) => one.name === name && isRegistered(one.state)) : names.includes(name);
		const shown = names.map((name) => [...staying, ...listed].find((one) => one.name === name));
		const changes = [
			this.#registration.gone(now, stands),
			...shown.map((one) => one && this.#registration.observe({ gateway: one.name, state: one.state }, now, names)),
		];
		if (staying.length > 0) {
			this.#gatewayIsUp(staying, came, marked);
		}
		if (this.#snippet === "loaded" && before.some((name) => !names.includes(name))) {
			// Somebody else has removed a gateway, perhaps with its file.
			this.#snippet = "unknown";
		}
		if (kind === "none") {
			this.renewal.gatewayReplaced();
		} else if (!this.#running && !staying.some(({ state }) => isRegistered(state))) {
			this.endLinger();
		}
		return changes.filter((change) => change !== undefined).map((change) => this.#noted(change));
	}

	/** An event has told the state of one of the room's gateways. */
	observeState(gateway: GatewayState, now: number): RegistrationChange | undefined {
		if (isAboutToRegister(gateway.state) && this.gateways.isRegistered(gateway.gateway)) {
			// One tick before its refresh, which would take the binding away from the node where the room may run by now. (Most
			// refreshes are the SIP stack's, which nothing announces.)
			this.endLinger();
		}
		const change = this.#registration.observe(gateway, now, this.gateways.names);
		return change && this.#noted(change);
	}

	#noted(change: RegistrationChange): RegistrationChange {
		if (change.kind === "un-registered") {
			this.renewal.unregistered();
		}
		return change;
	}

	#gatewayIsUp(staying: readonly ListedGateway[], came: boolean, marked: boolean): void {
		this.renewal.listed(staying, marked);
		if (this.gateways.isSettled) {
			this.renewal.registered();
		}
		if (!this.#running && came) {
			const comesBack = this.#snippet === "removed" || this.#failures > 0;
			this.#comebacks = (this.#comebacks ?? 0) + (comesBack ? 1 : 0);
		}
		if ((this.#snippet === "written" || this.#snippet === "loaded") && !this.gateways.isIncomplete) {
			this.#snippet = "loaded";
			this.#failures = 0;
			this.gateways.expectListed();
		} else if (this.#snippet === "removed" && came) {
			// The gateway has come back, so a file may have come back too.
			this.#snippet = "unknown";
		}
	}

	/** @param now ms on the clock */
	scriptStarted(action: Action, now: number): void {
		this.renewal.scriptStarted(action);
		this.#scriptSince = now;
		this.#snippet = "unknown";
	}

	scriptSucceeded(action: Action): void {
		this.renewal.scriptSucceeded();
		this.#scriptSince = undefined;
		this.#snippet = action === "write" ? "written" : "removed";
		if (action === "remove") {
			// What came back while the script failed may have been its own snippet.
			this.#comebacks = this.#failures > 0 && this.#comebacks !== undefined ? 0 : this.#comebacks;
			this.#failures = 0;
		}
	}

	/**
	 * The room could not be served, because of its script or of what the script wrote.
	 * @returns ms until it is tried again
	 */
	failed(now: number): number {
		this.#scriptSince = undefined;
		this.#snippet = "unknown";
		this.#failures += 1;
		const wait = waitAfter(this.#failures, retryBackoff);
		this.#retryAt = now + wait;
		return wait;
	}

	/** FreeSWITCH has read the snippet, and is about to be told to load it. */
	loading(): void {
		this.#loadsAll = this.gateways.kind === "none";
		if (this.#loadsAll) {
			this.renewal.gatewayReplaced();
		}
	}

	/** A rescan has succeeded, so the snippet should have become a gateway. There was none before that could take its binding away. */
	loaded(): void {
		this.#snippet = "loaded";
		this.gateways.loaded();
		if (this.#loadsAll) {
			this.renewal.loaded();
		}
	}

	/** Its gateways have been killed, to be loaded again from the current snippet. */
	takenDown(): void {
		this.renewal.gatewayReplaced();
		this.#snippet = "written";
	}
}
