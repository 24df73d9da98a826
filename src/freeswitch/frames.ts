/**
 * Cuts what FreeSWITCH sends into frames: lines of headers, an empty line, and as many bytes as `Content-Length` says. Pure.
 * (esl's own parser calls itself for each frame in a piece of data until the stack is full, and copies everything so far for each
 * piece of a long answer: 30 MB took it ten seconds.)
 */
export interface Frame {
	readonly headers: Record<string, string>;
	readonly body: string;
}

/** Bytes; a longer buffer is given back as soon as all of it is read. */
const spare = 2 ** 16;

const endOfHeaders = "\n\n";

export class Frames {
	readonly #longest: number;
	/** The bytes from `#from` to `#to` have come and are not read. */
	#held = Buffer.alloc(0);
	#from = 0;
	#to = 0;
	/** So many of them do not hold the end of the headers. */
	#searched = 0;
	/** The headers of the frame that is coming, once they are there. */
	#headers:
		| { readonly headers: Record<string, string>; readonly headersLength: number; readonly frameLength: number }
		| undefined;

	/** @param longest bytes that a frame may have, headers included */
	constructor(longest: number) {
		this.#longest = longest;
	}

	add(data: Buffer): void {
		if (this.#to + data.length > this.#held.length) {
			const unread = this.#held.subarray(this.#from, this.#to);
			// Twice what is needed: otherwise a frame in many pieces would be copied for each of them.
			this.#held = Buffer.allocUnsafe(2 * (unread.length + data.length));
			unread.copy(this.#held);
			this.#from = 0;
			this.#to = unread.length;
		}
		this.#to += data.copy(this.#held, this.#to);
	}

	/** Whether the frame that is coming is too long, or says that it will be. Then there is no next one. */
	get isTooLong(): boolean {
		return (this.#headers?.frameLength ?? this.#to - this.#from) > this.#longest;
	}

	/** The next frame; undefined until all of it is there. */
	next(): Frame | undefined {
		const unread = this.#held.subarray(this.#from, this.#to);
		this.#headers ??= this.#readHeaders(unread);
		if (this.#headers === undefined || this.#headers.frameLength > unread.length || this.isTooLong) {
			return undefined;
		}
		const { headers, headersLength, frameLength } = this.#headers;
		this.#headers = undefined;
		this.#from += frameLength;
		if (this.#from === this.#to) {
			this.#from = 0;
			this.#to = 0;
			this.#held = this.#held.length > spare ? Buffer.alloc(0) : this.#held;
		}
		return { headers, body: unread.toString("utf8", headersLength, frameLength) };
	}

	#readHeaders(unread: Buffer) {
		const end = unread.indexOf(endOfHeaders, this.#searched);
		// The first half of the end may be there.
		this.#searched = end === -1 ? Math.max(0, unread.length - 1) : 0;
		if (end === -1) {
			return undefined;
		}
		const headers = readHeaders(unread.toString("utf8", 0, end));
		const headersLength = end + endOfHeaders.length;
		const length = headers["Content-Length"] ?? "";
		return { headers, headersLength, frameLength: headersLength + (/^\d+$/.test(length) ? Number(length) : 0) };
	}
}

function readHeaders(text: string): Record<string, string> {
	return Object.fromEntries(
		text.split("\n").flatMap((line) => {
			const colon = line.indexOf(": ");
			return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 2)]];
		}),
	);
}
