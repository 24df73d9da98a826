/**
 * FreeSWITCH's conferences. A conference is listed before its create event is fired, and out of the list before its destroy
 * event is, which may take its time: meanwhile a new conference of that name can be created (recording 15).
 */

import { changed } from "../../support/until.ts";
import type { EventRecord, Events } from "./events.ts";
import type { Random } from "./random.ts";

/** Somebody in a conference, by what they call themselves. */
export interface Caller {
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
	readonly members: readonly Member[];
	/** The file that it is recorded into. */
	recordedInto: string | undefined;
}

export interface ConferencesOptions {
	readonly events: Events;
	readonly random: Random;
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
	readonly domain: string;
}

interface RunningConference extends Conference {
	members: readonly Member[];
}

const somebody: Caller = { name: "Outbound Call", number: "default" };

export class Conferences {
	readonly #options: ConferencesOptions;
	readonly #running = new Map<string, RunningConference>();
	#lastMember = 0;

	constructor(options: ConferencesOptions) {
		this.#options = options;
	}

	/** What is listed, in the order of its coming; FreeSWITCH lists in the order of a hash table. */
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
		const conference: RunningConference = {
			name,
			uuid: random.uuid(),
			startedAt: seconds(),
			members: [],
			recordedInto: undefined,
		};
		this.#running.set(name, conference);
		const at = { file: "mod_conference.c", function: "conference_new", line: 3848 };
		this.#fire(conference, at, { Action: "conference-create" });
		for (const caller of callers) {
			this.join(name, caller);
		}
		changed();
		return conference;
	}

	join(name: string, caller: Caller = somebody): void {
		const conference = this.#find(name);
		this.#lastMember += 1;
		const member: Member = {
			...caller,
			id: this.#lastMember,
			uuid: this.#options.random.uuid(),
			joinedAt: this.#options.seconds(),
		};
		conference.members = [member, ...conference.members];
		const at = { file: "conference_member.c", function: "conference_member_add", line: 962 };
		this.#fireMember(conference, at, member, "add-member");
	}

	/** The member who came last starts and stops to talk: two of the events that no subscriber wants all of. */
	talk(name: string): void {
		const conference = this.#find(name);
		const [member] = conference.members;
		if (member !== undefined) {
			const at = { file: "conference_loop.c", function: "conference_loop_input", line: 1156 };
			this.#fireMember(conference, at, member, "start-talking");
			this.#fireMember(conference, { ...at, line: 796 }, member, "stop-talking");
		}
	}

	/** Ends a conference and tells so. */
	destroy(name: string): void {
		this.unlist(name)();
	}

	/**
	 * Ends a conference, which nobody is told yet.
	 * @returns fires its destroy event
	 */
	unlist(name: string): () => void {
		const conference = this.#find(name);
		this.#running.delete(name);
		conference.members = [];
		changed();
		return () => {
			const at = { file: "mod_conference.c", function: "conference_thread_run", line: 863 };
			this.#fire(conference, at, { Action: "conference-destroy" });
		};
	}

	#find(name: string): RunningConference {
		const conference = this.#running.get(name);
		if (conference === undefined) {
			throw new Error(`conference ${name} is not running`);
		}
		return conference;
	}

	#fireMember(conference: Conference, at: Parameters<Events["fire"]>[1], member: Member, action: string): void {
		this.#fire(conference, at, {
			"Unique-ID": member.uuid,
			"Caller-Caller-ID-Name": member.name,
			"Caller-Caller-ID-Number": member.number,
			"Member-ID": String(member.id),
			"Member-Type": "member",
			Action: action,
		});
	}

	#fire({ name, uuid, members }: Conference, at: Parameters<Events["fire"]>[1], fields: EventRecord): void {
		this.#options.events.fire("conference::maintenance", at, {
			"Conference-Name": name,
			"Conference-Domain": this.#options.domain,
			"Conference-Size": String(members.length),
			"Conference-Ghosts": "0",
			"Conference-Profile-Name": "default",
			"Conference-Unique-ID": uuid,
			...fields,
		});
	}
}
