/**
 * What must hold at every moment of a simulation. Claims only look on; the first one that is broken is kept.
 *
 * At any time, whatever is broken:
 * - No killgw for a running room that the daemon has been told of, by a create event or a list, before it sent the command.
 *   It cannot know what it is told later. An old destroy event, a cut and a garbled list are no excuse; new settings
 *   are one, by the rules of renewals.ts.
 * - Nothing is done to gateways and snippets that are not rooms', and FreeSWITCH is told nothing but the known commands.
 * - No rescan after a reloadxml that did not succeed: it could bring back what was killed.
 * - No rescan loads a snippet that was written although the daemon had seen the room's old gateway dying (the race).
 * - A daemon never runs two scripts for one room at once, however long one cannot be ended (scripts.ts).
 * - No storms: a pass has at most one reloadxml and one rescan, and one command for each gateway; passes, runs of the
 *   script and tries to connect are no more frequent than their back-offs allow.
 * What must hold while nothing is broken is in promptness.ts, whose rooms a node may register in ownership.ts, and how much may
 * be done in storms.ts.
 */
import type { Clock } from "../../src/clock.ts";
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import type { FreeSwitch } from "../stand-in/freeswitch/freeswitch.ts";
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";
import type { Registrar } from "../stand-in/registrar/registrar.ts";
import { Comebacks } from "./comebacks.ts";
import type { SimulatedDirectory } from "./directory.ts";
import { Ownership } from "./ownership.ts";
import { Promptness } from "./promptness.ts";
import { Renewals } from "./renewals.ts";
import { Storms } from "./storms.ts";

/** A running conference. */
interface Life {
	readonly uuid: string;
	/** Whether the daemon has been told of it. */
	known: boolean;
}

/** A command on its way, with what the daemon knew when it sent it. */
export interface Sent {
	readonly command: string;
	/** The room whose gateway it names, if any. */
	readonly room: string | undefined;
	/** The conference of that room, if it ran and the daemon knew of it. */
	readonly knownLife: string | undefined;
	/** Whether its gateways were to be renewed. */
	readonly wasOld: boolean;
	/** Whether the last reloadxml had succeeded. */
	readonly reloaded: boolean;
	/** Whether its connection still exists: FreeSWITCH may carry out commands of one that has ended. */
	readonly current: () => boolean;
}

/** What a list held when FreeSWITCH made it. */
export interface Listed {
	readonly lives: readonly string[];
	/** `dying`: by room, killed gateways without another beside them. `registered`: rooms with a registered gateway. */
	readonly gateways:
		| { readonly dying: ReadonlyMap<string, Gateway>; readonly registered: ReadonlySet<string> }
		| undefined;
}

/** The bindings that lead to a node. */
export type Bindings = Pick<Registrar, "bindingsOf">;

export interface ClaimsOptions {
	readonly clock: Clock;
	readonly directory: SimulatedDirectory;
	readonly registrar: Bindings;
	/** Those of the registrar of second gateways. */
	readonly second: Bindings;
	/** The node's, if there are several. */
	readonly name: string;
	readonly freeswitch: () => FreeSwitch;
	/** ms */
	readonly linger: number;
	/** The users of gateways that are not rooms'. */
	readonly foreign: readonly string[];
	/** Whether claims are let alone. */
	readonly isCounting: boolean;
	/** Whether a room runs on another node. */
	readonly runsElsewhere: (room: string) => boolean;
	/** Called when a claim is broken. */
	readonly broken: () => void;
}

const known =
	/^(version|global_getvar core_uuid|conference (?:list summary|json_list compact)|sofia jsonstatus|reloadxml|sofia profile external (rescan|(killgw|register|unregister) conf_(?<room>\d+)(\.[2-9])?))$/;

