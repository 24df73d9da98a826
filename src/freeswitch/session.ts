/**
 * One connection to FreeSWITCH's event socket: authentication, subscription, commands. It uses esl's protocol over a socket
 * of its own, since esl's client reconnects without backing off and logs the password.
 */
import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { FreeSwitchError, FreeSwitchResponse, FreeSwitchTimeout } from "esl";
import type { Access } from "./access.ts";
import { version } from "./commands.ts";
import {
	AddressRefused,
	Disconnected,
	NoAnswer,
	NotFreeSwitch,
	NotSubscribed,
	PasswordRefused,
	TooLong,
	Unreachable,
} from "./errors.ts";
import { ask, ConnectionLost, type EventSocket } from "./event-socket.ts";
import { type Event, readEvent, subscription } from "./events.ts";
import { Frames } from "./frames.ts";

export interface EventSocketOptions extends Access {
	/** ms for every answer, the greeting included. FreeSWITCH takes some ms, and a second for a huge configuration. */
	readonly answerTimeout?: number;
}

/** A connection that is authenticated and subscribed. */
export interface Session extends EventSocket {
	/** FreeSWITCH's version, where it tells. */
	readonly version: string | undefined;
	/** Where FreeSWITCH is, for the log. */
	readonly place: string;
	/** Resolves with the reason when the connection has ended. */
	readonly ended: Promise<ConnectionLost>;
	close(): void;
}

/** Bytes that one frame may have. A list of 1,000 conferences with 20 members each has 14 MB. */
const longestFrame = 32 * 2 ** 20;

/** How every frame of FreeSWITCH's begins. */
const greetingStart = "Content-";

/** esl's own log bears the password. */
const ignore = () => {};
const silent = { debug: ignore, info: ignore, error: ignore };

/**
 * Connects, authenticates and subscribes. A host with several addresses is tried at one after the other: FreeSWITCH may listen
 * at one of them only, and let this host in at one only.
 * @param onEvent called for each event that the daemon acts on, from the subscription on
 * @throws ConnectionLost, of the kind that names the cause
 */
export async function openEventSocket(
	{ host, port, password, passwordFrom, answerTimeout = 10_000 }: EventSocketOptions,
	onEvent: (event: Event) => void,
): Promise<Session> {
	const found = await addressesOf(host, answerTimeout).catch((error: unknown) => {
		throw new Unreachable(placeOf(host, port), error as NodeJS.ErrnoException);
	});
	const failures: ConnectionLost[] = [];
	for (const address of found) {
		const place = placeOf(host, port, address);
		const socket = connectTcp({
			host: address,
			port,
			noDelay: true,
			keepAlive: true,
			keepAliveInitialDelay: answerTimeout,
		});
		const session = new EslSession(socket, place, answerTimeout, onEvent);
		const failure = await session.greeted(answerTimeout / found.length);
		if (failure === undefined) {
			await session.begin(password, passwordFrom);
			return session;
		}
		failures.push(failure);
	}
	throw ofAll(failures, placeOf(host, port, ...found));
}

/** The addresses to try. This host's own name may be in /etc/hosts for one kind of address only. */
async function addressesOf(host: string, timeout: number): Promise<string[]> {
	if (host === "localhost") {
		return ["127.0.0.1", "::1"];
	}
	if (isIP(host) !== 0) {
		return [host];
	}
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(Object.assign(new Error("no answer"), { code: "EAI_AGAIN" })), timeout);
	});
	const found = await Promise.race([lookup(host, { all: true }), late]).finally(() => clearTimeout(timer));
	return found.map(({ address }) => address);
}

/** For the log: the host as it is set, and which of its addresses. */
function placeOf(host: string, port: number, ...addresses: string[]): string {
	const of = addresses.join() === host || addresses.length === 0 ? "" : ` (${addresses.join(", ")})`;
	return `${host.includes(":") ? `[${host}]` : host}:${port}${of}`;
}

/** What failures at several addresses mean together. A refusal of this host's address is final if nothing else was met. */
function ofAll(failures: readonly ConnectionLost[], place: string): ConnectionLost {
	const reached = failures.filter((failure) => !(failure instanceof Unreachable));
	const [first = new Disconnected(undefined)] = failures;
	if (reached.length === 0) {
		return failures.length === 1 ? first : new Unreachable(place, first.cause as NodeJS.ErrnoException);
	}
	return reached.find((failure) => !(failure instanceof AddressRefused)) ?? new AddressRefused(place);
}

class EslSession implements Session {
	version: string | undefined;
	readonly ended: Promise<ConnectionLost>;
	readonly place: string;
	readonly #socket: Socket;
	readonly #answerTimeout: number;
	readonly #esl: FreeSwitchResponse;
	#end!: (reason: ConnectionLost) => void;
	/** Why the connection is of no more use. */
	#reason: ConnectionLost | undefined;
	/** What FreeSWITCH said before it closed the connection. */
	#farewell: string | undefined;

