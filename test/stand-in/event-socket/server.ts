/** mod_event_socket over real TCP: the listening port, its connections, and a log of all received commands. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";
import type { FreeSwitch } from "../freeswitch/freeswitch.ts";
import { Connection } from "./connection.ts";
import { type Ending, Faults } from "./faults.ts";

interface EventSocketServerOptions {
	readonly clock: Clock;
	readonly password: string;
	/** Whether a client's address is in apply-inbound-acl; by default every one is. */
	readonly allows?: (address: string) => boolean;
	/** Takes failures of the stand-in itself, such as NotModelled. */
	readonly failed: (error: unknown) => void;
}

export class EventSocketServer {
	readonly faults = new Faults();
	/** Every command received on any connection, oldest first: ms on the clock, and the first line without the password. */
	readonly received: { readonly at: number; readonly text: string }[] = [];
	readonly connections = new Set<Connection>();
	readonly #options: EventSocketServerOptions;
	#server: Server | undefined;
	#writtenBefore = 0;

	constructor(options: EventSocketServerOptions) {
		this.#options = options;
	}

	/** The listening port. */
	get port(): number {
		return (this.#server?.address() as AddressInfo).port;
	}

	/** Bytes written to all connections, closed ones included. */
	get written(): number {
		return [...this.connections].reduce((sum, { output }) => sum + output.written, this.#writtenBefore);
	}

	/** Counts the received commands that match. */
	count(pattern: RegExp): number {
		return this.received.filter(({ text }) => pattern.test(text)).length;
	}

	/** Listens for `freeswitch`. @param port 0 for a free one */
	async listen(freeswitch: FreeSwitch, port: number): Promise<void> {
		const server = createServer();
		this.#server = server;
		server.on("connection", (socket) => {
			const { clock, password, allows } = this.#options;
			const connection: Connection = new Connection({
				socket,
				freeswitch,
				faults: this.faults,
				password,
				allowed: allows?.(socket.remoteAddress ?? "") ?? true,
				received: (command) => {
					this.received.push({ at: clock.now(), text: command.replace(/^(auth ).*/i, "$1…") });
					changed();
				},
				failed: this.#options.failed,
			});
			this.connections.add(connection);
			socket.once("close", () => {
				this.connections.delete(connection);
				this.#writtenBefore += connection.output.written;
				changed();
			});
			changed();
		});
		server.listen(port, "127.0.0.1");
		await once(server, "listening");
	}

	/** Sends raw bytes on all connections. */
	inject(bytes: string | Uint8Array): void {
		this.connections.forEach((connection) => connection.output.write(bytes));
	}

	/** Ends all connections. */
	cut(how: Ending): void {
		this.connections.forEach((connection) => connection.cut(how));
	}

	/** Stops reading and writing on all connections, or resumes it. */
	set frozen(frozen: boolean) {
		for (const { output } of this.connections) {
			output.frozen = frozen;
		}
	}

	/** Ends all connections, with the notice of a shutdown or without any, and stops listening. */
	async stop(how: Ending | "shutdown"): Promise<void> {
		if (how === "shutdown") {
			this.connections.forEach((connection) => connection.shutdown());
		} else {
			this.cut(how);
		}
		const server = this.#server;
		this.#server = undefined;
		if (server !== undefined) {
			server.close();
			await once(server, "close");
		}
	}
}
