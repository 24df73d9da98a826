/**
 * The control loop: observe, plan, apply. Events only request a pass, so lost, late or reordered events need no code of their
 * own. passes.ts decides when a pass is made.
 */
import type { Clock } from "../clock.ts";
import { coreUuid, isAboutToRegister, isLeaving, ProfileNotRunning, UnexpectedAnswer } from "../freeswitch/commands.ts";
import { ask, ConnectionLost, type EventSocket } from "../freeswitch/event-socket.ts";
import type { Event } from "../freeswitch/events.ts";
import type { Generator } from "../generator/generator.ts";
import type { Log } from "../log/log.ts";
import { Troubles } from "../log/troubles.ts";
import { gatewayOf, type Room, roomOf, type ToRoom } from "../room.ts";
import { Applier, type Plan } from "./apply.ts";
import type { Generation } from "./generation.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import { observe } from "./observe.ts";
import { Passes, spacing } from "./passes.ts";
import { nextStep, type Step } from "./plan.ts";
import { Reload } from "./reload.ts";
import { RoomLog } from "./room-log.ts";

export interface ReconcilerOptions extends LedgerOptions {
	readonly generator: Generator;
	readonly toRoom: ToRoom;
	/** The SIP profile whose gateways are looked after. */
	readonly profile: string;
	/** ms after which a pass is made without any event. */
	readonly resync: number;
	readonly clock: Clock;
	readonly log: Log;
	/** Called each time that `standing` may have changed. */
	readonly changed?: () => void;
}

/** What is known of the rooms: how many run, are registered, and are so in part; or why that is not known. */
export type Standing =
	| { readonly running: number; readonly registered: number; readonly partial: number }
	| { readonly unknown: string }
	/** Nothing has been looked at yet. */
	| undefined;

/** ms that a pass waits for its scripts. Then it goes on with those that have ended, so that the first rooms of a burst do not wait for the last. */
const patience = 250;

export class Reconciler {
	readonly #options: ReconcilerOptions;
	readonly #ledger: Ledger;
	readonly #applier: Applier;
	readonly #roomLog: RoomLog;
	readonly #troubles: Troubles;
	readonly #reload: Reload;
	readonly #passes: Passes;
	/** Whether nothing has been observed since the connection was made. */
	#first = true;
	/** The Core-UUID of the FreeSWITCH that was last looked at: each start has another one. */
	#core: string | undefined;
	/** Whether it is that of the FreeSWITCH that is connected. */
	#isCoreKnown = false;
	/** Whether that is another one than when the lists were last seen. */
	#isAnother = false;
	/** Why what FreeSWITCH lists is not known, if so. */
	#unknown: string | undefined;

