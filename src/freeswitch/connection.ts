/**
 * Keeps a connection to FreeSWITCH, for ever: opens a session, and when that ends or cannot be opened, opens another after
 * a while.
 */
import { type Backoff, waitAfter } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import { Troubles } from "../log/troubles.ts";
import { ConnectionLost } from "./event-socket.ts";
import type { Session } from "./session.ts";

export interface ConnectionOptions {
	/** Opens a session; rejects with ConnectionLost. */
	readonly open: () => Promise<Session>;
	readonly connected: (session: Session) => void;
	readonly disconnected: () => void;
	/** Called after each attempt that fails. */
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
	| { readonly kind: "ready"; readonly session: Session }
	| { readonly kind: "waiting"; readonly cancel: () => void }
	| { readonly kind: "closed" };

/** ms that an attempt may take with all the answers that it waits for, and that a timer may be late on a busy machine. */
const longest = { attempt: 120_000, lateness: 20_000 };

const reconnectBackoff: Backoff = { first: 200, most: 5_000 };

export class Connection {
	readonly #options: ConnectionOptions;
	readonly #troubles: Troubles;
	#state: State = { kind: "closed" };
	#failures = 0;
	/** ms on the clock since which there is no connection. */
	#lostAt: number | undefined;
	#deadline = Number.POSITIVE_INFINITY;

	constructor(options: ConnectionOptions) {
		this.#options = options;
		this.#troubles = new Troubles(options.log, options.clock);
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
				this.#options.away();
			},
		);
	}

	close(): void {
		const state = this.#state;
		this.#state = { kind: "closed" };
		if (state.kind === "ready") {
			state.session.close();
		} else if (state.kind === "waiting") {
			state.cancel();
		}
	}

	#opened(session: Session): void {
		const { clock, log, connected, disconnected } = this.#options;
		if (this.#state.kind !== "connecting") {
			session.close();
			return;
		}
		this.#state = { kind: "ready", session };
		this.#failures = 0;
		const away =
			this.#lostAt === undefined ? "" : `, after ${((clock.now() - this.#lostAt) / 1_000).toFixed(1)} s without`;
		const version = session.version === undefined ? "" : ` ${session.version}`;
		this.#lostAt = undefined;
		this.#troubles.over("connection");
		log.info({ version: session.version }, `connected to FreeSWITCH${version} at ${session.place}${away}`);
		void session.ended.then((reason) => {
			if (this.#state.kind === "ready") {
				disconnected();
				this.#lost(reason);
			}
		});
		connected(session);
	}

	#lost(error: unknown): void {
		const { clock, random, lost } = this.#options;
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
		this.#lostAt ??= clock.now();
		this.#failures += 1;
		const wait = waitAfter(this.#failures, reconnectBackoff, random());
		this.#troubles.report(
			"connection",
			error.level,
			`${error.message}; retrying; no room is added or removed until then`,
		);
		lost(error);
		this.#deadline = clock.now() + wait + longest.lateness;
		this.#state = {
			kind: "waiting",
			cancel: clock.after(wait, () => this.start()),
		};
	}
}
