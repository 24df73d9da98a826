/**
 * What must hold while nothing is broken, at every moment: a room is registered 3 s after its start, or 5 s after it if an
 * older gateway of its name may have to go first, and stays so for as long as it runs; a room that has ended is not
 * registered any more 4 s after the linger, and its snippet is gone 3 s after its end; what is not ours stays registered. A room that is given new settings is registered
 * again 5 s after its old gateway was killed. The 3 s are for a pass, a script, the tick at which the gateway registers, and
 * passes for other rooms; a gateway that goes takes two ticks.
 */
import type { Clock } from "../../src/clock.ts";
import { isRegistered } from "../../src/freeswitch/commands.ts";
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";
import type { Bindings } from "./claims.ts";
import type { SimulatedDirectory } from "./directory.ts";

export interface PromptnessOptions {
	readonly clock: Clock;
	readonly registrar: Bindings;
	readonly directory: SimulatedDirectory;
	/** ms */
	readonly linger: number;
	/** The users of gateways that are not rooms'. */
	readonly foreign: readonly string[];
}

/** ms */
const within = { discard: 700, start: 3_000, comeback: 5_000, end: 4_000, snippet: 3_000 };

export class Promptness {
	readonly #options: PromptnessOptions;
	readonly #fail: (sentence: string) => void;
	/** ms on the clock from which each running room must be registered. */
	readonly #deadlines = new Map<string, number>();
	/** ms on the clock at which each other room has ended. */
	readonly #ended = new Map<string, number>();
	/** The last state told by an event of each gateway; killing it fires none. */
	readonly #states = new Map<string, string>();
	/** The Call-IDs of gateways that were killed while FreeSWITCH called them registered. */
	readonly #killed = new Set<string>();
	/**
	 * Rooms whose binding another node has taken since this node REGISTERed them. FreeSWITCH does not notice before it refreshes
	 * the registration.
	 */
	readonly #robbed = new Set<string>();
	/** The Call-IDs of the last REGISTERs, by their users: another node may have taken the binding. */
	readonly #callIds = new Map<string, string>();
	/** The Call-IDs of all REGISTERs. */
	readonly #seen = new Set<string>();
	/** Rooms whose gateways were killed right after a tick: their REGISTERs may be yet to be sent. */
	readonly #lateRegisters = new Set<string>();
	#calm = true;

	constructor(options: PromptnessOptions, fail: (sentence: string) => void) {
		this.#options = options;
		this.#fail = fail;
	}

	/** @param former the gateways of that name that FreeSWITCH has already */
	started(room: string, former: readonly Gateway[]): void {
		this.#deadlines.set(room, this.#options.clock.now() + (former.length > 0 ? within.comeback : within.start));
		this.#ended.delete(room);
		if (former.every(({ deleted }) => deleted)) {
			this.#robbed.delete(room);
		}
	}

	/** The room's gateway goes, to be loaded anew. */
	renewed(room: string): void {
		const deadline = this.#options.clock.now() + within.comeback;
		this.#deadlines.set(room, Math.max(deadline, this.#deadlines.get(room) ?? 0));
	}

	ended(room: string): void {
		this.#deadlines.delete(room);
		this.#ended.set(room, this.#options.clock.now());
	}

	/** Whether nothing is broken. */
	get isCalm(): boolean {
		return this.#calm;
	}

	/** Something is broken from now on. */
	fault(): void {
		this.#calm = false;
	}

	/** Nothing is broken any more, and all is as it should be. */
	rest(): void {
		this.#calm = true;
	}

	fired(event: EventRecord): void {
		const gateway = event["Gateway"] ?? "";
		if (event["Event-Subclass"] === "sofia::gateway_state") {
			this.#states.set(gateway, event["State"] ?? "");
		} else if (event["Event-Subclass"] === "sofia::gateway_add") {
			this.#states.delete(gateway);
		}
	}

	/**
	 * The room's gateway is killed.
	 * @param shownNew whether it was about to register when the daemon last looked
	 */
	killed(room: string, shownNew: boolean): void {
		const state = this.#states.get(`conf_${room}`) ?? "";
		const isTickBetween = shownNew && state === "TRYING";
		if (isTickBetween || isRegistered(state)) {
			this.#killed.add(this.#callIds.get(room) ?? "");
		}
		if (isTickBetween) {
			// A tick came between look and kill, so the un-REGISTER is skipped, and the binding stays until it expires.
			this.#lateRegisters.add(room);
		}
	}

	robbed(room: string): void {
		this.#robbed.add(room);
	}

	/** @param isExcused whether a file that the script does not remove may be the cause */
	registers(user: string, callId: string, isExcused: boolean): void {
		const ended = this.#ended.get(user) ?? Number.POSITIVE_INFINITY;
		const isNew = !this.#seen.has(callId);
		this.#seen.add(callId);
		const now = this.#options.clock.now();
		// What FreeSWITCH loads at its own start may REGISTER before the daemon is there.
		if (this.#calm && isNew && !isExcused && now > Math.max(ended + within.discard, within.start)) {
			this.#fail(`room ${user} is registered after it has ended, though nothing is broken`);
		}
		this.#callIds.set(user, callId);
		if (this.#lateRegisters.delete(user)) {
			this.#killed.add(callId);
		}
		this.#robbed.delete(user);
	}

	/** A file that the script does not remove registers the room: it is to go as if it had ended now. */
	cameBack(room: string): void {
		if (this.#ended.has(room)) {
			this.#ended.set(room, this.#options.clock.now());
		}
	}

	unregistered(user: string): void {
		const deadline = this.#deadlines.get(user) ?? Number.POSITIVE_INFINITY;
		if (this.#calm && this.#options.clock.now() > deadline) {
			this.#fail(`room ${user} is un-registered although it runs and nothing is broken`);
		}
	}

	/** To be called every now and then. */
	look(): void {
		if (!this.#calm) {
			return;
		}
		const { clock, registrar, directory, linger, foreign } = this.#options;
		const now = clock.now();
		for (const [room, deadline] of this.#deadlines) {
			if (now > deadline && !this.#robbed.has(room) && registrar.bindingsOf(room).length === 0) {
				this.#fail(`room ${room} runs and is not registered, though nothing is broken`);
			}
		}
		for (const [room, at] of this.#ended) {
			if (now > at + within.snippet && directory.has(room) && !directory.orphaned.has(room)) {
				this.#fail(`room ${room} has ended and its snippet is still there, though nothing is broken`);
			}
			// A gateway that is killed during a refresh by its SIP stack, which no list shows, sends no un-REGISTER.
			const left = registrar.bindingsOf(room).some(({ callId }) => !this.#killed.has(callId));
			if (now > at + linger + within.end && left) {
				this.#fail(`room ${room} has ended and is still registered, though nothing is broken`);
			}
		}
		for (const user of foreign) {
			if (now > within.start && registrar.bindingsOf(user).length === 0) {
				this.#fail(`${user} is not registered any more, though nothing is broken`);
			}
		}
	}
}
