/** Reading a stream line by line. */
import { createInterface } from "node:readline";

/** Calls `each` with every line. A stream that fails has no more lines; to know of the error, listen to the stream. */
export function readLines(stream: NodeJS.ReadableStream, each: (line: string) => void): void {
	createInterface({ input: stream })
		.on("line", each)
		.on("error", () => {
			// The stream's own error, which readline passes on.
		});
}
