/**
 * Carries out a plan in the one order that is safe: scripts, reloadxml, killgw, rescan. A plan costs one reloadxml and one
 * rescan, however many rooms it is about.
 */

import type { Clock } from "../clock.ts";
import {
	killGateway,
	type Outcome,
	type Question,
	registerGateway,
	reloadXml,
	rescan,
	unregisterGateway,
} from "../freeswitch/commands.ts";
import { ask, type EventSocket } from "../freeswitch/event-socket.ts";
import { type Action, type Generator, GeneratorFailed } from "../generator/generator.ts";
import { ScriptRuns } from "../generator/script-runs.ts";
import type { Log } from "../log/log.ts";
import { excerpt, messageOf } from "../log/text.ts";
import type { Troubles } from "../log/troubles.ts";
import { gatewayOf, type Room } from "../room.ts";
import type { Ledger } from "./ledger.ts";
import type { Step } from "./plan.ts";
import type { RoomGateways } from "./room-gateways.ts";

export type Plan = ReadonlyMap<Room, Step>;

export interface ApplierOptions {
	readonly generator: Generator;
	readonly profile: string;
	readonly ledger: Ledger;
	readonly troubles: Troubles;
	readonly clock: Clock;
	readonly log: Log;
	/** Called after what only another pass can see the effect of. */
	readonly requestPass: () => void;
}

export class Applier {
	/** The scripts that are under way. */
	readonly scripts: ScriptRuns;
	readonly #options: ApplierOptions;
	/** Whether a snippet has been removed since FreeSWITCH last read the directory. */
	#unread = false;
	/** True after the first rescan, which turns leftover files into visible gateways. */
	#scanned = false;

	constructor(options: ApplierOptions) {
		this.#options = options;
		this.scripts = new ScriptRuns(options.generator, options.clock);
	}

	/**
	 * Kills gateways that are about to REGISTER for rooms that do not run. To be called right after a look: the next tick may come at
	 * any moment, and a gateway that is killed while a REGISTER is unanswered leaves its binding behind.
	 * @throws ConnectionLost
	 */
	async discard(socket: EventSocket, plan: Plan): Promise<void> {
		await this.#kill(socket, this.#all(plan, "discard"), ({ aboutToRegister }) => aboutToRegister);
		await this.#unregister(socket, this.#all(plan, "unregister"));
	}

	/** Starts the scripts of a plan. */
	startScripts(plan: Plan): void {
		for (const [room, step] of plan) {
			if (step.verdict === "not loaded") {
				this.#notLoaded(room);
			}
			if (step.script !== undefined) {
				this.#run(room, step.script, step.gateway);
			}
		}
	}

	/**
	 * Carries out all of a plan but its scripts. What a script that has just ended makes due is left to the next pass.
	 * @returns whether FreeSWITCH did all that it was told
	 * @throws ConnectionLost
	 */
	async apply(socket: EventSocket, plan: Plan): Promise<boolean> {
		if ([...plan.values()].some(({ script }) => script !== undefined)) {
			this.#options.requestPass();
		}
		const loadable = this.#all(plan, "load").filter((room) => this.#options.ledger.of(room).isWritten);
		const rescanNeeded = loadable.length > 0 || !this.#scanned;
		const renewable = this.#all(plan, "renew");
		const reloaded = !(rescanNeeded || this.#unread || renewable.length > 0) || (await this.#reload(socket));
		const { clock } = this.#options;
		const killed = await this.#kill(socket, this.#all(plan, "kill"), (gateways) => gateways.unkilled(clock.now()));
		await this.#register(socket, this.#all(plan, "register"));
		const parked = await this.#unregister(socket, this.#all(plan, "unregister"));
		// With broken XML a rescan adds nothing new and can bring back what was killed (recording 08).
		const loaded = !rescanNeeded || (reloaded && (await this.#rescan(socket, loadable)));
		// Not in a pass with a rescan: that would load the new gateways while the old ones are dying.
		const renewed = rescanNeeded || !reloaded || (await this.#renew(socket, renewable));
		return reloaded && killed && parked && loaded && renewed;
	}

	#all(plan: Plan, what: Step["gateway"]): Room[] {
		return [...plan].filter(([, step]) => step.gateway === what).map(([room]) => room);
	}

	#run(room: Room, action: Action, gateway: Step["gateway"]): void {
		const { ledger, clock, troubles, requestPass } = this.#options;
		const record = ledger.of(room);
		// At the daemon's start the snippets of all rooms that are up are written anew: hundreds of runs that no caller waits for.
		const urgent = !record.isRetry && (action === "remove" || gateway === "load");
		record.scriptStarted(action, clock.now());
		this.scripts.start(room, action, urgent, ({ error, late }) => {
			this.#unread ||= action === "remove";
			if (error === undefined) {
				record.scriptSucceeded(action);
				troubles.over(`${room} script`);
			} else {
				record.failed(clock.now());
				const facts = { room, ...factsOf(error) };
				troubles.report(`${room} script`, "error", `room ${room}: ${messageOf(error)}; retrying`, facts);
			}
			if (late || record.renewal.stage === "written") {
				requestPass();
			}
		});
	}

	#notLoaded(room: Room): void {
		const { ledger, clock, troubles, profile } = this.#options;
		ledger.of(room).failed(clock.now());
		troubles.report(
			`${room} gateway`,
			"error",
			`room ${room}: the script succeeded, but FreeSWITCH found no gateway ${gatewayOf(room)} in profile ${profile}; ` +
				"does the script write it, with <include> on a line of its own, into the directory of that profile? Retrying",
			{ room },
		);
	}

	async #reload(socket: EventSocket): Promise<boolean> {
		this.#unread = false;
		const failed =
			"FreeSWITCH cannot read its configuration, so no room can be added; look for a broken file below its conf directory";
		const done = await this.#tell(socket, reloadXml, failed, "FreeSWITCH reads its configuration again");
		this.#unread ||= !done;
		return done;
	}

