/** FreeSWITCH's events: flat records of strings, which begin with the headers common to all events. */
import { changed } from "../../support/until.ts";

/** Header name to value, in the order of sending. */
export type EventRecord = Readonly<Record<string, string>>;

/** The place in FreeSWITCH's source that fires an event. */
export type FiredAt = readonly [file: string, name: string, line: number];

export class Events {
	readonly #now: () => number;
	/** This run's; also what `global_getvar core_uuid` answers. */
	readonly coreUuid: string;
	readonly #listeners = new Set<(event: EventRecord) => void>();
	#sequence = 0;

	/** @param now FreeSWITCH's time, ms since 1970 */
	constructor(now: () => number, coreUuid: string) {
		this.#now = now;
		this.coreUuid = coreUuid;
	}

	/** Passes every event to `listener`, synchronously, until the returned function is called. */
	listen(listener: (event: EventRecord) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** @param name an event's name, or a subclass (with `::` in it) of CUSTOM */
	fire(name: string, [file, caller, line]: FiredAt, fields: EventRecord): void {
		const now = this.#now();
		const date = new Date(now);
		this.#sequence += 1;
		const event: EventRecord = {
			...(name.includes("::") ? { "Event-Subclass": name, "Event-Name": "CUSTOM" } : { "Event-Name": name }),
			"Core-UUID": this.coreUuid,
			"FreeSWITCH-Hostname": "vm",
			"FreeSWITCH-Switchname": "vm",
			"FreeSWITCH-IPv4": "192.0.2.2",
			"FreeSWITCH-IPv6": "fd00::2",
			"Event-Date-Local": date.toISOString().slice(0, 19).replace("T", " "),
			"Event-Date-GMT": date.toUTCString(),
			"Event-Date-Timestamp": String(Math.round(now * 1_000)),
			"Event-Calling-File": file,
			"Event-Calling-Function": caller,
			"Event-Calling-Line-Number": String(line),
			"Event-Sequence": String(this.#sequence),
			...fields,
		};
		[...this.#listeners].forEach((listener) => listener(event));
		changed();
	}
}
