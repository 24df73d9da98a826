/** The sending side of a connection: it can write in pieces, freeze, and end in several ways. */
import type { Socket } from "node:net";
import { changed } from "../../support/until.ts";
import type { Ending, Faults } from "./faults.ts";

export class Output {
	/** Bytes handed to the kernel. */
	written = 0;
	readonly #socket: Socket;
	readonly #faults: Faults;
	#waiting: Buffer[] = [];
	#frozen = false;
	#writing = false;
	#afterwards: (() => void) | undefined;

	constructor(socket: Socket, faults: Faults) {
		this.#socket = socket;
		this.#faults = faults;
		socket.setNoDelay(true);
	}

	write(what: string | Uint8Array): void {
		this.#waiting.push(Buffer.from(what));
		this.#flush();
	}

	/** Ends the connection after everything is written. */
	end(): void {
		this.#afterwards = () => this.#socket.destroySoon();
		this.#flush();
	}

	/** Ends the connection at once; pending bytes are lost. */
	cut(how: Ending): void {
		this.#waiting = [];
		// In Node.js 20 a socket that is reset during its shutdown never closes, and keeps the process running.
		if (how === "RST" && !this.#socket.writableEnded) {
			this.#socket.resetAndDestroy();
		} else {
			this.#socket.destroy();
		}
	}

	/** Stops reading and writing, or resumes it. */
	set frozen(frozen: boolean) {
		this.#frozen = frozen;
		if (frozen) {
			this.#socket.pause();
		} else {
			this.#socket.resume();
			this.#flush();
		}
	}

	#flush(): void {
		if (this.#frozen || this.#writing) {
			return;
		}
		const { pieces } = this.#faults;
		let next = this.#waiting.shift();
		while (next !== undefined && this.#socket.writable) {
			const piece = pieces === undefined ? next : next.subarray(0, pieces);
			this.written += piece.length;
			this.#socket.write(piece);
			if (pieces !== undefined) {
				// The next piece waits for another turn, so that this one arrives alone.
				if (piece.length < next.length) {
					this.#waiting.unshift(next.subarray(piece.length));
				}
				this.#writing = true;
				setImmediate(() => {
					this.#writing = false;
					this.#flush();
				});
				return;
			}
			next = this.#waiting.shift();
		}
		changed();
		this.#afterwards?.();
	}
}
