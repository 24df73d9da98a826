/**
 * FreeSWITCH's conferences. A conference is in the list before its create event, and out of it before its destroy event. In
 * between, a new conference of that name can be created (recording 15).
 */

import { changed } from "../../support/until.ts";
import type { EventRecord, Events, FiredAt } from "./events.ts";
import { defaultIp } from "./gateway-settings.ts";
import type { Random } from "./random.ts";

/** Caller id of somebody in a conference. */
interface Caller {
	readonly name: string;
	readonly number: string;
}

export interface Member extends Caller {
	readonly id: number;
	readonly uuid: string;
	/** FreeSWITCH's seconds. */
	readonly joinedAt: number;
}

export interface Conference {
	readonly name: string;
	readonly uuid: string;
	/** FreeSWITCH's seconds. */
	readonly startedAt: number;
	/** Newest first. */
	members: readonly Member[];
}

interface ConferencesOptions {
	readonly events: Events;
	readonly random: Random;
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
}

const somebody: Caller = { name: "Outbound Call", number: "default" };

export class Conferences {
	readonly #options: ConferencesOptions;
	readonly #running = new Map<string, Conference>();
	#lastMember = 0;

	constructor(options: ConferencesOptions) {
		this.#options = options;
	}

	/** The listed conferences, oldest first; FreeSWITCH lists in the order of a hash table. */
	get running(): readonly Conference[] {
		return [...this.#running.values()];
	}

	get(name: string): Conference | undefined {
		return this.#running.get(name);
	}

	/**
	 * Starts a conference: lists it, fires its create event, lets the callers in.
	 * @throws Error if one of that name is running
	 */
	create(name: string, callers: readonly Caller[] = [somebody]): Conference {
		if (this.#running.has(name)) {
			throw new Error(`conference ${name} is running`);
		}
		const { random, seconds } = this.#options;
		const conference: Conference = { name, uuid: random.uuid(), startedAt: seconds(), members: [] };
		this.#running.set(name, conference);
		this.#fire(conference, ["mod_conference.c", "conference_new", 3848], { Action: "conference-create" });
		callers.forEach((caller) => this.join(name, caller));
		return conference;
	}

	join(name: string, caller: Caller = somebody): void {
		const { random, seconds } = this.#options;
		const conference = this.#find(name);
		this.#lastMember += 1;
		const member: Member = { ...caller, id: this.#lastMember, uuid: random.uuid(), joinedAt: seconds() };
		conference.members = [member, ...conference.members];
		this.#fireMember(conference, ["conference_member.c", "conference_member_add", 962], member, "add-member");
	}

	/** The newest member starts and stops talking: two events that subscribers filter out. */
	talk(name: string): void {
		const conference = this.#find(name);
		const [member] = conference.members;
		if (member !== undefined) {
			const at = ["conference_loop.c", "conference_loop_input"] as const;
			this.#fireMember(conference, [...at, 1156], member, "start-talking");
			this.#fireMember(conference, [...at, 796], member, "stop-talking");
		}
	}

	/** Ends a conference and fires its destroy event. */
	destroy(name: string): void {
		this.unlist(name)();
	}

	/**
	 * Ends a conference without its destroy event.
	 * @returns fires its destroy event
	 */
	unlist(name: string): () => void {
		const conference = this.#find(name);
		this.#running.delete(name);
		conference.members = [];
		changed();
		return () =>
			this.#fire(conference, ["mod_conference.c", "conference_thread_run", 863], { Action: "conference-destroy" });
	}

	#find(name: string): Conference {
		const conference = this.#running.get(name);
		if (conference === undefined) {
			throw new Error(`conference ${name} is not running`);
		}
		return conference;
	}

	#fireMember(conference: Conference, at: FiredAt, { uuid, name, number, id }: Member, action: string): void {
		this.#fire(conference, at, {
			"Unique-ID": uuid,
			"Caller-Caller-ID-Name": name,
			"Caller-Caller-ID-Number": number,
			"Member-ID": String(id),
			"Member-Type": "member",
			Action: action,
		});
	}

	#fire({ name, uuid, members }: Conference, at: FiredAt, fields: EventRecord): void {
		this.#options.events.fire("conference::maintenance", at, {
			"Conference-Name": name,
			"Conference-Domain": defaultIp,
			"Conference-Size": String(members.length),
			"Conference-Ghosts": "0",
			"Conference-Profile-Name": "default",
			"Conference-Unique-ID": uuid,
			...fields,
		});
	}
}
