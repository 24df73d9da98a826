/** The gateways that FreeSWITCH has for one room, by their names: mostly one, and a further one for each further registrar. */
import {
	isAboutToRegister,
	isLeaving,
	isRegistered,
	isTrying,
	type ListedGateway,
	neverRegisters,
} from "../freeswitch/commands.ts";
import type { RoomFacts } from "./plan.ts";

type Kind = Exclude<RoomFacts["gateway"], "none">;

interface Sight {
	readonly kind: Kind;
	/** Whether it REGISTERs at the next tick, unless that is prevented. */
	readonly isNew: boolean;
	/** Whether it is one that REGISTERs, and whether the registrar has accepted it. */
	readonly registers: boolean;
	readonly isRegistered: boolean;
}

/** The kind of several gateways is that of the one which restricts most what may be done. */
const restrictive: readonly Kind[] = ["doubled", "trying", "dying", "new", "up"];

/** ms; FreeSWITCH un-REGISTERs a killed gateway at its next tick and deletes it one tick later. */
export const tick = 1_000;

export class RoomGateways {
	/** Those that a running room must have: the one that every room has, and what its snippet has brought besides. */
	readonly #expected: Set<string>;
	readonly #sights = new Map<string, Sight>();
	/** Those that were listed last, were not on their way out, and have not been killed since. */
	#stood = new Set<string>();
	/** Those whose binding the registrar may have lost, although FreeSWITCH calls them registered. */
	readonly #raced = new Set<string>();
	/** Those that were told to register: an answer may be out although they are about to REGISTER. */
	readonly #pending = new Set<string>();
	/** When each was killed, in ms on the clock; it is listed until FreeSWITCH has deleted it. */
	readonly #killed = new Map<string, number>();

	/** @param first the name of the gateway that every room has */
	constructor(first: string) {
		this.#expected = new Set([first]);
	}

