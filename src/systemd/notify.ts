/**
 * Tells systemd how the service is, by sd_notify(3). Node cannot send to a unix datagram socket, so the program systemd-notify
 * does it, which is why the unit needs NotifyAccess=all.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { type Backoff, waitAfter } from "../backoff.ts";
import { atMost, type Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import { excerpt, messageOf } from "../log/text.ts";

/** Sends assignments, such as `READY=1`, to systemd. */
export type Send = (assignments: readonly string[]) => Promise<void>;

const program = "systemd-notify";

/** systemd-notify waits for up to 5 s, until systemd has found out whose child sends the message. */
const limits = { timeout: 6_000, killSignal: "SIGKILL" } as const;

/** Sends through systemd-notify; undefined if nobody listens. */
export function sendBy(environment: NodeJS.ProcessEnv): Send | undefined {
	const env = environmentFor(environment);
	return (
		env &&
		(async (assignments) => {
			await promisify(execFile)(program, [...assignments], { env, ...limits });
		})
	);
}

/** Shows a sentence in `systemctl status` before the program ends. Waits until that is done, and ignores a failure. */
export function lastWords(environment: NodeJS.ProcessEnv, sentence: string): void {
	const env = environmentFor(environment);
	if (env !== undefined) {
		spawnSync(program, [statusOf(sentence)], { env, stdio: "ignore", ...limits });
	}
}

/** ms within which systemd wants each sign of life from this process; undefined if it wants none. */
export function watchdogLimit(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
	const limit = Number(environment["WATCHDOG_USEC"]) / 1_000;
	const isMeant = [undefined, "", String(pid)].includes(environment["WATCHDOG_PID"]);
	return isMeant && environment["NOTIFY_SOCKET"] && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

/** The environment without what is between systemd and this process alone. */
export function withoutSystemd(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return { ...environment, NOTIFY_SOCKET: undefined, WATCHDOG_USEC: undefined, WATCHDOG_PID: undefined };
}

/** ms from one status to the next, and ms that the last message may take. */
const betweenStatuses = 1_000;
const atTheEnd = 1_000;

const afterFailure: Backoff = { first: 1_000, most: 60_000 };

/** Stands for the status, whose sentence is made when it is sent. */
const status = "STATUS";
const ping = "WATCHDOG=1";

/** Sends one thing after the other; of what changes quickly, only the latest. */
export class Notices {
	readonly #send: Send | undefined;
	readonly #clock: Clock;
	readonly #log: Log;
	/** Assignments that are yet to be sent. */
	readonly #waiting = new Set<string>();
	#isReady = false;
	#status = () => "";
	/** The status that systemd has. */
	#shown: string | undefined;
	/** ms on the clock before which nothing is sent, and no status. */
	#notBefore = { anything: 0, status: 0 };
	#sending: Promise<void> | undefined;
	#cancelTimer = () => {};
	/** How many tries in a row have failed. */
	#failures = 0;
	/** Those who wait for what becomes of a ping. */
	#pinging: ((sent: boolean) => void)[] = [];

	/** @param send undefined if nobody listens */
	constructor(send: Send | undefined, clock: Clock, log: Log) {
		this.#send = send;
		this.#clock = clock;
		this.#log = log;
	}

	/** The service has started. */
	ready(): void {
		if (!this.#isReady) {
			this.#isReady = true;
			this.#add("READY=1");
		}
	}

	/**
	 * Has `systemctl status` show something else, within a second.
	 * @param sentence called when it is shown: many changes may have come until then
	 */
	status(sentence: () => string): void {
		this.#status = sentence;
		this.#add(status);
	}

	/** All is well: the watchdog starts to count anew. Resolves with whether that was sent. */
	alive(): Promise<boolean> {
		return new Promise((resolve) => {
			this.#pinging.push(resolve);
			this.#add(ping);
		});
	}

	/** The service is ending. Resolves when systemd knows that and the last status, or after a second. */
	async stopping(): Promise<void> {
		this.#notBefore = { anything: 0, status: 0 };
		this.#add("STOPPING=1");
		await atMost(atTheEnd, this.#allSent(), this.#clock);
		this.#cancelTimer();
	}

	async #allSent(): Promise<void> {
		while (this.#sending !== undefined) {
			await this.#sending;
		}
	}

	#add(assignment: string): void {
		this.#waiting.add(assignment);
		this.#next();
	}

	#next(): void {
		this.#cancelTimer();
		const send = this.#send;
		if (send === undefined || this.#sending !== undefined || this.#waiting.size === 0) {
			return;
		}
		const now = this.#clock.now();
		// A ping cannot wait, and takes along what waits for another try.
		const notBefore = this.#waiting.has(ping) ? 0 : this.#notBefore.anything;
		const dueAt = (one: string) => Math.max(notBefore, one === status ? this.#notBefore.status : 0);
		const wait = Math.min(...[...this.#waiting].map(dueAt)) - now;
		if (wait > 0) {
			this.#cancelTimer = this.#clock.after(wait, () => this.#next());
			return;
		}
		const due = [...this.#waiting].filter((one) => dueAt(one) <= now);
		for (const one of due) {
			this.#waiting.delete(one);
		}
		const assignments = due.flatMap((one) => (one === status ? this.#newStatus(now) : [one]));
		if (assignments.length > 0) {
			const pinging = due.includes(ping) ? this.#pinging.splice(0) : [];
			this.#sending = send(assignments)
				.then(
					() => this.#sent(),
					(error: unknown) => this.#failed(due, error),
				)
				.finally(() => {
					for (const told of pinging) {
						told(this.#failures === 0);
					}
					this.#sending = undefined;
					this.#next();
				});
		}
	}

	/** The assignment of the status, unless systemd has that one. */
	#newStatus(now: number): string[] {
		const before = this.#shown;
		this.#shown = statusOf(this.#status());
		this.#notBefore.status = now + betweenStatuses;
		return this.#shown === before ? [] : [this.#shown];
	}

	#sent(): void {
		if (this.#failures > 0) {
			const tries = this.#failures === 1 ? "1 try" : `${this.#failures} tries`;
			this.#log.info(`systemd can be told again how the service is; ${tries} had failed`);
		}
		this.#failures = 0;
	}

	/** All but a ping is sent again after a while: without READY=1 the start would fail. Who sends a ping repeats it, if it is still true. */
	#failed(due: readonly string[], error: unknown): void {
		this.#failures += 1;
		if (this.#failures === 1) {
			this.#log.warn(
				`systemd cannot be told how the service is (${excerpt(messageOf(error))}); rooms are not affected`,
			);
		}
		this.#notBefore.anything = this.#clock.now() + waitAfter(this.#failures, afterFailure);
		this.#shown = undefined;
		for (const one of due.filter((one) => one !== ping)) {
			this.#waiting.add(one);
		}
	}
}

function statusOf(sentence: string): string {
	return `STATUS=${excerpt(sentence)}`;
}

function environmentFor({ NOTIFY_SOCKET, PATH }: NodeJS.ProcessEnv): NodeJS.ProcessEnv | undefined {
	return NOTIFY_SOCKET ? { NOTIFY_SOCKET, PATH } : undefined;
}
