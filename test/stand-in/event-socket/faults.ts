/** Faults that a test can switch on for the event socket. */

/** How a connection ends: in order, or reset. */
export type Ending = "FIN" | "RST";

/** What happens to a command in place of its execution and answer. */
export type CommandFault =
	/** Executed, never answered. As in FreeSWITCH, the connection then executes nothing more and sends no events. */
	| { readonly kind: "hang" }
	/** Executed, never answered, while later commands are: from then on answers do not match commands. */
	| { readonly kind: "swallow" }
	/** Answered with another text, in a valid frame. */
	| { readonly kind: "text"; readonly text: string | ((real: string) => string) }
	/** Answered with these bytes, in place of a frame. */
	| { readonly kind: "bytes"; readonly bytes: string | Uint8Array }
	/** The connection ends before the execution, after it without an answer, or in the middle of the answer. */
	| { readonly kind: "cut"; readonly when: "before" | "after" | "middle"; readonly how: Ending }
	/** The connection stays open, without reading or writing. */
	| { readonly kind: "freeze" };

interface Rule {
	readonly pattern: RegExp;
	readonly fault: CommandFault;
	times: number;
}

export class Faults {
	/** Sent to new connections in place of FreeSWITCH's greeting; "" sends nothing. */
	greeting: string | undefined;
	/** The most bytes written at once. */
	pieces: number | undefined;
	#rules: Rule[] = [];

	/**
	 * Applies a fault to the next `times` commands that match `pattern`, such as /^api reloadxml/.
	 * @returns removes the fault
	 */
	on(pattern: RegExp, fault: CommandFault, times = Number.POSITIVE_INFINITY): () => void {
		const rule = { pattern, fault, times };
		this.#rules.push(rule);
		return () => {
			this.#rules = this.#rules.filter((other) => other !== rule);
		};
	}

	/** The fault for a command, which counts as one of its times. */
	take(command: string): CommandFault | undefined {
		const rule = this.#rules.find(({ pattern, times }) => times > 0 && pattern.test(command));
		if (rule !== undefined) {
			rule.times -= 1;
		}
		return rule?.fault;
	}
}
