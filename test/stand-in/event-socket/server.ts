/** mod_event_socket over real TCP: the listening port, its connections, and a log of all commands that have come. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Clock } from "../../../src/clock.ts";
import { changed, type UntilOptions, until } from "../../support/until.ts";
import type { FreeSwitch } from "../freeswitch/freeswitch.ts";
import { Connection } from "./connection.ts";
import { type Ending, Faults } from "./faults.ts";

/** A command as it came. */
export interface Received {
	/** On the server's clock, ms. */
	readonly at: number;
	/** Which connection it came on, counted from 1. */
	readonly connection: number;
	/** Its first line; the password is not in it. */
	readonly text: string;
}

export interface EventSocketServerOptions {
	readonly clock: Clock;
	readonly password: string;
	/** Whether a client's address is in apply-inbound-acl; by default every one is. */
	readonly allows?: (address: string) => boolean;
	/** Called when the stand-in itself fails, such as on a command that it does not know to answer. */
	readonly failed: (error: unknown) => void;
	/** Called with every command that comes. */
	readonly received?: (command: string) => void;
}

export class EventSocketServer {
	readonly faults = new Faults();
	/** Every command that has come, on whatever connection, oldest first. */
	readonly received: Received[] = [];
	readonly #options: EventSocketServerOptions;
	readonly #connections = new Set<Connection>();
	#server: Server | undefined;
	#connectionCount = 0;
	#writtenBefore = 0;

	constructor(options: EventSocketServerOptions) {
		this.#options = options;
	}

	/** The port listened on. */
	get port(): number {
		return (this.#server?.address() as AddressInfo).port;
	}

	/** The connections that are open. */
	get connections(): readonly Connection[] {
		return [...this.#connections];
	}

	/** How many connections have ever been made. */
	get connectionCount(): number {
		return this.#connectionCount;
	}

	/** Bytes written to all connections there have been. */
	get written(): number {
		return this.connections.reduce((sum, { written }) => sum + written, this.#writtenBefore);
	}

	/** How many commands that match have come. */
	count(pattern: RegExp): number {
		return this.received.filter(({ text }) => pattern.test(text)).length;
	}

	/** Resolves when `times` commands that match have come since the beginning. */
	async until(pattern: RegExp, times = 1, options: UntilOptions = {}): Promise<void> {
		await until(() => this.count(pattern) >= times, `${times} commands like ${String(pattern)} have come`, options);
	}

	/** Listens for `freeswitch`. @param port 0 for a free one */
	async listen(freeswitch: FreeSwitch, port: number): Promise<void> {
		const server = createServer();
		this.#server = server;
		server.on("connection", (socket) => {
			this.#connectionCount += 1;
			const number = this.#connectionCount;
			const { clock, password, allows } = this.#options;
			const connection: Connection = new Connection({
				socket,
				freeswitch,
				clock,
				faults: this.faults,
				password,
				allowed: allows?.(socket.remoteAddress ?? "") ?? true,
				received: (command) => {
					const text = command.replace(/^(auth ).*/i, "$1…");
					this.received.push({ at: clock.now(), connection: number, text });
					this.#options.received?.(text);
					changed();
				},
				failed: this.#options.failed,
			});
			this.#connections.add(connection);
			socket.once("close", () => {
				this.#connections.delete(connection);
				this.#writtenBefore += connection.written;
				changed();
			});
			changed();
		});
		server.listen(port, "127.0.0.1");
		await once(server, "listening");
	}

	/** Sends bytes of whatever kind to everybody. */
	inject(bytes: string | Uint8Array): void {
		for (const connection of this.connections) {
			connection.inject(bytes);
		}
	}

	/** Ends all connections. */
	cut(how: Ending): void {
		for (const connection of this.connections) {
			connection.cut(how);
		}
	}

	/** Stops reading and writing on all connections, or goes on. */
	set frozen(frozen: boolean) {
		for (const connection of this.connections) {
			connection.frozen = frozen;
		}
	}

	/** Tells everybody that FreeSWITCH shuts down, and listens no more. */
	async shutdown(): Promise<void> {
		for (const connection of this.connections) {
			connection.shutdown();
		}
		await this.#stopListening();
	}

	/** Ends all connections without a word, and listens no more. */
	async kill(how: Ending): Promise<void> {
		this.cut(how);
		await this.#stopListening();
	}

	async #stopListening(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (server !== undefined) {
			server.close();
			await once(server, "close");
		}
	}
}
