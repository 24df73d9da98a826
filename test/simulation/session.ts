/**
 * A connection to FreeSWITCH like that of src/freeswitch/session.ts, without bytes. As there, answers do not name their
 * questions and are taken in order, and one that does not come within 10 s ends the session with NoAnswer. As in FreeSWITCH,
 * a connection carries out one command at a time and gets its events after the answer.
 */

import { version } from "../../src/freeswitch/commands.ts";
import { Disconnected, NoAnswer } from "../../src/freeswitch/errors.ts";
import { ask, type ConnectionLost } from "../../src/freeswitch/event-socket.ts";
import { type Event, readEvent } from "../../src/freeswitch/events.ts";
import type { Session } from "../../src/freeswitch/session.ts";
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import { type FreeSwitch, FreeSwitchEnded } from "../stand-in/freeswitch/freeswitch.ts";
import type { Listed, Sent } from "./claims.ts";
import { fateOf } from "./event-faults.ts";
import type { SimulatedNode } from "./node.ts";
import type { ProcessTime } from "./process-time.ts";

interface Question {
	readonly command: string;
	readonly resolve: (answer: string) => void;
	readonly reject: (error: ConnectionLost) => void;
	readonly cancel: () => void;
}

/** ms, as in src/freeswitch/session.ts. */
const answerTimeout = 10_000;

const nothing: Listed = { lives: [], gateways: undefined };

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

export class SimulatedSession implements Session {
	/** ms on the clock at which it began. */
	readonly since: number;
	version: string | undefined;
	readonly place = "localhost:8021";
	readonly ended: Promise<ConnectionLost>;
	readonly #node: SimulatedNode;
	readonly #time: ProcessTime;
	readonly #freeswitch: FreeSwitch;
	/** Tells the daemon of an event. */
	readonly onEvent: (event: Event) => void;
	readonly #waiting: Question[] = [];
	readonly #stopListening: () => void;
	#end!: (reason: ConnectionLost) => void;
	#reason: ConnectionLost | undefined;
	/** Whether bytes still come and go. */
	#open = true;
	/** Whether a command is under way; events wait until it is answered. */
	#busy = false;
	#held: EventRecord[] = [];
	/** Settles when FreeSWITCH has carried out the commands sent so far. */
	#line: Promise<unknown> = Promise.resolve();

	constructor(node: SimulatedNode, time: ProcessTime, onEvent: (event: Event) => void) {
		this.#node = node;
		this.#time = time;
		this.#freeswitch = node.freeswitch;
		this.since = node.clock.now();
		this.onEvent = onEvent;
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
		this.#stopListening = node.freeswitch.events.listen((event) => this.#fired(event));
	}

	/** Asks what a session tells of FreeSWITCH. */
	async askVersion(): Promise<void> {
		this.version = await ask(this, version);
	}

	api(command: string): Promise<string> {
		const { claims, commands } = this.#node;
		commands.push(command);
		this.#node.onCommand(command);
		if (this.#reason !== undefined) {
			return Promise.reject(this.#reason);
		}
		const sent = claims.sent(command);
		return new Promise((resolve, reject) => {
			const cancel = this.#time.after(answerTimeout, () => this.#fail(new NoAnswer(`"${command}"`, answerTimeout)));
			this.#waiting.push({ command, resolve, reject, cancel });
			this.#line = this.#line.then(() => (this.#open ? this.#carryOut(sent) : undefined));
		});
	}

	close(): void {
		this.#fail(new Disconnected("closed by the daemon"));
	}

	/** The other side ends it, or the way to it does. */
	cut(how: "in order" | "reset"): void {
		if (this.#open) {
			this.silence();
			this.#time.deliver(() => this.#fail(new Disconnected(undefined, how === "reset" ? reset : undefined)));
		}
	}

	/** From now on bytes go nowhere, and nobody is told. */
	silence(): void {
		this.#open = false;
		this.#stopListening();
	}

	/** Lets `ms` pass, whatever becomes of the daemon. */
	pause(ms: number): Promise<void> {
		return new Promise((resolve) => this.#node.clock.after(ms, resolve));
	}

	#fail(reason: ConnectionLost): void {
		if (this.#reason === undefined) {
			this.#reason = reason;
			this.silence();
			for (const { reject, cancel } of this.#waiting.splice(0)) {
				cancel();
				reject(reason);
			}
			this.#end(reason);
		}
	}

	/** Whether it leads to the FreeSWITCH that runs. */
	get isCurrent(): boolean {
		return this.#open && this.#freeswitch === this.#node.freeswitch && this.#freeswitch.alive;
	}

	async #carryOut(sent: Sent): Promise<void> {
		const { claims, faults, history } = this.#node;
		const { command } = sent;
		const fault = faults.commands.of(command);
		this.#busy = true;
		if (fault !== undefined) {
			history.outcome(`"${command}" ${fault.words}`);
			if (fault.before !== undefined && !(await fault.before(this))) {
				return;
			}
		}
		let answer: string;
		try {
			answer = await this.#freeswitch.api(command);
		} catch (error) {
			if (error instanceof FreeSwitchEnded) {
				return;
			}
			throw error;
		}
		const listed = claims.carriedOut(sent, answer);
		if (/^(reloadxml|sofia profile)/.test(command)) {
			history.outcome(`FreeSWITCH: ${command} → ${answer.trim().replaceAll("\n", ", ")}`);
		}
		await fault?.after?.(this);
		if (!this.#open) {
			return;
		}
		const garbled = fault?.garble?.(answer);
		const shown = garbled ?? this.#node.answers(command, answer);
		this.#busy = false;
		this.#time.deliver(() =>
			this.#arrived(shown, () => claims.answered(command, shown, garbled === undefined ? listed : nothing)),
		);
		for (const event of this.#held.splice(0)) {
			this.#fired(event);
		}
	}

	#arrived(answer: string, taken: () => void): void {
		const question = this.#waiting.shift();
		if (question !== undefined) {
			taken();
			question.cancel();
			question.resolve(answer);
		}
	}

	#fired(event: EventRecord): void {
		if (this.#busy) {
			this.#held.push(event);
			return;
		}
		if (readEvent(event) === undefined || !this.#node.passes(event)) {
			return;
		}
		const { clock, faults, history } = this.#node;
		const fault = faults.events.next(event);
		if (fault === undefined) {
			this.#deliver(event);
			return;
		}
		const { words, told } = fateOf(fault);
		const name = event["Conference-Name"] ?? event["Gateway"] ?? "";
		history.outcome(`the event ${event["Action"] ?? event["Event-Subclass"] ?? ""} of ${name} is ${words}`);
		for (const late of told) {
			if (late === 0) {
				this.#deliver(event);
			} else {
				clock.after(late, () => this.#deliver(event));
			}
		}
	}

	#deliver(record: EventRecord): void {
		const { claims, options } = this.#node;
		const take = () => {
			const event = readEvent(record);
			if (event !== undefined && this.#reason === undefined) {
				claims.told(record);
				this.onEvent(event);
			}
		};
		if (this.#open) {
			if (options.chunked) {
				this.#time.deliver(take);
			} else {
				this.#time.after(0, take);
			}
		}
	}
}
