/** What a connection's commands do, and the frames that answer them; recordings 01, 02 and 09 show most of it. */

import { type FreeSwitch, FreeSwitchEnded } from "../freeswitch/freeswitch.ts";
import { NotModelled } from "../freeswitch/not-modelled.ts";
import { apiResponse, commandReply, jobReply } from "./frames.ts";
import type { Subscription } from "./subscription.ts";

/** The state of a connection that its commands change. */
export interface Session {
	readonly password: string;
	readonly freeswitch: FreeSwitch;
	readonly subscription: Subscription;
	authenticated: boolean;
}

export interface Answer {
	readonly kind: "api" | "reply";
	readonly text: string;
	/** The whole frame. */
	readonly frame: string;
	/** Whether the connection ends after it. */
	readonly ends: boolean;
}

const unknown = "-ERR command not found";

/**
 * Carries out the first line of a command. Verbs are known by how they begin, as in FreeSWITCH.
 * @throws NotModelled
 */
export async function carryOut(session: Session, command: string): Promise<Answer> {
	const begins = (verb: string) => command.slice(0, verb.length).toLowerCase() === verb;
	if (begins("exit") || begins("...")) {
		return reply("+OK bye", true);
	}
	if (!session.authenticated) {
		if (!begins("auth ")) {
			return reply(unknown);
		}
		session.authenticated = command.slice(5) === session.password;
		return session.authenticated ? reply("+OK accepted") : reply("-ERR invalid", true);
	}
	if (begins("api ")) {
		const text = await session.freeswitch.api(command.slice(4));
		return { kind: "api", text, frame: apiResponse(text), ends: false };
	}
	if (begins("bgapi ")) {
		return runInBackground(session.freeswitch, command.slice(6));
	}
	return reply(otherCommand(session, command, begins));
}

function otherCommand({ subscription }: Session, command: string, begins: (verb: string) => boolean): string {
	const words = command.split(" ").slice(1);
	if (begins("filter ")) {
		return subscription.filter(command.slice(7));
	}
	if (begins("event")) {
		return subscription.event(words);
	}
	if (begins("nixevent")) {
		return subscription.nixEvent(words);
	}
	if (begins("noevents")) {
		return subscription.noEvents();
	}
	if (begins("linger") || begins("nolinger")) {
		return "-ERR not controlling a session";
	}
	if (["myevents ", "divert_events", "sendmsg", "sendevent", "log", "nolog"].some(begins)) {
		throw new NotModelled(command);
	}
	return unknown;
}

/** The job's number at once, its answer later in an event. */
function runInBackground(freeswitch: FreeSwitch, command: string): Answer {
	const job = freeswitch.newUuid();
	const [name = "", ...rest] = command.split(" ");
	const at = { file: "mod_event_socket.c", function: "api_exec", line: 1574 };
	freeswitch.api(command).then(
		(answer) => {
			freeswitch.events.fire("BACKGROUND_JOB", at, {
				"Job-UUID": job,
				"Job-Command": name,
				...(rest.length > 0 && { "Job-Command-Arg": rest.join(" ") }),
				"Content-Length": String(Buffer.byteLength(answer)),
				_body: answer,
			});
		},
		(error: unknown) => {
			if (!(error instanceof FreeSwitchEnded)) {
				throw error;
			}
		},
	);
	return { kind: "reply", text: `+OK Job-UUID: ${job}`, frame: jobReply(job), ends: false };
}

function reply(text: string, ends = false): Answer {
	return { kind: "reply", text, frame: commandReply(text), ends };
}