export class Claims {
	/** The first claim that did not hold, as a sentence. */
	failure: string | undefined;
	readonly storms: Storms;
	readonly promptness: Promptness;
	readonly renewals: Renewals;
	readonly ownership: Ownership;
	readonly comebacks: Comebacks;
	readonly #options: ClaimsOptions;
	readonly #lives = new Map<string, Life>();
	/** Gateways that the daemon has seen dying, by room. */
	#dying = new Map<string, Gateway>();
	/** Those whose rooms' snippets were written all the same. */
	readonly #raced = new Map<string, Gateway>();
	/** Rooms whose gateways were about to register when they were last listed. */
	#shownNew: ReadonlySet<string> = new Set();
	#reloaded = true;
	/** The last command. */
	#last: Sent | undefined;
	/** How many connections have ended. */
	#connections = 0;

	constructor(options: ClaimsOptions) {
		this.#options = options;
		this.storms = new Storms(options.clock, (sentence) => this.fail(sentence));
		this.promptness = new Promptness(options, (sentence) => this.fail(sentence));
		this.ownership = new Ownership({
			...options,
			isCalm: () => this.promptness.isCalm,
			fail: (sentence) => this.fail(sentence),
		});
		this.comebacks = new Comebacks((sentence) => this.fail(sentence));
		this.renewals = new Renewals({
			...options,
			gateways: () => gateways(options.freeswitch()),
			fail: (sentence) => this.fail(sentence),
		});
	}

	fail(sentence: string): void {
		if (this.failure === undefined && !this.#options.isCounting) {
			const where = this.#options.name === "" ? "" : `${this.#options.name}: `;
			this.failure = `at ${(this.#options.clock.now() / 1_000).toFixed(3)} s ${where}${sentence}`;
			this.#options.broken();
		}
	}

