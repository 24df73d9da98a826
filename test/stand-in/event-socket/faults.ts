/** What a test can have go wrong on the event socket. Nothing does unless it is asked for. */
import type { EventRecord } from "../freeswitch/events.ts";

/** How a connection ends: in order, or torn down. */
export type Ending = "FIN" | "RST";

/** What happens to a command instead of its being carried out and answered. */
export type CommandFault =
	/** Never answered; as in FreeSWITCH the connection carries out nothing more and sends no events meanwhile. */
	| { readonly kind: "hang"; readonly run?: boolean }
	/** Carried out and never answered, while later commands are: from now on answers do not match questions. */
	| { readonly kind: "swallow" }
	/** Answered `ms` late. */
	| { readonly kind: "late"; readonly ms: number }
	/** Answered with another text, in a sound frame. */
	| { readonly kind: "text"; readonly text: string | ((real: string) => string) }
	/** Answered with these bytes in place of a frame. */
	| { readonly kind: "bytes"; readonly bytes: string | Uint8Array }
	/** The connection ends: before the command is carried out, after that but unanswered, or in the middle of the answer. */
	| { readonly kind: "cut"; readonly when: "before" | "after" | "middle"; readonly how: Ending }
	/** The connection stays open and nothing is read or written any more. */
	| { readonly kind: "freeze" };

/** What happens to an event that a connection is to be sent. */
export type EventFate = "send" | "drop" | "double" | { readonly delay: number };

interface Rule {
	readonly pattern: RegExp;
	readonly fault: CommandFault;
	times: number;
}

export class Faults {
	/** What is sent to who connects; undefined for FreeSWITCH's greeting, "" for nothing. */
	greeting: string | Uint8Array | undefined;
	/** At most so many bytes are written at once. */
	pieces: number | undefined;
	/** Asked for every event and connection. */
	fate: (event: EventRecord) => EventFate = () => "send";
	#rules: Rule[] = [];

	/**
	 * Has a fault befall the commands whose whole text matches `pattern`, such as /^api reloadxml/, `times` times.
	 * @returns takes it back
	 */
	on(pattern: RegExp, fault: CommandFault, times = Number.POSITIVE_INFINITY): () => void {
		const rule = { pattern, fault, times };
		this.#rules.push(rule);
		return () => {
			this.#rules = this.#rules.filter((other) => other !== rule);
		};
	}

	/** The fault for a command that has come, which is used up by that. */
	take(command: string): CommandFault | undefined {
		const rule = this.#rules.find(({ pattern, times }) => times > 0 && pattern.test(command));
		if (rule !== undefined) {
			rule.times -= 1;
		}
		return rule?.fault;
	}

	/** From now on nothing goes wrong. */
	clear(): void {
		this.greeting = undefined;
		this.pieces = undefined;
		this.fate = () => "send";
		this.#rules = [];
	}
}
