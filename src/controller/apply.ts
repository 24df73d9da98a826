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
		const killed = await this.#kill(socket, this.#all(plan, "kill"));
		await this.#register(socket, this.#all(plan, "register"));
		// With broken XML a rescan adds nothing new and can bring back what was killed (recording 08).
		const loaded = !rescanNeeded || (reloaded && (await this.#rescan(socket, loadable)));
		// Not in a pass with a rescan: that would load the new gateways while the old ones are dying.
		const renewed = rescanNeeded || !reloaded || (await this.#renew(socket, renewable));
		return reloaded && killed && loaded && renewed;
	}

	#all(plan: Plan, what: Step["gateway"]): Room[] {
		return [...plan].filter(([, step]) => step.gateway === what).map(([room]) => room);
	}

	#run(room: Room, action: Action, gateway: Step["gateway"]): void {
		const { ledger, clock, log, requestPass } = this.#options;
		const record = ledger.of(room);
		// At the daemon's start the snippets of all rooms that are up are written anew: hundreds of runs that no caller waits for.
		const urgent = !record.isRetry && (action === "remove" || gateway === "load");
		record.scriptStarted(action);
		this.scripts.start(room, action, urgent, ({ error, late }) => {
			this.#unread ||= action === "remove";
			if (error === undefined) {
				record.scriptSucceeded(action);
			} else {
				const wait = record.failed(clock.now());
				log.error({ room, ...factsOf(error) }, `room ${room}: ${messageOf(error)}; retrying in ${wait / 1_000} s`);
			}
			if (late || record.renewal.stage === "written") {
				requestPass();
			}
		});
	}

	#notLoaded(room: Room): void {
		const { ledger, clock, log, profile } = this.#options;
		const wait = ledger.of(room).failed(clock.now());
		log.error(
			{ room },
			`room ${room}: the script succeeded, but FreeSWITCH found no gateway ${gatewayOf(room)} in profile ${profile}; ` +
				`does the script write it, with <include> on a line of its own, into the directory of that profile? Retrying in ${wait / 1_000} s`,
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
	 * @returns whether FreeSWITCH has done it
	 */
	async #tell(socket: EventSocket, question: Question<Outcome>, failed: string, over?: string): Promise<boolean> {
		const { troubles } = this.#options;
		const { done, words } = await ask(socket, question);
		if (done) {
			troubles.over(question.command, over);
		} else {
			troubles.report(question.command, "error", `${failed}: ${excerpt(words)}`);
		}
		return done;
	}

	async #kill(socket: EventSocket, rooms: readonly Room[]): Promise<boolean> {
		const { ledger, log } = this.#options;
		let all = true;
		for (const room of rooms) {
			if (ledger.wasCreated(room)) {
				// It has come back while the scripts ran; the next pass serves it.
				continue;
			}
			if (await this.#killGateway(socket, room)) {
				log.debug({ room }, `room ${room}: gateway ${gatewayOf(room)} is being removed`);
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
			if (await this.#killGateway(socket, room)) {
				record.takenDown();
				log.debug({ room }, `room ${room}: gateway ${gatewayOf(room)} is being loaded anew`);
			} else {
				all = false;
			}
		}
		return all;
	}

	/** @returns whether FreeSWITCH has marked the gateway for deletion */
	#killGateway(socket: EventSocket, room: Room): Promise<boolean> {
		const command = killGateway(this.#options.profile, gatewayOf(room));
		return this.#tell(socket, command, `room ${room}: FreeSWITCH did not remove its gateway`);
	}

	async #register(socket: EventSocket, rooms: readonly Room[]): Promise<void> {
		const { profile, ledger, log } = this.#options;
		for (const room of rooms) {
			// "Not found" means that it is dying: wait for its end.
			if ((await ask(socket, registerGateway(profile, gatewayOf(room)))).done) {
				ledger.of(room).registeredAnew();
				log.info({ room }, `room ${room}: its gateway was un-registered, and registers again`);
			}
		}
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