	get running(): string[] {
		return [...this.#lives.keys()].sort();
	}

	runs(room: string): boolean {
		return this.#lives.has(room);
	}

	/** Another node REGISTERs a room. */
	robbed(room: string): void {
		this.promptness.robbed(room);
		this.renewals.ended(room);
	}

	/** FreeSWITCH fires an event, which may not reach the daemon. */
	fired(event: EventRecord): void {
		if (event["Action"] === "conference-create") {
			const room = event["Conference-Name"] ?? "";
			this.#lives.set(room, { uuid: event["Conference-Unique-ID"] ?? "", known: false });
			this.promptness.started(
				room,
				gateways(this.#options.freeswitch()).filter(({ name }) => name === `conf_${room}`),
			);
			this.ownership.started(room);
			this.comebacks.changed(room);
			this.storms.newCause(room);
		}
		if (event["Event-Subclass"] === "sofia::gateway_add") {
			const room = (event["Gateway"] ?? "").slice("conf_".length);
			this.comebacks.loaded(room, this.runs(room));
		}
		this.promptness.fired(event);
	}

	ended(room: string): void {
		this.#lives.delete(room);
		this.promptness.ended(room);
		this.ownership.ended(room);
		this.comebacks.changed(room);
		this.renewals.ended(room);
		this.storms.newCause(room);
	}

	/** FreeSWITCH is gone. */
	allEnded(): void {
		for (const room of this.running) {
			this.ended(room);
		}
		this.#dying.clear();
		this.comebacks.newProfile();
	}

	/** The daemon's process is a new one, with these settings of its script. */
	forgotten(settings: number): void {
		for (const life of this.#lives.values()) {
			life.known = false;
		}
		this.renewals.forgotten(settings);
		this.comebacks.newProfile();
		this.disconnected();
		this.#dying.clear();
	}

	/** The daemon is told to bring new settings to all rooms. */
	reloads(settings: number): void {
		this.renewals.asked(settings);
		for (const room of this.running) {
			this.storms.newCause(room);
		}
	}

	/** The daemon has no connection any more. */
	disconnected(): void {
		this.#connections += 1;
	}

	told(event: EventRecord): void {
		const life = this.#lives.get(event["Conference-Name"] ?? "");
		const isItsCreation = event["Action"] === "conference-create" && life?.uuid === event["Conference-Unique-ID"];
		if (life !== undefined && isItsCreation) {
			life.known = true;
		}
		if (event["Event-Subclass"] === "sofia::gateway_delete") {
			this.#dying.delete((event["Gateway"] ?? "").slice("conf_".length));
		}
	}

	sent(command: string): Sent {
		const match = known.exec(command);
		if (match === null) {
			this.fail(`FreeSWITCH is told "${command}"`);
		}
		const room = match?.groups?.["room"];
		if (room !== undefined && this.#options.foreign.includes(room)) {
			this.fail(`the daemon touches a gateway that is no room's: "${command}"`);
		}
		if (command.endsWith("rescan") && !this.#reloaded) {
			this.fail("the daemon rescans although reloadxml did not succeed");
		}
		this.storms.sent(command);
		const life = room === undefined ? undefined : this.#lives.get(room);
		const connections = this.#connections;
		// The gateways of a room are killed together, by what was known before the first.
		const isNext = command.includes("killgw") && this.#last?.command.includes("killgw") && this.#last.room === room;
		this.#last = {
			command,
			room,
			knownLife: isNext ? this.#last?.knownLife : life?.known === true ? life.uuid : undefined,
			wasOld: room !== undefined && this.renewals.isOld(room),
			reloaded: this.#reloaded,
			current: () => connections === this.#connections,
		};
		return this.#last;
	}

	/** FreeSWITCH has carried out a command. Returns what it lists. */
	carriedOut(sent: Sent, answer: string): Listed {
		const { command, room } = sent;
		const loaded = gateways(this.#options.freeswitch());
		if (room !== undefined && command.includes("killgw") && answer.startsWith("+OK")) {
			this.#kills(room, sent);
		}
		if (command.endsWith("jsonstatus")) {
			const isNew = loaded.filter(({ deleted, state }) => !deleted && state === "UNREGED");
			this.#shownNew = new Set(isNew.map(({ name }) => name.slice("conf_".length)));
		}
		if (command.endsWith("rescan")) {
			for (const [raced, gateway] of this.#raced) {
				if (loaded.includes(gateway) && this.#options.directory.has(raced)) {
					this.fail(`the daemon loads conf_${raced} while an older gateway of that name is dying`);
				}
			}
		}
		return {
			lives: command.startsWith("conference") ? [...this.#lives.values()].map(({ uuid }) => uuid) : [],
			gateways: command.endsWith("jsonstatus")
				? { dying: dyingAmong(loaded), registered: this.renewals.registered }
				: undefined,
		};
	}

	#kills(room: string, { knownLife, wasOld, reloaded, current }: Sent): void {
		if (knownLife !== undefined && this.#lives.get(room)?.uuid === knownLife) {
			if (this.renewals.killed(room, current(), wasOld)) {
				if (!reloaded) {
					this.fail(`the daemon takes room ${room} down although FreeSWITCH cannot load what should come after it`);
				}
				this.promptness.renewed(room);
			} else {
				this.fail(`the daemon kills the gateway of room ${room}, which it knows to be running`);
			}
		}
		this.promptness.killed(room, this.#shownNew.has(room));
	}

	/** An answer has come, whole and in time. */
	answered(command: string, answer: string, { lives, gateways }: Listed): void {
		for (const life of this.#lives.values()) {
			life.known ||= lives.includes(life.uuid);
		}
		if (gateways !== undefined) {
			this.renewals.listed(gateways.registered);
			this.#dying = new Map(gateways.dying);
		}
		if (command === "reloadxml") {
			this.#reloaded = answer.includes("[Success]");
		}
	}

	scriptStarted(room: string, action: "write" | "remove"): void {
		if (this.#options.foreign.includes(room)) {
			this.fail(`the script is run for ${room}, which is no room`);
		}
		const dying = this.#dying.get(room);
		if (action === "write" && dying !== undefined) {
			this.#raced.set(room, dying);
		}
		this.storms.scriptStarted(room);
	}
}

function gateways(freeswitch: FreeSwitch): readonly Gateway[] {
	return freeswitch.alive ? (freeswitch.sofia.profile("external")?.gateways ?? []) : [];
}

function dyingAmong(loaded: readonly Gateway[]): Map<string, Gateway> {
	const alive = new Set(loaded.filter(({ deleted }) => !deleted).map(({ name }) => name));
	const dying = loaded.filter(({ name }) => !alive.has(name));
	return new Map(dying.map((gateway) => [gateway.name.slice("conf_".length), gateway]));
}
