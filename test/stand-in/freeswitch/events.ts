/** FreeSWITCH's events: flat records of strings, with the headers that every event bears, in their order. */
import type { Clock } from "../../../src/clock.ts";

/** Header name to value, in the order in which it is sent. */
export type EventRecord = Readonly<Record<string, string>>;

/** Where in FreeSWITCH's source an event is fired. */
export interface FiredAt {
	readonly file: string;
	readonly function: string;
	readonly line: number;
}

export interface EventsOptions {
	readonly clock: Clock;
	/** ms since 1970 when the clock shows 0. */
	readonly epoch: number;
	readonly coreUuid: string;
	readonly hostname: string;
	readonly ipv4: string;
	readonly ipv6: string;
}

export class Events {
	readonly #options: EventsOptions;
	readonly #listeners = new Set<(event: EventRecord) => void>();
	#sequence = 0;

	constructor(options: EventsOptions) {
		this.#options = options;
	}

	/** Has every event passed to `listener`, at once and in order, until the returned function is called. */
	listen(listener: (event: EventRecord) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	/** @param name an event's name, or a subclass (with `::` in it) of CUSTOM */
	fire(name: string, at: FiredAt, fields: EventRecord): void {
		const { clock, epoch, coreUuid, hostname, ipv4, ipv6 } = this.#options;
		const now = epoch + clock.now();
		const date = new Date(now);
		this.#sequence += 1;
		const event: EventRecord = {
			...(name.includes("::") ? { "Event-Subclass": name, "Event-Name": "CUSTOM" } : { "Event-Name": name }),
			"Core-UUID": coreUuid,
			"FreeSWITCH-Hostname": hostname,
			"FreeSWITCH-Switchname": hostname,
			"FreeSWITCH-IPv4": ipv4,
			"FreeSWITCH-IPv6": ipv6,
			"Event-Date-Local": date.toISOString().slice(0, 19).replace("T", " "),
			"Event-Date-GMT": date.toUTCString(),
			"Event-Date-Timestamp": String(Math.round(now * 1_000)),
			"Event-Calling-File": at.file,
			"Event-Calling-Function": at.function,
			"Event-Calling-Line-Number": String(at.line),
			"Event-Sequence": String(this.#sequence),
			...fields,
		};
		for (const listener of [...this.#listeners]) {
			listener(event);
		}
	}
}