	constructor(socket: Socket, place: string, answerTimeout: number, onEvent: (event: Event) => void) {
		this.#socket = socket;
		this.place = place;
		this.#answerTimeout = answerTimeout;
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
		this.#esl = new FreeSwitchResponse(socket, silent);
		// esl's own parser must not run: frames.ts says why.
		socket.removeAllListeners("data");
		this.#esl.on("CUSTOM", ({ body }) => {
			const event = readEvent(body);
			if (event !== undefined) {
				onEvent(event);
			}
		});
		this.#esl.on("freeswitch_rude_rejection", () => this.#fail(new AddressRefused(place)));
		this.#esl.on("freeswitch_disconnect_notice", ({ body }) => {
			this.#farewell = body;
		});
		this.#watch();
	}

	/**
	 * Resolves when FreeSWITCH has asked for the password, or with the reason why it does not. To be called at once.
	 * @param timeout ms
	 */
	async greeted(timeout: number): Promise<ConnectionLost | undefined> {
		const greeting = new Promise<void>((resolve) => this.#esl.once("freeswitch_auth_request", () => resolve()));
		const late = () =>
			this.#socket.connecting
				? new Unreachable(this.place, new Error("no answer"))
				: new NoAnswer("with its greeting", timeout);
		const timer = setTimeout(() => this.#fail(late()), timeout);
		const failure = await Promise.race([greeting, this.ended]);
		clearTimeout(timer);
		return failure ?? undefined;
	}

	/** Authenticates and subscribes. */
	async begin(password: string, passwordFrom: string | undefined): Promise<void> {
		await this.#send(`auth ${password}`, (answer) =>
			// Any other answer may be another one the next time, and is no reason to give up.
			answer.startsWith("-ERR invalid")
				? new PasswordRefused(this.place, passwordFrom)
				: new NotSubscribed("auth", answer),
		);
		for (const command of subscription) {
			await this.#send(command, (answer) => new NotSubscribed(command, answer));
		}
		this.version = await ask(this, version);
	}

	/** Sends a command of the protocol; `refused` makes the error for an answer that is not `+OK`. */
	async #send(command: string, refused: (answer: string) => ConnectionLost): Promise<void> {
		const [verb = ""] = command.split(" ");
		const answer = await this.#answerTo(verb, async () => {
			const { headers } = await this.#esl.send(command, {}, this.#answerTimeout);
			return headers["Reply-Text"] ?? "";
		});
		if (!answer.startsWith("+OK")) {
			throw this.#fail(refused(answer));
		}
	}

	async api(command: string): Promise<string> {
		return await this.#answerTo(`"${command}"`, async () => (await this.#esl.api(command, this.#answerTimeout)).body);
	}

	close(): void {
		this.#fail(new Disconnected("closed by the daemon"));
	}

	async #answerTo(question: string, put: () => Promise<string>): Promise<string> {
		if (this.#reason !== undefined) {
			throw this.#reason;
		}
		try {
			return await put();
		} catch (error) {
			const reply = error instanceof FreeSwitchError ? error.args["reply"] : undefined;
			if (typeof reply === "string") {
				// esl makes an error of an answer that begins with "-".
				return reply;
			}
			throw this.#fail(
				error instanceof FreeSwitchTimeout
					? new NoAnswer(question, this.#answerTimeout)
					: new Disconnected(this.#farewell),
			);
		}
	}

	#watch(): void {
		let start = "";
		const frames = new Frames(longestFrame);
		this.#socket.on("data", (data: Buffer) => {
			if (start.length < greetingStart.length) {
				start += data.toString("latin1", 0, 200);
				if (!start.startsWith(greetingStart.slice(0, start.length))) {
					this.#fail(new NotFreeSwitch(this.place, start));
				}
			}
			frames.add(data);
			for (let frame = frames.next(); frame !== undefined && this.#reason === undefined; frame = frames.next()) {
				this.#esl.process(frame.headers, frame.body);
			}
			if (frames.isTooLong) {
				this.#fail(new TooLong(longestFrame));
			}
		});
		let connected = false;
		this.#socket.once("connect", () => {
			connected = true;
		});
		this.#socket.on("error", (error) =>
			this.#fail(connected ? new Disconnected(this.#farewell, error) : new Unreachable(this.place, error)),
		);
		this.#socket.once("close", () => this.#fail(new Disconnected(this.#farewell)));
	}

	/** The first reason that is given stays the reason. */
	#fail(reason: ConnectionLost): ConnectionLost {
		this.#reason ??= reason;
		this.#socket.destroy();
		this.#end(this.#reason);
		return this.#reason;
	}
}
