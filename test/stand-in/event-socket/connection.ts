/**
 * One connection of the event socket. It executes commands one at a time, and sends events after the answers to all received
 * commands.
 */
import type { Socket } from "node:net";
import { type FreeSwitch, FreeSwitchEnded } from "../freeswitch/freeswitch.ts";
import { type Answer, carryOut, type Session } from "./commands.ts";
import type { CommandFault, Ending, Faults } from "./faults.ts";
import { eventFrame, goodbye, greeting, rudeRejection, shutdownNotice } from "./frames.ts";
import { Output } from "./output.ts";
import { Subscription } from "./subscription.ts";

interface ConnectionOptions {
	readonly socket: Socket;
	readonly freeswitch: FreeSwitch;
	readonly faults: Faults;
	readonly password: string;
	/** Whether the client's address is in apply-inbound-acl. */
	readonly allowed: boolean;
	readonly received: (command: string) => void;
	/** Takes failures of the stand-in itself. */
	readonly failed: (error: unknown) => void;
}

export class Connection {
	readonly #options: ConnectionOptions;
	readonly output: Output;
	readonly #session: Session;
	readonly #stopListening: () => void;
	#input = "";
	readonly #events: string[] = [];
	#busy = false;
	#closed = false;

	constructor(options: ConnectionOptions) {
		const { socket, freeswitch, faults, password, allowed } = options;
		this.#options = options;
		this.output = new Output(socket, faults);
		this.#session = { password, freeswitch, subscription: new Subscription(), authenticated: false };
		this.#stopListening = freeswitch.events.listen((event) => {
			if (this.#session.subscription.wants(event)) {
				this.#events.push(eventFrame(event));
				this.#pump();
			}
		});
		socket.on("error", () => {
			// The client went away; "close" follows.
		});
		socket.once("close", () => this.#over());
		socket.setEncoding("utf8");
		socket.on("data", (text) => {
			this.#input += String(text);
			this.#pump();
		});
		if (allowed) {
			this.output.write(faults.greeting ?? greeting);
		} else {
			this.#end(rudeRejection + goodbye);
		}
	}

	cut(how: Ending): void {
		this.#over();
		this.output.cut(how);
	}

	/** Sends pending events and the notice of FreeSWITCH's shutdown, and ends the connection. */
	shutdown(): void {
		this.#flushEvents();
		this.#end(shutdownNotice);
	}

	#over(): void {
		this.#closed = true;
		this.#stopListening();
	}

	/** Sends last words, and ends the connection. */
	#end(words: string): void {
		this.#over();
		this.output.write(words);
		this.output.end();
	}

	/** Executes received commands, then sends the waiting events. */
	#pump(): void {
		while (!this.#busy && !this.#closed) {
			this.#input = this.#input.replace(/^[\r\n]+/, "");
			const packet = /^(.*?)(?:\r?\n){2}/s.exec(this.#input);
			if (packet === null) {
				this.#flushEvents();
				return;
			}
			this.#input = this.#input.slice(packet[0].length);
			this.#busy = true;
			this.#handle((packet[1] ?? "").replace(/\r?\n.*$/s, "")).catch((error: unknown) => {
				if (!(error instanceof FreeSwitchEnded)) {
					this.#options.failed(error);
				}
			});
		}
	}

	#flushEvents(): void {
		const events = this.#events.splice(0);
		if (!this.#closed) {
			events.forEach((event) => this.output.write(event));
		}
	}

	async #handle(command: string): Promise<void> {
		const { faults, received } = this.#options;
		received(command);
		const fault = faults.take(command);
		if (fault?.kind === "freeze") {
			this.output.frozen = true;
			return;
		}
		if (fault?.kind === "cut" && fault.when === "before") {
			this.cut(fault.how);
			return;
		}
		const answer = await carryOut(this.#session, command);
		if (!this.#closed) {
			this.#answer(answer, fault);
		}
	}

	#answer({ text, frame, ends }: Answer, fault: CommandFault | undefined): void {
		switch (fault?.kind) {
			case "hang":
				return;
			case "cut":
				if (fault.when === "middle") {
					const bytes = Buffer.from(frame(text));
					this.output.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
				}
				this.cut(fault.how);
				return;
			case "text":
				this.output.write(frame(typeof fault.text === "string" ? fault.text : fault.text(text)));
				break;
			case "bytes":
				this.output.write(fault.bytes);
				break;
			case undefined:
				this.output.write(frame(text));
		}
		this.#busy = false;
		if (ends) {
			this.#end(goodbye);
		}
		this.#pump();
	}
}
