/** What may sit on FreeSWITCH's port in its place: something that talks nonsense, all of it drawn from a seed. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../stand-in/freeswitch/random.ts";
import { changed } from "../support/until.ts";

export class Fuzzer {
	/** How many connections it has had. */
	connections = 0;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	/** @param play has its way with whoever connects; what is written to a connection that is gone is lost */
	private constructor(play: (socket: Socket) => void) {
		this.#server = createServer((socket) => {
			this.connections += 1;
			this.#sockets.add(socket);
			socket.on("error", () => {
				// The daemon has gone away; "close" follows.
			});
			socket.once("close", () => {
				this.#sockets.delete(socket);
			});
			play(socket);
			changed();
		});
	}

	static async start(play: (socket: Socket) => void): Promise<Fuzzer> {
		const fuzzer = new Fuzzer(play);
		fuzzer.#server.listen(0, "127.0.0.1");
		await once(fuzzer.#server, "listening");
		return fuzzer;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** Lets go of the port, if it has not yet. */
	async close(): Promise<void> {
		if (!this.#server.listening) {
			return;
		}
		for (const socket of this.#sockets) {
			socket.destroy();
		}
		this.#server.close();
		await once(this.#server, "close");
	}
}

/** Bytes of all values. */
export function noise(random: Random, length: number): Buffer {
	return Buffer.from(Array.from({ length }, () => random.between(0, 255)));
}

/** The text with something wrong in it. */
export function damaged(random: Random, text: string): string {
	const from = random.between(0, text.length);
	const to = Math.min(text.length, from + random.between(1, 20));
	switch (random.between(0, 3)) {
		case 0:
			return text.slice(0, from) + text.slice(to);
		case 1:
			return text.slice(0, to) + text.slice(from);
		case 2:
			return text.slice(0, from) + noise(random, to - from).toString("latin1") + text.slice(to);
		default:
			return text.slice(0, from);
	}
}
