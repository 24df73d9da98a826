/**
 * Keeps a connection to FreeSWITCH, for ever: opens a session, and when that ends or cannot be opened, opens another. A session
 * counts once it has lived a while: until then the waits go on growing and the trouble goes on, so that an event socket which
 * accepts, answers and closes is one trouble.
 */
import { type Backoff, waitAfter } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import { Unreachable } from "./errors.ts";
import { ConnectionLost } from "./event-socket.ts";
import type { Session } from "./session.ts";

export interface ConnectionOptions {
	/** Opens a session; rejects with ConnectionLost. */
	readonly open: () => Promise<Session>;
	readonly connected: (session: Session) => void;
	readonly disconnected: () => void;
	/** Called after each attempt that fails, if another one follows. */
	readonly away: () => void;
	/** Called after each attempt that fails, and when a session has ended; where the error is final, no other try follows. */
	readonly lost: (error: ConnectionLost) => void;
	readonly clock: Clock;
	readonly log: Log;
	/** Gives numbers from 0 to 1, for the jitter. */
	readonly random: () => number;
}

type State =
	| { readonly kind: "connecting" }
	| { readonly kind: "ready"; readonly session: Session; readonly cancel: () => void }
	| { readonly kind: "waiting"; readonly cancel: () => void }
	| { readonly kind: "closed" };

/** ms that an attempt may take with all the answers that it waits for, and that a timer may be late on a busy machine. */
const longest = { attempt: 120_000, lateness: 20_000 };

const reconnectBackoff: Backoff = { first: 200, most: 5_000 };

/** While nothing listens, an attempt costs nothing, and a FreeSWITCH that starts must be looked at soon. */
const unreachableBackoff: Backoff = { first: 200, most: 1_000 };

/** ms after which a session counts. */
const lasting = 5_000;

export class Connection {
	readonly #options: ConnectionOptions;
	#state: State = { kind: "closed" };
	/** Whether the session has lived long enough to count. */
	#counts = false;
	/** How many attempts and sessions have failed since one counted. */
	#failures = 0;
	/** The kind of trouble that the log told last, and whether it has told of a session that does not count yet. */
	#told: { readonly trouble?: string; readonly connected: boolean } = { connected: false };
	/** ms on the clock since which no session counts. */
	#lostAt: number | undefined;
	#deadline = Number.POSITIVE_INFINITY;

	constructor(options: ConnectionOptions) {
		this.#options = options;
	}

	/** ms on the clock by which this must have got on; otherwise it hangs. */
	get deadline(): number {
		return this.#state.kind === "connecting" || this.#state.kind === "waiting"
			? this.#deadline
			: Number.POSITIVE_INFINITY;
	}

	start(): void {
		this.#state = { kind: "connecting" };
		this.#deadline = this.#options.clock.now() + longest.attempt;
		this.#options.open().then(
			(session) => this.#opened(session),
			(error: unknown) => {
				this.#lost(error);
				if (this.#state.kind === "waiting") {
					this.#options.away();
				}
			},
		);
	}

	close(): void {
		const state = this.#state;
		this.#state = { kind: "closed" };
		if (state.kind === "ready" || state.kind === "waiting") {
			state.cancel();
		}
		if (state.kind === "ready") {
			state.session.close();
		}
	}

	#opened(session: Session): void {
		const { clock, log, connected, disconnected } = this.#options;
		if (this.#state.kind !== "connecting") {
			session.close();
			return;
		}
		const away =
			this.#lostAt === undefined ? "" : `, after ${((clock.now() - this.#lostAt) / 1_000).toFixed(1)} s without`;
		const version = session.version === undefined ? "" : ` ${session.version}`;
		const tell = (level: "info" | "debug") =>
			log[level]({ version: session.version }, `connected to FreeSWITCH${version} at ${session.place}${away}`);
		const flaps = this.#told.connected;
		if (flaps) {
			tell("debug");
		} else {
			tell("info");
			this.#told = { connected: true };
		}
		const cancel = clock.after(lasting, () => {
			if (flaps) {
				tell("info");
			}
			this.#counts = true;
			this.#failures = 0;
			this.#told = { connected: false };
			this.#lostAt = undefined;
		});
		this.#state = { kind: "ready", session, cancel };
		void session.ended.then((reason) => {
			if (this.#state.kind === "ready") {
				cancel();
				disconnected();
				this.#lost(reason);
			}
		});
		connected(session);
	}

	#lost(error: unknown): void {
		const { clock, log, random, lost } = this.#options;
		if (this.#state.kind === "closed") {
			return;
		}
		if (!(error instanceof ConnectionLost)) {
			throw error;
		}
		if (error.final) {
			this.#state = { kind: "closed" };
			lost(error);
			return;
		}
		// A FreeSWITCH that has died refuses an attempt at this moment; one whose connection was cut accepts it.
		const atOnce = this.#counts;
		this.#counts = false;
		this.#lostAt ??= clock.now();
		this.#failures += atOnce ? 0 : 1;
		const backoff = error instanceof Unreachable ? unreachableBackoff : reconnectBackoff;
		const wait = atOnce ? 0 : waitAfter(this.#failures, backoff, random());
		const level = this.#told.trouble === error.trouble ? "debug" : error.level;
		this.#told = { ...this.#told, trouble: error.trouble };
		log[level](`${error.message}; retrying; no room is added or removed until then`);
		lost(error);
		this.#deadline = clock.now() + wait + longest.lateness;
		this.#state = {
			kind: "waiting",
			cancel: clock.after(wait, () => this.start()),
		};
	}
}
