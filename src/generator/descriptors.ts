/**
 * Whether a process can be started: Node tells of a lack of file descriptors only after it has returned a child without
 * streams, and execa, which cannot bear that, then has nobody listen for it. That would end the daemon.
 */
import { closeSync, openSync } from "node:fs";

/** What starting a process takes: two for each pipe of its output, two for telling whether it began, one in its own hands; and some for a later Node. */
const needed = 10;

/** The code of the error with which a process could not be started now; undefined if there are descriptors enough. */
export function lackOfDescriptors(): string | undefined {
	const opened: number[] = [];
	try {
		while (opened.length < needed) {
			opened.push(openSync("/dev/null", "r"));
		}
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return code === "EMFILE" || code === "ENFILE" ? code : undefined;
	} finally {
		for (const descriptor of opened) {
			closeSync(descriptor);
		}
	}
	return undefined;
}
