/** FreeSWITCH's events: flat records of strings, which begin with the headers common to all events. */
import type { Clock } from "../../../src/clock.ts";
import { changed } from "../../support/until.ts";

/** Header name to value, in the order of sending. */
export type EventRecord = Readonly<Record<string, string>>;

/** The place in FreeSWITCH's source that fires an event. */
export interface FiredAt {
	readonly file: string;
	readonly function: string;
	readonly line: number;
}

export class Events {
	readonly #clock: Clock;
	readonly #epoch: number;
	readonly #coreUuid: string;
	readonly #listeners = new Set<(event: EventRecord) => void>();
	#sequence = 0;

	/** @param epoch ms since 1970 when the clock shows 0 */
	constructor(clock: Clock, epoch: number, coreUuid: string) {
		this.#clock = clock;
		this.#epoch = epoch;
		this.#coreUuid = coreUuid;
	}

	/** Passes every event to `listener`, synchronously, until the returned function is called. */
	listen(listener: (event: EventRecord) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** @param name an event's name, or a subclass (with `::` in it) of CUSTOM */
	fire(name: string, at: FiredAt, fields: EventRecord): void {
		const now = this.#epoch + this.#clock.now();
		const date = new Date(now);
		this.#sequence += 1;
		const event: EventRecord = {
			...(name.includes("::") ? { "Event-Subclass": name, "Event-Name": "CUSTOM" } : { "Event-Name": name }),
			"Core-UUID": this.#coreUuid,
			"FreeSWITCH-Hostname": "vm",
			"FreeSWITCH-Switchname": "vm",
			"FreeSWITCH-IPv4": "192.0.2.2",
			"FreeSWITCH-IPv6": "fd00::2",
			"Event-Date-Local": date.toISOString().slice(0, 19).replace("T", " "),
			"Event-Date-GMT": date.toUTCString(),
			"Event-Date-Timestamp": String(Math.round(now * 1_000)),
			"Event-Calling-File": at.file,
			"Event-Calling-Function": at.function,
			"Event-Calling-Line-Number": String(at.line),
			"Event-Sequence": String(this.#sequence),
			...fields,
		};
		[...this.#listeners].forEach((listener) => listener(event));
		changed();
	}
}
