/**
 * One connection of the event socket: reads commands, has them carried out one at a time, and sends events in between.
 * Events wait while a command is carried out or another has begun to arrive, and follow its answer in their order.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../../src/clock.ts";
import type { EventRecord } from "../freeswitch/events.ts";
import { type FreeSwitch, FreeSwitchEnded } from "../freeswitch/freeswitch.ts";
import { sendAnswer } from "./answer.ts";
import { carryOut, type Session } from "./commands.ts";
import type { Ending, Faults } from "./faults.ts";
import { eventFrame, goodbye, greeting, rudeRejection, shutdownNotice } from "./frames.ts";
import { Output } from "./output.ts";
import { Subscription } from "./subscription.ts";

export interface ConnectionOptions {
	readonly socket: Socket;
	readonly freeswitch: FreeSwitch;
	readonly clock: Clock;
	readonly faults: Faults;
	readonly password: string;
	/** Whether the client's address is in apply-inbound-acl. */
	readonly allowed: boolean;
	readonly received: (command: string) => void;
	/** Something went wrong that is the stand-in's own fault. */
	readonly failed: (error: unknown) => void;
}

/** ms within which the first command must have come. */
const authWithin = 25_000;

export class Connection {
	readonly #options: ConnectionOptions;
	readonly #output: Output;
	readonly #session: Session;
	readonly #stopListening: () => void;
	#cancelAuthTimeout = () => {};
	#input = "";
	#events: string[] = [];
	#busy = false;
	#closed = false;

	constructor(options: ConnectionOptions) {
		const { socket, freeswitch, clock, faults, password, allowed } = options;
		this.#options = options;
		this.#output = new Output(socket, faults);
		this.#session = { password, freeswitch, subscription: new Subscription(), authenticated: false };
		this.#stopListening = freeswitch.events.listen((event) => {
			this.#heard(event);
		});
		socket.on("error", () => {
			// The client went away; "close" follows.
		});
		socket.once("close", () => {
			this.#over();
		});
		socket.setEncoding("utf8");
		socket.on("data", (text) => {
			this.#input += String(text);
			this.#pump();
		});
		if (!allowed) {
			this.#output.write(rudeRejection);
			this.#sayGoodbye();
			return;
		}
		this.#output.write(faults.greeting ?? greeting);
		this.#cancelAuthTimeout = clock.after(authWithin, () => {
			this.#sayGoodbye();
		});
	}

	/** Bytes written so far. */
	get written(): number {
		return this.#output.written;
	}

	/** Sends bytes of whatever kind. */
	inject(bytes: string | Uint8Array): void {
		this.#output.write(bytes);
	}

	cut(how: Ending): void {
		this.#over();
		this.#output.cut(how);
	}

	/** Reads and writes nothing any more, or goes on. */
	set frozen(frozen: boolean) {
		this.#output.frozen = frozen;
	}

	/** FreeSWITCH has shut down. */
	shutdown(): void {
		this.#flushEvents();
		this.#over();
		this.#output.write(shutdownNotice);
		this.#output.end();
	}

	#over(): void {
		this.#closed = true;
		this.#stopListening();
		this.#cancelAuthTimeout();
	}

	#sayGoodbye(): void {
		this.#over();
		this.#output.write(goodbye);
		this.#output.end();
	}

	#heard(event: EventRecord): void {
		const { faults, clock } = this.#options;
		if (!this.#session.subscription.wants(event)) {
			return;
		}
		const fate = faults.fate(event);
		const queue = () => {
			this.#events.push(eventFrame(event));
			this.#pump();
		};
		if (typeof fate === "object") {
			clock.after(fate.delay, queue);
		} else if (fate !== "drop") {
			queue();
			if (fate === "double") {
				queue();
			}
		}
	}

	/** Carries out what has come, then sends the events that have been waiting. */
	#pump(): void {
		while (!this.#busy && !this.#closed) {
			this.#input = this.#input.replace(/^[\r\n]+/, "");
			const packet = /^(.*?)(?:\r?\n){2}/s.exec(this.#input);
			if (packet === null) {
				if (this.#input === "") {
					this.#flushEvents();
				}
				return;
			}
			this.#input = this.#input.slice(packet[0].length);
			this.#cancelAuthTimeout();
			this.#busy = true;
			this.#handle((packet[1] ?? "").replace(/\r?\n.*$/s, "")).catch((error: unknown) => {
				if (!(error instanceof FreeSwitchEnded)) {
					this.#options.failed(error);
				}
			});
		}
	}

	#flushEvents(): void {
		const events = this.#events;
		this.#events = [];
		if (!this.#closed) {
			for (const event of events) {
				this.#output.write(event);
			}
		}
	}

	async #handle(command: string): Promise<void> {
		const { clock, faults, received } = this.#options;
		received(command);
		const fault = faults.take(command);
		if (fault?.kind === "freeze") {
			this.#output.frozen = true;
			return;
		}
		if (fault?.kind === "cut" && fault.when === "before") {
			this.cut(fault.how);
			return;
		}
		if (fault?.kind === "hang" && fault.run === false) {
			return;
		}
		const answer = await carryOut(this.#session, command);
		if (this.#closed) {
			return;
		}
		switch (await sendAnswer(this.#output, clock, answer, fault)) {
			case "sent":
				this.#busy = false;
				if (answer.ends) {
					this.#sayGoodbye();
				}
				this.#pump();
				break;
			case "stuck":
				break;
			case "over":
				this.#over();
		}
	}
}
