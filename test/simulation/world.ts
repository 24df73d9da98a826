/**
 * A node on simulated time: the stand-in's FreeSWITCH and registrar, a generator that writes real snippets, and the real
 * reconciler between them. There are no sockets and no processes, so that any order of things can be had, every time.
 */
import { readdirSync } from "node:fs";
import { Reconciler } from "../../src/controller/reconciler.ts";
import { ConnectionLost, type EventSocket } from "../../src/freeswitch/event-socket.ts";
import { readEvent } from "../../src/freeswitch/events.ts";
import { type Action, type Generator, GeneratorFailed } from "../../src/generator/script.ts";
import { type Room, roomsMatching } from "../../src/room.ts";
import type { Standing } from "../../src/systemd/status.ts";
import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import { FreeSwitch, type FreeSwitchOptions } from "../stand-in/freeswitch/freeswitch.ts";
import { Registrar } from "../stand-in/registrar/registrar.ts";
import { recordingLog } from "../support/recording-log.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { snippet, TemporaryDirectory } from "../support/snippets.ts";

export interface WorldOptions {
	/** Seconds. */
	readonly linger?: number;
	/** Seconds. */
	readonly resync?: number;
	readonly freeswitch?: Partial<FreeSwitchOptions>;
}

/** What a run of the generator does in place of its work; `takes` is in ms. */
export type ScriptFault =
	| { readonly kind: "fails" }
	| { readonly kind: "writes nothing" }
	| { readonly kind: "takes"; readonly takes: number };

/** A generator without a process: it writes, or removes, the snippet when its time is up. */
export class SimulatedGenerator implements Generator {
	readonly runs: { readonly room: Room; readonly action: Action; readonly at: number }[] = [];
	/** Asked at every run. */
	fault: (room: Room, action: Action) => ScriptFault | undefined = () => undefined;
	/** A setting, as a run that begins now sees it. */
	password = "secret";
	readonly #clock: SimulatedClock;
	readonly #directory: TemporaryDirectory;

	constructor(clock: SimulatedClock, directory: TemporaryDirectory) {
		this.#clock = clock;
		this.#directory = directory;
	}

	async run(room: Room, action: Action): Promise<void> {
		const { password } = this;
		this.runs.push({ room, action, at: this.#clock.now() });
		const fault = this.fault(room, action);
		await new Promise<void>((resolve) => {
			this.#clock.after(fault?.kind === "takes" ? fault.takes : 5, resolve);
		});
		if (fault?.kind === "fails") {
			throw new GeneratorFailed(`script ${room} exited with 1`, room, { exitCode: 1, output: "no" });
		}
		if (fault?.kind !== "writes nothing") {
			if (action === "write") {
				this.#directory.write(room, snippet(room, { password }));
			} else {
				this.#directory.delete(room);
			}
		}
	}

	stop(): Promise<void> {
		return Promise.resolve();
	}
}

/** One connection between FreeSWITCH and the reconciler. */
class Wire implements EventSocket {
	readonly #freeswitch: FreeSwitch;
	readonly #before: (command: string) => void;
	readonly #deliver: (event: EventRecord) => void;
	readonly #stopListening: () => void;
	#busy = false;
	#held: EventRecord[] = [];
	#cut = false;

	constructor(freeswitch: FreeSwitch, before: (command: string) => void, deliver: (event: EventRecord) => void) {
		this.#freeswitch = freeswitch;
		this.#before = before;
		this.#deliver = deliver;
		this.#stopListening = freeswitch.events.listen((event) => {
			// A connection on which a command runs is sent its events after the answer.
			if (this.#busy) {
				this.#held.push(event);
			} else {
				deliver(event);
			}
		});
	}

	async api(command: string): Promise<string> {
		this.#before(command);
		this.#check();
		this.#busy = true;
		const answer = await this.#freeswitch.api(command);
		this.#busy = false;
		this.#check();
		const held = this.#held;
		this.#held = [];
		queueMicrotask(() => {
			for (const event of held) {
				this.#deliver(event);
			}
		});
		return answer;
	}

	cut(): void {
		this.#cut = true;
		this.#stopListening();
	}

	#check(): void {
		if (this.#cut || !this.#freeswitch.alive) {
			throw new ConnectionLost("connection lost");
		}
	}
}