	get kind(): RoomFacts["gateway"] {
		const kinds = [...this.#sights.values()].map(({ kind }) => kind);
		return restrictive.find((kind) => kinds.includes(kind)) ?? "none";
	}

	get names(): string[] {
		return [...this.#sights.keys()];
	}

	/** Whether one is missing that its snippet should bring. */
	get isIncomplete(): boolean {
		return [...this.#expected].some((name) => !this.#sights.has(name));
	}

	get raced(): boolean {
		return this.#raced.size > 0;
	}

	/**
	 * Those that FreeSWITCH has not been told to delete, or not lately: a killed one is gone after two ticks, so what is listed then is
	 * another one of its name.
	 */
	unkilled(now: number): string[] {
		return this.names.filter((name) => now >= (this.#killed.get(name) ?? Number.NEGATIVE_INFINITY) + 3 * tick);
	}

	/** Those that REGISTER at the next tick, for the first time or for a refresh. */
	get aboutToRegister(): string[] {
		return [...this.#sights].filter(([name, { isNew }]) => isNew && !this.#killed.has(name)).map(([name]) => name);
	}

	/** Those that are to be told to register: un-registered, or without a sure binding. */
	get unsure(): string[] {
		return this.names.filter((name) => this.#raced.has(name) || this.isDying(name));
	}

	isDying(name: string): boolean {
		return this.#sights.get(name)?.kind === "dying";
	}

	/** Whether FreeSWITCH has last listed it as registered. */
	isRegistered(name: string): boolean {
		return this.#sights.get(name)?.isRegistered === true;
	}

	/** Those that would REGISTER again by themselves. */
	get registering(): string[] {
		return [...this.#sights].filter(([, { kind, registers }]) => registers && kind !== "dying").map(([name]) => name);
	}

	/** Whether the room's registrations are as good as they can be. */
	get isSettled(): boolean {
		const sights = [...this.#sights.values()];
		return !this.raced && sights.some(({ registers, isRegistered }) => isRegistered || !registers);
	}

	/** @returns whether one came that was not there before, or has been killed since */
	observe(listed: readonly ListedGateway[]): boolean {
		const staying = new Set(listed.filter(({ state }) => !isLeaving(state)).map(({ name }) => name));
		const came = [...staying].some((name) => !this.#stood.has(name));
		this.#stood = staying;
		const names = new Set(listed.map(({ name }) => name));
		for (const gone of this.names.filter((name) => !names.has(name))) {
			this.#sights.delete(gone);
			this.#pending.delete(gone);
			this.#killed.delete(gone);
		}
		for (const name of [...this.#raced].filter((name) => !names.has(name))) {
			this.#raced.delete(name);
		}
		for (const name of names) {
			this.#see(
				name,
				listed.filter((gateway) => gateway.name === name),
			);
		}
		return came;
	}

	#see(name: string, listed: readonly ListedGateway[]): void {
		const states = listed.map(({ state }) => state);
		const staying = states.filter((state) => !isLeaving(state));
		const wasDying = this.isDying(name);
		const registers = !states.some(neverRegisters);
		if (!staying.every((state) => isTrying(state) || isAboutToRegister(state))) {
			this.#pending.delete(name);
		}
		const kind = this.#kindOf(name, staying, states.length);
		if (kind !== "dying") {
			this.#killed.delete(name);
			if (registers && (kind === "doubled" || wasDying)) {
				this.#raced.add(name);
			} else if (!registers) {
				this.#raced.delete(name);
			}
		}
		const isNew = staying.some(isAboutToRegister) && !this.#pending.has(name);
		this.#sights.set(name, { kind, isNew, registers, isRegistered: staying.some(isRegistered) });
	}

	#kindOf(name: string, staying: readonly string[], all: number): Kind {
		if (staying.length === 0) {
			return "dying";
		}
		if (staying.length < all) {
			return "doubled";
		}
		if (staying.some(isTrying) || (this.#pending.has(name) && staying.some(isAboutToRegister))) {
			return "trying";
		}
		return staying.some(isAboutToRegister) ? "new" : "up";
	}

	/**
	 * One was added or deleted. One that is there after a deletion without having been added since was there before: the deleted
	 * one's un-REGISTER may have taken its binding away. One that comes unexpectedly may have been loaded from an old file, by a
	 * rescan that an earlier connection or daemon had asked for.
	 */
	cameOrWent(name: string, event: "gateway-added" | "gateway-deleted"): void {
		if (event === "gateway-deleted") {
			this.#raced.add(name);
			return;
		}
		this.#raced.delete(name);
		if (!this.#sights.has(name)) {
			this.#sights.set(name, { kind: "new", isNew: true, registers: true, isRegistered: false });
		}
	}

	/** FreeSWITCH has loaded what there is in the snippet, of which those that are missing could not take any binding away. */
	loaded(): void {
		const [first = ""] = this.#expected;
		for (const name of this.#expected) {
			if (name !== first) {
				this.#expected.delete(name);
			}
			if (!this.#sights.has(name)) {
				this.#raced.delete(name);
			}
		}
	}

	/** All that are listed come from the snippet that lies there. */
	expectListed(): void {
		for (const name of this.#sights.keys()) {
			this.#expected.add(name);
		}
	}

	/** The registrar may have lost their bindings. */
	distrust(): void {
		for (const name of this.registering) {
			this.#raced.add(name);
		}
	}

	killed(name: string, now: number): void {
		this.#stood.delete(name);
		this.#killed.set(name, now);
	}

	/** It was told to un-register, and to stay loaded. */
	unregistered(name: string): void {
		this.#sights.set(name, { kind: "dying", isNew: false, registers: true, isRegistered: false });
	}

	/** It was told to register again: it waits for an answer, and no dying one can harm it any more. */
	registeredAnew(name: string): void {
		this.#raced.delete(name);
		this.#pending.add(name);
		this.#sights.set(name, { kind: "trying", isNew: false, registers: true, isRegistered: false });
	}
}
