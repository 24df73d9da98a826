/**
 * The subscription of one connection: FreeSWITCH's `event json` and `filter`. Without filters all subscribed events pass; with
 * filters, those that match any of them.
 */
import type { EventRecord } from "../freeswitch/events.ts";
import { NotModelled } from "../freeswitch/not-modelled.ts";

export class Subscription {
	readonly #names = new Set<string>();
	readonly #subclasses = new Set<string>();
	readonly #filters: (readonly [header: string, value: string])[] = [];

	/** Carries out `event json WORDS` and returns the reply's text. */
	event(words: readonly string[]): string {
		// Everything after CUSTOM is a subclass.
		const custom = words.indexOf("CUSTOM");
		const names = custom === -1 ? words : words.slice(0, custom + 1);
		names.forEach((name) => this.#names.add(name));
		words.slice(names.length).forEach((subclass) => this.#subclasses.add(subclass));
		return "+OK event listener enabled json";
	}

	/** Carries out `filter HEADER VALUE` and returns the reply's text. */
	filter(header: string, value: string): string {
		if (header === "add" || header === "delete" || /^[+\-/ ]/.test(value)) {
			throw new NotModelled(`filter ${header} ${value}`);
		}
		this.#filters.push([header, value]);
		return `+OK filter added. [${header}]=[${value}]`;
	}

	/** Whether an event passes. */
	wants(event: EventRecord): boolean {
		const subclass = event["Event-Subclass"];
		const name = event["Event-Name"] ?? "";
		const asked = subclass === undefined ? this.#names.has(name) : this.#subclasses.has(subclass);
		const passes = this.#filters.length === 0 || this.#filters.some(([header, value]) => event[header] === value);
		return (asked || this.#names.has("ALL")) && passes;
	}
}