export class World {
	readonly clock = new SimulatedClock();
	readonly directory = new TemporaryDirectory();
	readonly registrar = new Registrar({ clock: this.clock });
	readonly generator = new SimulatedGenerator(this.clock, this.directory);
	readonly log = recordingLog();
	/** Every command sent, on whatever connection. */
	readonly commands: string[] = [];
	/** Called before a command is carried out; may cut the connection. */
	onCommand: (command: string) => void = () => {};
	/** Whether an event reaches the daemon. */
	passes: (event: EventRecord) => boolean = () => true;
	/** Replaces an answer. */
	answers: (command: string, answer: string) => string = (_, answer) => answer;
	/** What the daemon last told of its rooms. */
	standing: Standing;
	freeswitch: FreeSwitch;
	reconciler: Reconciler;
	readonly #options: WorldOptions;
	#wire: Wire | undefined;
	#starts = 0;

	constructor(options: WorldOptions = {}) {
		this.#options = options;
		this.freeswitch = this.#newFreeSwitch();
		this.reconciler = this.#newReconciler();
	}

	/** Lets the daemon connect to FreeSWITCH. */
	connect(): void {
		this.disconnect();
		const { reconciler } = this;
		this.#wire = new Wire(
			this.freeswitch,
			(command) => {
				this.commands.push(command);
				this.onCommand(command);
			},
			(record) => {
				const event = readEvent(record);
				if (event !== undefined && this.passes(record)) {
					reconciler.event(event);
				}
			},
		);
		const wire = this.#wire;
		reconciler.connected({
			api: async (command) => this.answers(command, await wire.api(command)),
		});
	}

	/** The connection ends; what was under way is lost. */
	disconnect(): void {
		this.#wire?.cut();
		this.#wire = undefined;
		this.reconciler.disconnected();
	}

	/** The daemon is killed, and another one starts. Scripts that were running go on. */
	restartDaemon(): void {
		this.disconnect();
		void this.reconciler.stop();
		this.reconciler = this.#newReconciler();
	}

	/** FreeSWITCH is killed, with its conferences, and another one starts. */
	restartFreeSwitch(): void {
		this.freeswitch.kill();
		this.disconnect();
		this.freeswitch = this.#newFreeSwitch();
	}

	create(...names: string[]): void {
		for (const name of names) {
			this.freeswitch.conferences.create(name);
		}
	}

	end(...names: string[]): void {
		for (const name of names) {
			this.freeswitch.conferences.destroy(name);
		}
	}

	/** Somebody else has FreeSWITCH execute commands, one right after the other. */
	async others(...commands: string[]): Promise<void> {
		for (const command of commands) {
			const answer = this.freeswitch.api(command);
			await this.clock.advance(40);
			await answer;
		}
	}

	/** Lets time pass. */
	async seconds(seconds: number): Promise<void> {
		await this.clock.advance(seconds * 1_000);
	}

	/** The rooms that callers reach. */
	get bindings(): string[] {
		return this.registrar.bindings();
	}

	/** The rooms' gateways, with the settings that they were loaded with. */
	get loadedWith(): Record<string, string> {
		const gateways = this.freeswitch.sofia.profile("external")?.gateways ?? [];
		return Object.fromEntries(
			gateways
				.filter(({ deleted }) => !deleted)
				.map(({ name, settings }) => [name.slice("conf_".length), settings.password]),
		);
	}

	/** The rooms whose snippets lie in the directory. */
	get snippets(): string[] {
		return readdirSync(this.directory.path)
			.map((file) => file.replace(/\.xml$/, ""))
			.sort();
	}

	count(pattern: RegExp): number {
		return this.commands.filter((command) => pattern.test(command)).length;
	}

	close(): void {
		this.disconnect();
		void this.reconciler.stop();
		this.freeswitch.kill();
		this.registrar.close();
		this.directory.remove();
	}

	#newFreeSwitch(): FreeSwitch {
		this.#starts += 1;
		return new FreeSwitch({
			clock: this.clock,
			peer: this.registrar,
			profiles: [{ name: "external", directory: this.directory.path }],
			seed: this.#starts,
			...this.#options.freeswitch,
		});
	}

	#newReconciler(): Reconciler {
		const { linger = 5, resync = 30 } = this.#options;
		return new Reconciler({
			generator: this.generator,
			toRoom: roomsMatching("[0-9]+"),
			profile: "external",
			linger: linger * 1_000,
			resync: resync * 1_000,
			clock: this.clock,
			log: this.log,
			changed: () => {
				this.standing = this.reconciler.standing;
			},
		});
	}
}
