/** What can go wrong with the event socket, a class for each cause. All of them mean that the connection is of no more use. */

import { excerpt } from "../log/text.ts";
import { ConnectionLost } from "./event-socket.ts";

/** No TCP connection could be made. */
export class Unreachable extends ConnectionLost {
	override readonly name = "Unreachable";
	readonly place: string;
	readonly code: string;

	constructor(place: string, error: NodeJS.ErrnoException) {
		const code = codeOf(error);
		super(`cannot reach FreeSWITCH's event socket at ${place}: ${meanings[code] ?? code}`, { cause: error });
		this.place = place;
		this.code = code;
	}
}

/** The connection ended; `words` are FreeSWITCH's, where it said why. */
export class Disconnected extends ConnectionLost {
	override readonly name = "Disconnected";
	readonly words: string | undefined;

	constructor(words: string | undefined, error?: NodeJS.ErrnoException) {
		const why =
			words === undefined
				? error === undefined
					? "closed by the other side"
					: (meanings[codeOf(error)] ?? codeOf(error))
				: excerpt(words);
		super(`connection to FreeSWITCH lost: ${why}`, { cause: error });
		this.words = words;
	}
}

/** Nothing came in time; what comes later could be taken for the answer to another question. */
export class NoAnswer extends ConnectionLost {
	override readonly name = "NoAnswer";
	readonly question: string;
	/** ms that were waited. */
	readonly timeout: number;

	constructor(question: string, timeout: number) {
		super(`FreeSWITCH did not answer ${question} within ${timeout / 1_000} s, the connection is made anew`);
		this.question = question;
		this.timeout = timeout;
	}
}

/** Something answers there that is no event socket. */
export class NotFreeSwitch extends ConnectionLost {
	override readonly name = "NotFreeSwitch";

	constructor(place: string, said: string) {
		super(
			`what listens at ${place} is not FreeSWITCH's event socket, it said "${excerpt(said)}"; check EVENTSOCKET_HOST and EVENTSOCKET_PORT`,
		);
	}
}

/** More came than any answer can be long. */
export class TooLong extends ConnectionLost {
	override readonly name = "TooLong";

	constructor(limit: number) {
		super(`FreeSWITCH sent more than ${limit / 2 ** 20} MiB without an end, the connection is made anew`);
	}
}

/** FreeSWITCH neither accepted nor refused the password, or did not accept the subscription. */
export class NotSubscribed extends ConnectionLost {
	override readonly name = "NotSubscribed";

	constructor(command: string, answer: string) {
		super(`FreeSWITCH answered "${command}" with "${excerpt(answer)}"`);
	}
}

/** FreeSWITCH's event_socket.conf.xml does not tell what it should. It may tomorrow, so that is no reason to give up. */
export class ConfUnusable extends ConnectionLost {
	override readonly name = "ConfUnusable";
	readonly file: string;

	constructor(file: string, why: string, cause?: unknown) {
		super(`FreeSWITCH's event socket cannot be looked up in ${file}: ${why}`, { cause });
		this.file = file;
	}
}

/** FreeSWITCH does not want this client. */
export abstract class Refused extends ConnectionLost {
	/** Whether trying again is of no use, since it would be with the same settings. */
	abstract readonly final: boolean;
}

export class PasswordRefused extends Refused {
	override readonly name = "PasswordRefused";
	readonly final: boolean;

	/** @param conf the file that the password was read from; without, it is one that was set */
	constructor(place: string, conf?: string) {
		super(
			conf === undefined
				? `FreeSWITCH at ${place} refused the password; EVENTSOCKET_PASSWORD must be the password in FreeSWITCH's autoload_configs/event_socket.conf.xml`
				: `FreeSWITCH at ${place} refused the password that stands in ${conf}; was that file changed after FreeSWITCH had read it? Then restart FreeSWITCH`,
		);
		this.final = conf === undefined;
	}
}

export class AddressRefused extends Refused {
	override readonly name = "AddressRefused";
	readonly final = true;

	constructor(place: string) {
		super(
			`FreeSWITCH at ${place} refused this host's address; look at apply-inbound-acl in FreeSWITCH's autoload_configs/event_socket.conf.xml`,
		);
	}
}

const meanings: Readonly<Record<string, string>> = {
	ECONNREFUSED: "connection refused, nothing listens there",
	ECONNRESET: "reset by the other side",
	EPIPE: "closed by the other side",
	ENOTFOUND: "no such host",
	EAI_AGAIN: "the name cannot be looked up now",
	EHOSTUNREACH: "no route to host",
	ENETUNREACH: "network is unreachable",
	ETIMEDOUT: "no answer",
	EMFILE: "too many files are open (EMFILE)",
};

/** A connection that was tried at several addresses fails with an error that holds one for each. */
function codeOf(error: NodeJS.ErrnoException): string {
	const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
	return error.code ?? first?.code ?? error.message;
}
