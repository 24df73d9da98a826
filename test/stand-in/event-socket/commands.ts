/** The commands of the event socket's protocol and their answers (recordings 01, 02 and 09). */
import type { FreeSwitch } from "../freeswitch/freeswitch.ts";
import { NotModelled } from "../freeswitch/not-modelled.ts";
import { apiResponse, commandReply } from "./frames.ts";
import type { Subscription } from "./subscription.ts";

/** The state of a connection, which its commands change. */
export interface Session {
	readonly password: string;
	readonly freeswitch: FreeSwitch;
	readonly subscription: Subscription;
	authenticated: boolean;
}

export interface Answer {
	readonly text: string;
	/** Makes a frame of the text, or of another one in its place. */
	readonly frame: (text: string) => string;
	/** Whether the connection ends after it. */
	readonly ends: boolean;
}

const notModelled = /^(bgapi|nixevent|noevents|myevents|divert_events|sendmsg|sendevent|log|nolog|linger|nolinger) ?/;

/**
 * Carries out the first line of a command.
 * @throws NotModelled, FreeSwitchEnded
 */
export async function carryOut(session: Session, command: string): Promise<Answer> {
	const [, verb, rest = ""] = /^(auth|api|event|filter) (.*)$/.exec(command) ?? [];
	const [first = "", ...words] = rest.split(" ");
	if (command === "exit") {
		return reply("+OK bye", true);
	}
	if (verb === "auth") {
		session.authenticated = rest === session.password;
		return session.authenticated ? reply("+OK accepted") : reply("-ERR invalid", true);
	}
	if (session.authenticated) {
		if (verb === "api") {
			return { text: await session.freeswitch.api(rest), frame: apiResponse, ends: false };
		}
		if (verb === "event" && first === "json" && words.length > 0) {
			return reply(session.subscription.event(words));
		}
		if (verb === "filter" && words.length > 0) {
			return reply(session.subscription.filter(first, words.join(" ")));
		}
		if (verb !== undefined || notModelled.test(command)) {
			throw new NotModelled(command);
		}
	}
	return reply("-ERR command not found");
}

function reply(text: string, ends = false): Answer {
	return { text, frame: commandReply, ends };
}