	constructor(options: ReconcilerOptions) {
		const { linger, log, clock } = options;
		this.#options = options;
		this.#ledger = new Ledger(options);
		this.#troubles = new Troubles(log, clock);
		this.#roomLog = new RoomLog(log, linger, this.#troubles);
		this.#reload = new Reload(this.#ledger, log, this.#troubles);
		this.#passes = new Passes({
			...options,
			make: (socket) => this.#pass(socket),
			nextDue: (now) => this.#ledger.nextDue(now),
		});
		this.#applier = new Applier({
			...options,
			ledger: this.#ledger,
			troubles: this.#troubles,
			requestPass: () => this.request(),
		});
	}

	/** ms on the clock until which something must have happened here; later, this hangs. */
	get deadline(): number {
		return this.#passes.deadline;
	}

	/** What is known of the rooms. */
	get standing(): Standing {
		if (this.#unknown !== undefined) {
			return { unknown: this.#unknown };
		}
		return this.#first ? undefined : this.#ledger.counts;
	}

	/** FreeSWITCH can be asked from now on. */
	connected(socket: EventSocket): void {
		this.#first = true;
		this.#isCoreKnown = false;
		this.#unknown = undefined;
		this.#passes.connected(socket);
	}

	disconnected(): void {
		this.#passes.disconnected();
	}

	/** FreeSWITCH cannot be reached. A snippet that lies there when it starts would register a room that is not there. */
	away(): void {
		this.#applier.startScripts(this.#plan("away"));
	}

	/** The generator has new settings, which all running rooms are to get, one after the other. */
	reload(generation: Generation): void {
		this.#reload.ask(generation);
		this.request();
	}

	event(event: Event): void {
		const { toRoom, clock, changed } = this.#options;
		const room = "conference" in event ? toRoom(event.conference) : roomOf(event.gateway, toRoom);
		if (room === undefined) {
			return;
		}
		const record = this.#ledger.records.get(room);
		switch (event.kind) {
			case "conference-created":
				this.#ledger.noteCreated(room, clock.now());
				break;
			case "conference-destroyed":
				break;
			case "gateway-added":
			case "gateway-deleted":
				record?.gateways.cameOrWent(event.gateway, event.kind);
				break;
			case "gateway-state": {
				const change = record?.observeState(event, clock.now());
				if (change !== undefined) {
					this.#roomLog.registrationChanged(room, change);
					changed?.();
				}
				const isUnwanted = record?.isRunning === false && isAboutToRegister(event.state);
				if (!isLeaving(event.state) && record?.renewal.offAir !== true && !isUnwanted) {
					return;
				}
			}
		}
		this.request();
	}

	/** Requests a pass. */
	request(): void {
		this.#passes.request();
	}

	/** Makes no more passes; resolves when the one under way has ended. */
	async stop(): Promise<void> {
		await this.#passes.stop();
	}

	/** @returns whether all that should be done was done */
	async #pass(socket: EventSocket): Promise<boolean> {
		try {
			await this.#prepare(socket);
			return await this.#applier.apply(socket, this.#plan());
		} catch (error) {
			if (error instanceof ConnectionLost) {
				// connection.ts logs it, and a full pass follows the next connection.
				return true;
			}
			if (error instanceof UnexpectedAnswer || error instanceof ProfileNotRunning) {
				this.#unknown = error.message;
				this.#options.changed?.();
				this.#troubles.report("lists", "warn", `${error.message}; retrying, nothing is changed until then`);
			} else {
				const words = error instanceof Error ? error.stack : String(error);
				this.#troubles.report("pass", "error", `a fault of the program, please report it: ${words}`);
			}
			return false;
		}
	}

	/**
	 * Looks, and starts the scripts that are due. What is heard of while they run is looked at and started, too: so the rooms
	 * of a burst share one reload and one rescan.
	 */
	async #prepare(socket: EventSocket): Promise<void> {
		const { clock } = this.#options;
		const { scripts } = this.#applier;
		const until = clock.now() + patience;
		for (;;) {
			await this.#look(socket);
			await this.#applier.discard(socket, this.#plan());
			this.#applier.startScripts(this.#plan());
			do {
				if (await scripts.ended(this.#pause)) {
					return;
				}
				if (clock.now() >= until) {
					scripts.stopWaiting();
					return;
				}
			} while (!this.#passes.wanted);
		}
	}

	async #look(socket: EventSocket): Promise<void> {
		const { clock, profile, toRoom, changed } = this.#options;
		this.#passes.begin(this.#pause);
		if (!this.#isCoreKnown) {
			await this.#lookForCore(socket);
			this.#passes.begin(this.#pause);
		}
		const asked = clock.now();
		const observation = await observe(socket, profile, toRoom);
		this.#troubles.over("lists", "FreeSWITCH tells its conferences and gateways again");
		const look = { now: asked, first: this.#first, anew: this.#isAnother };
		this.#roomLog.observed(observation, this.#ledger.observe(observation, look), this.#first);
		this.#first = false;
		this.#isAnother = false;
		this.#tellClashes();
		this.#reload.observed();
		this.#unknown = undefined;
		changed?.();
	}

	/** Finds out whether this is another FreeSWITCH than the one before. One that has not loaded its modules does not say. */
	async #lookForCore(socket: EventSocket): Promise<void> {
		const core = await ask(socket, coreUuid);
		this.#isCoreKnown = core !== undefined;
		this.#isAnother ||= core !== undefined && this.#core !== undefined && core !== this.#core;
		this.#core = core ?? this.#core;
	}

	/** FreeSWITCH takes the first file, by name, of two that have the same gateway, and a new snippet changes nothing. */
	#tellClashes(): void {
		for (const [room, { isRunning, renewal }] of this.#ledger.records) {
			if (isRunning && renewal.clashes) {
				this.#troubles.report(
					`${room} clash`,
					"warn",
					`room ${room}: FreeSWITCH has not loaded its gateway from the script's snippet, so another file has a gateway ${gatewayOf(room)}, too; ` +
						`find it by "grep -rl ${gatewayOf(room)}" in the directory of profile ${this.#options.profile}, and delete it`,
					{ room },
				);
			}
		}
	}

	/** ms from one look to the next. */
	get #pause(): number {
		return spacing(this.#ledger.records.size);
	}

	#plan(freeswitch: "there" | "away" = "there"): Plan {
		const now = this.#options.clock.now();
		const turns = this.#reload.turns();
		const plan = new Map<Room, Step>();
		for (const [room, record] of [...this.#ledger.records]) {
			const step = nextStep(record.facts(now, turns.has(room), freeswitch === "away"));
			if (step.verdict === "over") {
				this.#ledger.forget(room);
				this.#troubles.forget(room);
			} else {
				plan.set(room, step);
			}
		}
		return plan;
	}
}
