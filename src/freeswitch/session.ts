/**
 * One connection to FreeSWITCH's event socket: authentication, subscription, commands. It uses esl's protocol over a socket
 * of its own, since esl's client reconnects without backing off and logs the password.
 */
import { connect as connectTcp, type Socket } from "node:net";
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
	/** What tells this FreeSWITCH from one that was started at another time, where it says so. */
	readonly core: string | undefined;
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
 * Connects, authenticates and subscribes.
 * @param onEvent called for each event that the daemon acts on, from the subscription on
 * @throws ConnectionLost, of the kind that names the cause
 */
export async function openEventSocket(
	{ host, port, password, passwordFrom, answerTimeout = 10_000 }: EventSocketOptions,
	onEvent: (event: Event) => void,
): Promise<Session> {
	const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
	const socket = connectTcp({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: answerTimeout });
	const session = new EslSession(socket, place, answerTimeout, onEvent);
	await session.greeted();
	await session.send(`auth ${password}`, (answer) =>
		// Any other answer may be another one the next time, and is no reason to give up.
		answer.startsWith("-ERR invalid") ? new PasswordRefused(place, passwordFrom) : new NotSubscribed("auth", answer),
	);
	for (const command of subscription) {
		await session.send(command, (answer) => new NotSubscribed(command, answer));
	}
	session.version = await ask(session, version);
	return session;
}

class EslSession implements Session {
	version: string | undefined;
	core: string | undefined;
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

	/** Resolves when FreeSWITCH has asked for the password. To be called at once. */
	async greeted(): Promise<void> {
		const greeting = new Promise<void>((resolve) => this.#esl.once("freeswitch_auth_request", () => resolve()));
		const late = () =>
			this.#socket.connecting
				? new Unreachable(this.place, new Error("no answer"))
				: new NoAnswer("with its greeting", this.#answerTimeout);
		const timer = setTimeout(() => this.#fail(late()), this.#answerTimeout);
		const failure = await Promise.race([greeting, this.ended]);
		clearTimeout(timer);
		if (failure !== undefined) {
			throw failure;
		}
	}

	/** Sends a command of the protocol; `refused` makes the error for an answer that is not `+OK`. */
	async send(command: string, refused: (answer: string) => ConnectionLost): Promise<void> {
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
