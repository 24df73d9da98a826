/**
 * The stand-in as tests use it: FreeSWITCH with its event socket, and the registrar of its gateways, all in the test's own
 * process. FreeSWITCH can be killed and started anew on the same port; the registrar stays.
 */
import { type Clock, systemClock } from "../../src/clock.ts";
import { changed, until } from "../support/until.ts";
import { scaledClock } from "./clocks.ts";
import type { Ending } from "./event-socket/faults.ts";
import { EventSocketServer } from "./event-socket/server.ts";
import { FreeSwitch, type FreeSwitchOptions } from "./freeswitch/freeswitch.ts";
import { readSnippets } from "./freeswitch/snippet-directory.ts";
import { Registrar, type SipPeer } from "./registrar/registrar.ts";

export interface StandInOptions extends Partial<Omit<FreeSwitchOptions, "clock" | "peer" | "snippets">> {
	/** The directory of snippets. */
	readonly directory?: string;
	readonly clock?: Clock;
	/**
	 * ms per second of FreeSWITCH and the registrar: 20 makes ticks, expiries and latencies fifty times as fast. The event
	 * socket keeps to the time of `clock`.
	 */
	readonly second?: number;
	readonly password?: string;
	/** 0 for a free one. */
	readonly port?: number;
	/** Receives what gateways send, in place of this stand-in's own registrar or in front of it. */
	readonly peer?: (own: Registrar) => SipPeer;
	/** Whether a client's address is in apply-inbound-acl. */
	readonly allows?: (address: string) => boolean;
}

export class StandIn {
	readonly registrar: Registrar;
	readonly server: EventSocketServer;
	/** The time of FreeSWITCH and the registrar. */
	readonly clock: Clock;
	/** The FreeSWITCH that runs, or ran last. */
	freeswitch!: FreeSwitch;
	/** The port of the event socket, the same through all restarts. */
	port: number;
	readonly #options: StandInOptions;
	#runs = 0;
	/** A failure of the stand-in itself, until it is thrown at a test. */
	#failure: Error | undefined;

	private constructor(options: StandInOptions) {
		const { clock = systemClock, second = 1_000, password = "ClueCon", allows } = options;
		this.#options = options;
		this.port = options.port ?? 0;
		this.clock = second === 1_000 ? clock : scaledClock(clock, 1_000 / second);
		this.registrar = new Registrar({ clock: this.clock });
		this.server = new EventSocketServer({
			clock,
			password,
			failed: (error) => {
				this.#failure ??= error instanceof Error ? error : new Error(String(error));
				changed();
			},
			...(allows && { allows }),
		});
	}

	/** Starts FreeSWITCH and the registrar. @throws BrokenConfiguration */
	static async start(options: StandInOptions): Promise<StandIn> {
		const standIn = new StandIn(options);
		await standIn.start();
		return standIn;
	}

	/** Starts FreeSWITCH anew: without conferences, with the gateways of the directory. @throws BrokenConfiguration, or the error of listening */
	async start(): Promise<void> {
		const { directory, seed = 1, peer } = this.#options;
		const freeswitch = new FreeSwitch({
			...this.#options,
			snippets: () => (directory === undefined ? "" : readSnippets(directory)),
			clock: this.clock,
			peer: peer?.(this.registrar) ?? this.registrar,
			// Every run has ids of its own.
			seed: seed + this.#runs,
		});
		this.#runs += 1;
		try {
			await this.server.listen(freeswitch, this.port);
		} catch (error) {
			freeswitch.kill();
			throw error;
		}
		this.freeswitch = freeswitch;
		this.port = this.server.port;
	}

	/** Ends FreeSWITCH like SIGKILL: connections end without notice, bindings stay. */
	async kill(how: Ending = "FIN"): Promise<void> {
		this.freeswitch.kill();
		await this.server.stop(how);
	}

	/** Shuts FreeSWITCH down (recording 14); resolves when it has ended. */
	async shutdown(): Promise<void> {
		await new Promise<void>((resolve) => this.freeswitch.shutdown(resolve));
		await this.server.stop("shutdown");
	}

	/**
	 * Resolves when `condition` is true; it is evaluated after every change.
	 * @throws NeverHappened, or the stand-in's own failure, such as NotModelled
	 */
	async until(condition: () => boolean, what: string, options?: { readonly deadline: number }): Promise<void> {
		await until(
			() => {
				this.#check();
				return condition();
			},
			what,
			{ describe: () => this.describe(), ...options },
		);
	}

	/** The state of everything, which explains why a test still waits. */
	describe(): string {
		const { conferences, sofia, alive } = this.freeswitch;
		const gateways = sofia.external?.gateways.map(
			({ name, state, deleted }) => `${name} ${state}${deleted ? " (killed)" : ""}`,
		);
		const last = this.server.received.slice(-20).map(({ at, text }) => `  ${at.toFixed(0)} ${text}`);
		return [
			`FreeSWITCH ${alive ? "runs" : "does not run"}, ${this.server.connections.size} connections`,
			`conferences: ${conferences.running.map(({ name }) => name).join(" ")}`,
			`gateways: ${(gateways ?? []).join(", ")}`,
			`bindings: ${this.registrar.bindings().join(" ")}`,
			"last commands:",
			...last,
		].join("\n");
	}

	/** Ends FreeSWITCH and the registrar. @throws the stand-in's own failure, if no test has seen it */
	async close(): Promise<void> {
		if (this.freeswitch.alive) {
			await this.kill("RST");
		}
		this.registrar.close();
		this.#check();
	}

	#check(): void {
		const failure = this.#failure;
		this.#failure = undefined;
		if (failure !== undefined) {
			throw failure;
		}
	}
}
