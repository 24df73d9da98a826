/**
 * What must hold of a reload, whatever is broken: a gateway of a running room is taken down for it only if it was loaded with
 * old settings or bears no mark, and only while no other room is off the air for the same reason; and in the end all rooms have
 * the settings that the daemon was started with or last told to bring to them.
 */
import { isRegistered } from "../../src/freeswitch/commands.ts";
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";
import type { Bindings } from "./claims.ts";

export interface RenewalsOptions {
	readonly registrar: Bindings;
	/** That of second gateways, by which a room stays on the air. */
	readonly second: Bindings;
	/** All gateways that are loaded. */
	readonly gateways: () => readonly Gateway[];
	readonly fail: (sentence: string) => void;
}

export class Renewals {
	readonly #options: RenewalsOptions;
	/** The number of the settings that all rooms are to have. */
	#wanted = 0;
	/** The number of those that the daemon was told to bring to them by a reload. */
	#asked = 0;
	/** Running rooms that were registered, were taken down and are not back. */
	readonly #takenDown = new Set<string>();
	/** The rooms that were registered in the last list that the daemon has seen. */
	#listed: ReadonlySet<string> = new Set();

	constructor(options: RenewalsOptions) {
		this.#options = options;
	}

	/** The daemon is told to bring new settings to all rooms. */
	asked(settings: number): void {
		this.#asked = settings;
		this.#wanted = settings;
	}

	/** The daemon's process is a new one, which was started with these settings. */
	forgotten(settings: number): void {
		this.#wanted = settings;
		this.#asked = 0;
		this.#takenDown.clear();
	}

	ended(room: string): void {
		this.#takenDown.delete(room);
	}

	/** The registrar has lost its bindings, which the daemon cannot know. */
	bindingsLost(): void {
		this.#takenDown.clear();
	}

	/** The rooms that FreeSWITCH lists as registered now. */
	get registered(): ReadonlySet<string> {
		const up = this.#options.gateways().filter(({ deleted, state }) => !deleted && isRegistered(state));
		return new Set(up.map(({ name }) => name.slice("conf_".length)));
	}

	listed(registered: ReadonlySet<string>): void {
		this.#listed = registered;
		this.#forgetThoseBack();
	}

	/** Whether a gateway of the room has old settings, or none that FreeSWITCH lists; all of them are renewed together. */
	isOld(room: string): boolean {
		const all = this.#options
			.gateways()
			.filter(({ name }) => name === `conf_${room}` || name.startsWith(`conf_${room}.`));
		return all.some((gateway) => !isMarked(gateway) || settingsOf(gateway) < this.#wanted);
	}

	/**
	 * A gateway of a running room is killed. Returns whether that may be for the sake of new settings.
	 * @param wasOld whether it was to be renewed when the command was sent
	 * @param current whether the command's connection still exists; the daemon cannot call back a command of an earlier one
	 */
	killed(room: string, current: boolean, wasOld: boolean): boolean {
		if (!wasOld && !this.isOld(room)) {
			return false;
		}
		this.#forgetThoseBack();
		for (const other of this.#takenDown) {
			const isOffAir = this.#options.second.bindingsOf(other).length === 0;
			if (current && other !== room && isOffAir && this.#listed.has(room)) {
				this.#options.fail(
					`the daemon takes room ${room} down for new settings while room ${other} is off the air for them`,
				);
			}
		}
		if (this.#listed.has(room)) {
			this.#takenDown.add(room);
		}
		return true;
	}

	/** A room that has come back may be lost again later, for other reasons. */
	#forgetThoseBack(): void {
		const { registered } = this;
		for (const room of this.#takenDown) {
			if (this.#options.registrar.bindingsOf(room).length > 0 && registered.has(room)) {
				this.#takenDown.delete(room);
			}
		}
	}

	/** All is as it should be, for these rooms. */
	rest(rooms: readonly string[]): void {
		for (const room of rooms) {
			const gateway = this.#gatewayOf(room);
			// A daemon that has seen no mark yet does not know whether the script writes any.
			const wanted = gateway !== undefined && isMarked(gateway) ? this.#wanted : this.#asked;
			if (gateway !== undefined && settingsOf(gateway) < wanted) {
				this.#options.fail(`everything is at rest and room ${room} has old settings`);
			}
		}
	}

	#gatewayOf(room: string): Gateway | undefined {
		return this.#options.gateways().find(({ name, deleted }) => name === `conf_${room}` && !deleted);
	}
}

/** Whether FreeSWITCH lists with which settings it was loaded. */
function isMarked({ settings }: Gateway): boolean {
	return /^sip:[^@:]*:[^@]*@/.test(settings.to);
}

/** The password of a gateway stands for all of its settings. */
function settingsOf({ settings }: Gateway): number {
	return Number(/^settings (\d+)$/.exec(settings.password)?.[1] ?? 0);
}
