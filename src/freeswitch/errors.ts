/** What can go wrong with the event socket, one class per cause. Each of them ends the connection. */
import { excerpt } from "../log/text.ts";
import { ConnectionLost } from "./event-socket.ts";

/** FreeSWITCH is not there: a connection is refused, or closed, or reset, depending on what stands in between. */
const away = "away";

/** No TCP connection could be made. */
export class Unreachable extends ConnectionLost {
	override readonly trouble: string;

	constructor(place: string, error: NodeJS.ErrnoException) {
		super(`cannot reach FreeSWITCH's event socket at ${place}: ${meaningOf(error)}`, { cause: error });
		const other: Record<string, string> = { ENOTFOUND: "name", EAI_AGAIN: "name", EMFILE: "descriptors" };
		this.trouble = other[error.code ?? ""] ?? away;
	}
}

/** The connection ended. */
export class Disconnected extends ConnectionLost {
	override readonly trouble = away;

	/** @param words FreeSWITCH's own, where it said why */
	constructor(words: string | undefined, error?: NodeJS.ErrnoException) {
		const why = words ?? (error && meaningOf(error)) ?? "closed by the other side";
		super(`connection to FreeSWITCH lost: ${excerpt(why)}`, { cause: error });
	}
}

/** No answer came in time. A late one could be taken for the answer to another question. */
export class NoAnswer extends ConnectionLost {
	/** @param timeout ms that were waited */
	constructor(question: string, timeout: number) {
		super(`FreeSWITCH did not answer ${question} within ${timeout / 1_000} s`);
	}
}

/** Something answers there that is no event socket. */
export class NotFreeSwitch extends ConnectionLost {
	constructor(place: string, said: string) {
		super(
			`what listens at ${place} is not FreeSWITCH's event socket, it said "${excerpt(said)}"; check EVENTSOCKET_HOST and EVENTSOCKET_PORT`,
		);
	}
}

/** More came than any answer can be long. */
export class TooLong extends ConnectionLost {
	/** @param limit bytes */
	constructor(limit: number) {
		super(`FreeSWITCH sent more than ${limit / 2 ** 20} MiB without an end`);
	}
}

/** FreeSWITCH neither accepted nor refused the password, or did not accept the subscription. */
export class NotSubscribed extends ConnectionLost {
	constructor(command: string, answer: string) {
		super(`FreeSWITCH answered "${command}" with "${excerpt(answer)}"`);
	}
}

/** FreeSWITCH's event_socket.conf.xml does not say what it should. It may tomorrow, so there is always another try. */
export class ConfUnusable extends ConnectionLost {
	override readonly level = "error";
	override readonly trouble = this.message;

	constructor(file: string, why: string, cause?: unknown) {
		super(`FreeSWITCH's event socket cannot be looked up in ${file}: ${why}`, { cause });
	}
}

export class PasswordRefused extends ConnectionLost {
	override readonly level = "error";
	override readonly final: boolean;

	/** @param conf the file that the password was read from; without, it is one that was set */
	constructor(place: string, conf?: string) {
		super(
			conf === undefined
				? `FreeSWITCH at ${place} refused the password; EVENTSOCKET_PASSWORD must be the password in FreeSWITCH's autoload_configs/event_socket.conf.xml`
				: `FreeSWITCH at ${place} refused the password in ${conf}; if that file was changed after FreeSWITCH had read it, restart FreeSWITCH`,
		);
		this.final = conf === undefined;
	}
}

export class AddressRefused extends ConnectionLost {
	override readonly level = "error";
	override readonly final = true;

	constructor(place: string) {
		super(
			`FreeSWITCH at ${place} refused this host's address; look at apply-inbound-acl in FreeSWITCH's autoload_configs/event_socket.conf.xml`,
		);
	}
}

/** A system error in words. */
function meaningOf(error: NodeJS.ErrnoException): string {
	const code = error.code ?? error.message;
	return (
		{
			ECONNREFUSED: "connection refused, nothing listens there",
			ECONNRESET: "reset by the other side",
			EPIPE: "closed by the other side",
			ENOTFOUND: "no such host",
			EAI_AGAIN: "the name cannot be looked up now",
			EHOSTUNREACH: "no route to host",
			ENETUNREACH: "network is unreachable",
			ETIMEDOUT: "no answer",
			EMFILE: "too many files are open (EMFILE)",
		}[code] ?? code
	);
}
