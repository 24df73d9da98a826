/** What one connection writes: in order, in pieces if asked, held back while frozen, and ended in one of several ways. */
import type { Socket } from "node:net";
import { changed } from "../../support/until.ts";
import type { Ending, Faults } from "./faults.ts";

export class Output {
	/** Bytes handed to the system. */
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

	/** Ends the connection when all is written. */
	end(): void {
		this.#afterwards = () => {
			this.#socket.destroySoon();
		};
		this.#flush();
	}

	/** Ends the connection as the end of a process does; what has not left yet is lost. */
	cut(how: Ending): void {
		this.#waiting = [];
		// Node.js 20 never closes, and never exits for, a socket that is reset while it is being shut down.
		if (how === "RST" && !this.#socket.writableEnded) {
			this.#socket.resetAndDestroy();
		} else {
			this.#socket.destroy();
		}
	}

	/** Reads and writes nothing any more, or goes on. */
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
				// The next piece in another turn, so that the other side sees this one by itself.
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