	/**
	 * Has FreeSWITCH do something. That it `failed` is logged once, and so is when that is `over`.
	 * @param about what is in trouble if it fails
	 * @returns whether FreeSWITCH has done it
	 */
	async #tell(
		socket: EventSocket,
		question: Question<Outcome>,
		failed: string,
		over?: string,
		about = question.command,
	): Promise<boolean> {
		const { troubles } = this.#options;
		const { done, words } = await ask(socket, question);
		if (done) {
			troubles.over(about, over);
		} else {
			troubles.report(about, "error", `${failed}: ${excerpt(words)}`);
		}
		return done;
	}

	async #kill(
		socket: EventSocket,
		rooms: readonly Room[],
		which: (gateways: RoomGateways) => readonly string[],
	): Promise<boolean> {
		const { ledger, log } = this.#options;
		let all = true;
		for (const room of rooms) {
			if (ledger.wasCreated(room)) {
				// It has come back while the scripts ran; the next pass serves it.
				continue;
			}
			if (await this.#killGateways(socket, room, which(ledger.of(room).gateways))) {
				log.debug({ room }, `room ${room}: its gateway is being removed`);
			} else {
				all = false;
			}
		}
		return all;
	}

	/** Kills gateways whose new snippets have been written. Once they are gone, their rooms are ordinary rooms without a gateway. */
	async #renew(socket: EventSocket, rooms: readonly Room[]): Promise<boolean> {
		const { ledger, log } = this.#options;
		let all = true;
		for (const room of rooms) {
			const record = ledger.of(room);
			if (record.isRegistered) {
				record.renewal.takingDown();
			}
			if (await this.#killGateways(socket, room, record.gateways.names)) {
				record.takenDown();
				log.debug({ room }, `room ${room}: its gateway is being loaded anew`);
			} else {
				all = false;
			}
		}
		return all;
	}

	/** @returns whether FreeSWITCH has marked these gateways of a room for deletion */
	async #killGateways(socket: EventSocket, room: Room, names: readonly string[]): Promise<boolean> {
		const { profile, ledger, clock } = this.#options;
		const { gateways } = ledger.of(room);
		const failed = `room ${room}: FreeSWITCH did not remove its gateway`;
		let all = true;
		for (const name of names) {
			if (await this.#tell(socket, killGateway(profile, name), failed, undefined, `${room} ${name}`)) {
				gateways.killed(name, clock.now());
			} else {
				all = false;
			}
		}
		return all;
	}

	async #register(socket: EventSocket, rooms: readonly Room[]): Promise<void> {
		const { profile, ledger, log } = this.#options;
		for (const room of rooms) {
			const { gateways } = ledger.of(room);
			for (const name of gateways.unsure) {
				const wasUnregistered = gateways.isDying(name);
				// "Not found" means that it is dying: wait for its end.
				if ((await ask(socket, registerGateway(profile, name))).done) {
					gateways.registeredAnew(name);
					if (wasUnregistered) {
						log.info({ room }, `room ${room}: its gateway was un-registered, and registers again`);
					} else {
						log.debug(
							{ room },
							`room ${room}: its gateway registers again, because the registrar may have lost its binding`,
						);
					}
				}
			}
		}
	}

	/** Has gateways that come back however often they are removed register no more. */
	async #unregister(socket: EventSocket, rooms: readonly Room[]): Promise<boolean> {
		const { profile, ledger, troubles } = this.#options;
		let all = true;
		for (const room of rooms) {
			troubles.report(
				`${room} foreign`,
				"warn",
				`room ${room} does not run here, and its gateway comes back each time that it is removed: a file that the script does not ` +
					`remove holds ${gatewayOf(room)}; find it by "grep -rl ${gatewayOf(room)}" in the directory of profile ${profile}, and delete it. ` +
					"The gateway stays loaded, un-registered",
				{ room },
			);
			const { gateways } = ledger.of(room);
			for (const name of gateways.registering) {
				const failed = `room ${room}: FreeSWITCH did not un-register ${name}`;
				if (await this.#tell(socket, unregisterGateway(profile, name), failed, undefined, `${room} ${name}`)) {
					gateways.unregistered(name);
				} else {
					all = false;
				}
			}
		}
		return all;
	}

	async #rescan(socket: EventSocket, loadable: readonly Room[]): Promise<boolean> {
		const { profile, ledger, requestPass } = this.#options;
		for (const room of loadable) {
			ledger.of(room).loading();
		}
		const failed = `FreeSWITCH did not load the gateways of profile ${profile}`;
		const done = await this.#tell(
			socket,
			rescan(profile),
			failed,
			`FreeSWITCH loads gateways of profile ${profile} again`,
		);
		requestPass();
		if (!done) {
			return false;
		}
		this.#scanned = true;
		for (const room of loadable) {
			ledger.of(room).loaded();
		}
		return true;
	}
}

function factsOf(error: unknown): object {
	return error instanceof GeneratorFailed
		? { exitCode: error.exitCode, signal: error.signal, output: error.output }
		: { err: error };
}
