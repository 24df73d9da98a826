/**
 * What must hold of a gateway that comes from a file which the script does not remove: each rescan loads it again, and it would
 * REGISTER each time. So it is not fought for ever: it is loaded a few times, for as long as its room does not run.
 */

/** More than the daemon tolerates, since a script or a list may fail in between. */
const most = 7;

export class Comebacks {
	/** Rooms for which such a file has ever been there. */
	readonly planted = new Set<string>();
	/** Rooms whose own snippets have come back, which the daemon cannot tell from such a file. */
	readonly restored = new Set<string>();
	readonly #fail: (sentence: string) => void;
	/** How often each of their gateways was loaded since what the daemon learned of it was void. */
	readonly #loads = new Map<string, number>();

	constructor(fail: (sentence: string) => void) {
		this.#fail = fail;
	}

	/** The daemon, FreeSWITCH or its profile is a new one. */
	newProfile(): void {
		this.#loads.clear();
	}

	/** The room has started or ended. */
	changed(room: string): void {
		this.#loads.delete(room);
	}

	loaded(room: string, isRunning: boolean): void {
		if (this.planted.has(room) && !isRunning) {
			const loads = (this.#loads.get(room) ?? 0) + 1;
			this.#loads.set(room, loads);
			if (loads > most) {
				this.#fail(`the gateway of room ${room}, whose file is not the script's, is loaded ${loads} times`);
			}
		}
	}
}
