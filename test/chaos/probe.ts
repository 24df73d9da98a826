/** Asks a daemon that has test/fixtures/chaos-probe.ts preloaded what only it knows of itself. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { readLines } from "../support/lines.ts";
import { changed, until } from "../support/until.ts";

export interface ProbeAnswer {
	/** Timers that are set. */
	readonly timers: number;
	/** Everything that keeps the process running: timers, sockets, children. */
	readonly resources: number;
	/** Bytes in JavaScript's heap after a garbage collection. */
	readonly heapUsed: number;
	/** Bytes outside of it, such as buffers. */
	readonly external: number;
}

export class Probe {
	readonly #socket: Socket;
	readonly #answers: ProbeAnswer[] = [];

	private constructor(socket: Socket) {
		this.#socket = socket;
		readLines(socket, (line) => {
			this.#answers.push(JSON.parse(line) as ProbeAnswer);
			changed();
		});
	}

	/** @param path the daemon's PROBE_SOCKET */
	static async connect(path: string): Promise<Probe> {
		const socket = connect(path);
		await once(socket, "connect");
		return new Probe(socket);
	}

	async ask(): Promise<ProbeAnswer> {
		const asked = this.#answers.length;
		this.#socket.write("?\n");
		await until(() => this.#answers.length > asked, "the daemon has told of itself");
		return this.#answers[asked] as ProbeAnswer;
	}

	close(): void {
		this.#socket.destroy();
	}
}
