/** Which commands, events and runs of the script something befalls; each thing is asked for when its time has come. */
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import type { CommandFault, CommandKind, Deed, ScriptFault } from "./schedule.ts";

type DeedOf<Name extends Deed["do"]> = Extract<Deed, { do: Name }>;

const patterns: Readonly<Record<CommandKind, RegExp>> = {
	any: /^/,
	conferences: /^conference/,
	gateways: /jsonstatus$/,
	reloadxml: /^reloadxml/,
	killgw: /killgw/,
	rescan: /rescan$/,
	register: / register /,
	version: /^version/,
};

/** What befalls a run of the script; `takes` is in ms, where the fault is that it is slow. */
interface ScriptFate {
	readonly fault: ScriptFault;
	readonly takes: number;
}

export class SimulatedFaults {
	/** Asked at every run of the script, before what was added is drawn upon. */
	scriptFate: (
		room: string,
		action: "write" | "remove",
	) => (Partial<ScriptFate> & Pick<ScriptFate, "fault">) | undefined = () => undefined;
	#commands: { readonly pattern: RegExp; nth: number; readonly fault: CommandFault }[] = [];
	#events: { readonly deed: DeedOf<"events">; left: number }[] = [];
	#scripts: { readonly deed: DeedOf<"script">; left: number }[] = [];

	add(deed: DeedOf<"command"> | DeedOf<"events"> | DeedOf<"script">): void {
		switch (deed.do) {
			case "command":
				this.#commands.push({ pattern: patterns[deed.kind], nth: deed.nth, fault: deed.fault });
				break;
			case "events":
				this.#events.push({ deed, left: deed.count });
				break;
			case "script":
				this.#scripts.push({ deed, left: deed.runs });
		}
	}

	ofCommand(command: string): CommandFault | undefined {
		for (const armed of this.#commands) {
			if (armed.pattern.test(command)) {
				armed.nth -= 1;
			}
		}
		const due = this.#commands.find(({ nth }) => nth <= 0);
		this.#commands = this.#commands.filter(({ nth }) => nth > 0);
		return due?.fault;
	}

	ofEvent(event: EventRecord): DeedOf<"events"> | undefined {
		const kind = event["Event-Subclass"] === "conference::maintenance" ? "conferences" : "gateways";
		const found = this.#events.find(({ deed, left }) => left > 0 && (deed.of === "all" || deed.of === kind));
		if (found !== undefined) {
			found.left -= 1;
		}
		return found?.deed;
	}

	ofScript(room: string, action: "write" | "remove"): ScriptFate | undefined {
		const fate = this.scriptFate(room, action);
		if (fate !== undefined) {
			return { takes: 0, ...fate };
		}
		const found = this.#scripts.find(({ deed, left }) => left > 0 && (deed.room ?? room) === room);
		if (found !== undefined) {
			found.left -= 1;
		}
		return found?.deed;
	}

	clear(): void {
		this.#commands = [];
		this.#events = [];
		this.#scripts = [];
	}
}

const garbage = { text: "\u0000\uFFFD}{", empty: "", error: "-ERR no reply\n" };

/** An answer of which nobody can make anything, in one of several ways. */
export function garbled(answer: string, how: "text" | "half" | "empty" | "error"): string {
	// Half of whole lines would be a good answer, that only says less; no FreeSWITCH sends that, since it tells the length first.
	return how === "half" ? answer.slice(0, answer.trim().length / 2).trimEnd() : garbage[how];
}

/** What a fault does to a command, as the end of a sentence. */
export function wordsFor(fault: CommandFault): string {
	switch (fault.kind) {
		case "cut":
			return `is ${fault.when === "before" ? "not " : ""}carried out, and the connection ends before an answer`;
		case "half open":
			return "goes nowhere: the connection is half open from here on";
		case "unanswered":
			return `is ${fault.done ? "" : "not "}carried out, and never answered`;
		case "late":
			return `is answered ${fault.ms} ms late${fault.done === "late" ? ", and carried out only then" : ""}`;
		case "garbled":
			return `is carried out, and its answer garbled (${fault.how})`;
	}
}
