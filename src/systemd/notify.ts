/**
 * What systemd is told of the service, as sd_notify(3) has it. Node cannot send to a unix datagram socket, so the program
 * systemd-notify does it, which is why the unit needs NotifyAccess=all. Only this file knows that program.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { type Backoff, waitAfter } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log/log.ts";
import { excerpt, messageOf } from "../log/text.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Sends assignments, such as `READY=1`, to systemd. */
export type Send = (assignments: readonly string[]) => Promise<void>;

const program = "systemd-notify";

/** ms. It waits for up to 5 s until systemd has taken the message, so that it is known whose child sent it. */
const sendingTakes = 6_000;

/** Sends through systemd-notify; undefined if nobody listens. */
export function sendBy(environment: Environment): Send | undefined {
	const env = environmentFor(environment);
	return (
		env &&
		(async (assignments) => {
			await promisify(execFile)(program, [...assignments], { env, timeout: sendingTakes, killSignal: "SIGKILL" });
		})
	);
}

/** Shows a sentence in `systemctl status` before the program ends: waits until that is done, and does not mind if it fails. */
export function lastWords(environment: Environment, sentence: string): void {
	const env = environmentFor(environment);
	if (env !== undefined) {
		spawnSync(program, [statusOf(sentence)], { env, stdio: "ignore", timeout: sendingTakes, killSignal: "SIGKILL" });
	}
}

/** ms within which systemd wants to hear from this process, again and again; undefined if it does not. */
export function watchdogLimit(environment: Environment, pid: number): number | undefined {
	const limit = Number(environment["WATCHDOG_USEC"]) / 1_000;
	const isMeant = [undefined, "", String(pid)].includes(environment["WATCHDOG_PID"]);
	return isMeant && environment["NOTIFY_SOCKET"] && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

/** The environment less what is between systemd and this process alone. */
export function withoutSystemd(environment: Environment): Environment {
	return { ...environment, NOTIFY_SOCKET: undefined, WATCHDOG_USEC: undefined, WATCHDOG_PID: undefined };
}

/** ms */
const betweenStatuses = 1_000;
const atTheEnd = 1_000;

const afterFailure: Backoff = { first: 1_000, most: 60_000 };

/** Tells systemd one thing after the other; of what changes quickly only the latest. */
export class Notices {
	readonly #send: Send | undefined;
	readonly #clock: Clock;
	readonly #log: Log;
	/** Assignments that are yet to be sent, the status apart. */
	readonly #waiting = new Set<string>();
	#isReady = false;
	/** Makes the status. */
	#status: (() => string) | undefined;
	/** Whether that may be another than the one that is shown. */
	#isStale = false;
	#shown: string | undefined;
	/** ms on the clock before which nothing is sent, and no status. */
	#notBefore = { anything: Number.NEGATIVE_INFINITY, status: Number.NEGATIVE_INFINITY };
	#sending: Promise<void> | undefined;
	#cancelTimer = () => {};
	#failures = 0;

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
		this.#isStale = true;
		this.#next();
	}

	/** All is well; the watchdog is content for another while. */
	alive(): void {
		this.#add("WATCHDOG=1");
	}

	/** The service is ending. Resolves when systemd knows that and the last status, or after a second. */
	async stopping(): Promise<void> {
		this.#notBefore = { anything: Number.NEGATIVE_INFINITY, status: Number.NEGATIVE_INFINITY };
		this.#add("STOPPING=1");
		await new Promise<void>((resolve) => {
			const cancel = this.#clock.after(atTheEnd, resolve);
			void this.#allSent().finally(() => {
				cancel();
				resolve();
			});
		});
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
		if (send === undefined || this.#sending !== undefined || (this.#waiting.size === 0 && !this.#isStale)) {
			return;
		}
		const now = this.#clock.now();
		const { anything, status: statusFrom } = this.#notBefore;
		const wait = (this.#waiting.size > 0 ? anything : Math.max(anything, statusFrom)) - now;
		if (wait > 0) {
			this.#cancelTimer = this.#clock.after(wait, () => this.#next());
			return;
		}
		const assignments = [...this.#waiting];
		this.#waiting.clear();
		if (this.#status !== undefined && this.#isStale && now >= statusFrom) {
			const status = statusOf(this.#status());
			this.#isStale = false;
			this.#notBefore.status = now + betweenStatuses;
			if (status !== this.#shown) {
				assignments.push(status);
				this.#shown = status;
			}
		}
		if (assignments.length === 0) {
			return;
		}
		this.#sending = send(assignments)
			.then(
				() => {
					this.#failures = 0;
				},
				(error: unknown) => this.#failed(assignments, error),
			)
			.finally(() => {
				this.#sending = undefined;
				this.#next();
			});
	}

	/** All but a ping is sent again after a while: without READY=1 the start would fail. */
	#failed(assignments: readonly string[], error: unknown): void {
		this.#failures += 1;
		if (this.#failures === 1) {
			this.#log.warn(
				`systemd cannot be told how the service is (${excerpt(messageOf(error))}); the rooms do not suffer`,
			);
		}
		this.#notBefore.anything = this.#clock.now() + waitAfter(this.#failures, afterFailure);
		for (const assignment of assignments) {
			if (assignment.startsWith("STATUS=")) {
				this.#shown = undefined;
				this.#isStale = true;
			} else if (assignment !== "WATCHDOG=1") {
				this.#waiting.add(assignment);
			}
		}
	}
}

function statusOf(sentence: string): string {
	return `STATUS=${excerpt(sentence)}`;
}

function environmentFor({ NOTIFY_SOCKET, PATH }: Environment): NodeJS.ProcessEnv | undefined {
	return NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "" ? undefined : { NOTIFY_SOCKET, PATH };
}
