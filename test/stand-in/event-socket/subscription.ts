/**
 * What one connection has asked to be told: FreeSWITCH's `event`, `nixevent`, `noevents` and `filter`, and which events pass
 * them. Without filters every event asked for passes; with filters, those that any positive one matches and no negative.
 */

import type { EventRecord } from "../freeswitch/events.ts";
import { NotModelled } from "../freeswitch/not-modelled.ts";
import { eventNames } from "./event-names.ts";

interface Filter {
	readonly header: string;
	readonly value: string;
}

export class Subscription {
	#names = new Set<string>();
	#subclasses = new Set<string>();
	#filters: Filter[] = [];
	#enabled = false;

	/** Carries out `event …`, of which `words` are the words after it, and returns the reply's text. */
	event(words: readonly string[]): string {
		const [format = ""] = words;
		if (/^(plain|xml)$/i.test(format)) {
			throw new NotModelled(`event ${format}`);
		}
		const [names, subclasses] = namesAndSubclasses(format.toLowerCase() === "json" ? words.slice(1) : words);
		if (names.length === 0) {
			return "-ERR no keywords supplied";
		}
		if (format.toLowerCase() !== "json") {
			throw new NotModelled("events in another format than json");
		}
		this.#enabled = true;
		this.#names = new Set([...this.#names, ...names]);
		this.#subclasses = new Set([...this.#subclasses, ...subclasses]);
		return "+OK event listener enabled json";
	}

	/** Carries out `nixevent …`. */
	nixEvent(words: readonly string[]): string {
		const [names, subclasses] = namesAndSubclasses(words);
		if (names.length === 0) {
			return "-ERR no keywords supplied";
		}
		for (const subclass of subclasses) {
			this.#subclasses.delete(subclass);
		}
		for (const name of names) {
			if (name === "ALL") {
				this.#names.clear();
			} else if (name !== "CUSTOM") {
				if (this.#names.delete("ALL")) {
					this.#names = new Set(eventNames);
					this.#names.delete("ALL");
				}
				this.#names.delete(name);
			}
		}
		this.#enabled = true;
		return "+OK events nixed";
	}

	/** Carries out `noevents`. */
	noEvents(): string {
		if (!this.#enabled) {
			return "-ERR not listening for events";
		}
		this.#enabled = false;
		this.#names.clear();
		this.#subclasses.clear();
		return "+OK no longer listening for events";
	}

	/** Carries out `filter …`, of which `rest` is what follows it and a space. */
	filter(rest: string): string {
		const [first, afterFirst] = splitOnce(rest.replace(/^ +/, ""));
		if (afterFirst === undefined) {
			return "-ERR invalid syntax";
		}
		const keyword = first.toLowerCase();
		const [header, value] = keyword === "delete" || keyword === "add" ? splitOnce(afterFirst) : [first, afterFirst];
		if (keyword === "delete") {
			this.#filters = this.#filters.filter(
				(filter) =>
					header.toLowerCase() !== "all" &&
					(filter.header.toLowerCase() !== header.toLowerCase() || (value !== undefined && filter.value !== value)),
			);
			return `+OK filter deleted. [${header}][${value ?? ""}]`;
		}
		this.#filters.push({ header, value: value ?? "" });
		return `+OK filter added. [${header}]=[${value ?? ""}]`;
	}

	/** Whether an event is to be sent. */
	wants(event: EventRecord): boolean {
		return this.#enabled && this.#askedFor(event) && (this.#filters.length === 0 || this.#passes(event));
	}

	#askedFor(event: EventRecord): boolean {
		const name = event["Event-Name"] ?? "";
		const subclass = event["Event-Subclass"];
		if (this.#names.has("ALL")) {
			return true;
		}
		return this.#names.has(name) && (name !== "CUSTOM" || subclass === undefined || this.#subclasses.has(subclass));
	}

	#passes(event: EventRecord): boolean {
		let send = false;
		for (const { header, value } of this.#filters) {
			const found = headerOf(event, header);
			if (found !== undefined) {
				const [, signs = "", sought = ""] = /^([+\- ]*)(.*)$/s.exec(value) ?? [];
				// The last sign counts. A filter whose first character is a slash is a regular expression.
				const positive = !signs.replaceAll(" ", "").endsWith("-");
				const matches = value.startsWith("/") ? matchesRegex(found, sought) : sameText(found, sought);
				if (matches && !positive) {
					return false;
				}
				send ||= matches;
			}
		}
		return send;
	}
}

/** Every known name up to CUSTOM; what follows that are subclasses. */
function namesAndSubclasses(words: readonly string[]): [names: string[], subclasses: string[]] {
	const upper = words.map((word) => word.toUpperCase());
	const custom = upper.indexOf("CUSTOM");
	const end = custom === -1 ? words.length : custom + 1;
	return [upper.slice(0, end).filter((name) => eventNames.has(name)), words.slice(end)];
}

function splitOnce(text: string): [first: string, rest: string | undefined] {
	const space = text.indexOf(" ");
	return space === -1 ? [text, undefined] : [text.slice(0, space), text.slice(space + 1)];
}

function headerOf(event: EventRecord, header: string): string | undefined {
	return Object.entries(event).find(([name]) => sameText(name, header))?.[1];
}

function sameText(one: string, other: string): boolean {
	return one.toLowerCase() === other.toLowerCase();
}

function matchesRegex(text: string, expression: string): boolean {
	const [, pattern, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(expression) ?? [];
	return pattern !== undefined && new RegExp(pattern, flags).test(text);
}
