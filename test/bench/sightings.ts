/** What the bench's FreeSWITCH sees of its client: commands, files, and when each room that started or ended was seen to. */
import { watch } from "node:fs";
import type { StandIn } from "../stand-in/stand-in.ts";
import { type Figures, sharedNow } from "./orders.ts";

export class Sightings {
	readonly #standIn: StandIn;
	/** Rooms that have not been seen to yet, with when they started or ended. */
	readonly #started = new Map<string, number>();
	readonly #ended = new Map<string, number>();
	#lastHappening = 0;
	/** Since the last `figures`. */
	#delays: number[] = [];
	#first = Number.POSITIVE_INFINITY;
	#last = 0;
	#scripts = 0;
	#reloads = 0;
	#rescans = 0;
	#scannedAt = 0;
	#bytes = 0;
	#cpu = process.cpuUsage();

	/** @param directory where the generator puts its files */
	constructor(standIn: StandIn, directory: string) {
		const { freeswitch } = standIn;
		const execute = freeswitch.api.bind(freeswitch);
		this.#standIn = standIn;
		freeswitch.api = async (command) => {
			this.#lastHappening = sharedNow();
			const answer = await execute(command);
			this.#executed(command);
			return answer;
		};
		freeswitch.events.listen((event) => {
			if (event["Event-Subclass"] === "sofia::gateway_add") {
				this.#served(this.#started, (event["Gateway"] ?? "").replace(/^conf_/, ""));
			}
		});
		// A file that is written appears by being renamed, and nothing else has that name.
		watch(directory, (kind, name) => {
			if (kind === "rename" && name?.startsWith("conf_") === true) {
				this.#scripts += 1;
				this.#lastHappening = sharedNow();
			}
		});
	}

	/** When the last rescan since the last `figures` was done; 0 if there was none. */
	get scannedAt(): number {
		return this.#scannedAt;
	}

	started(room: string): void {
		this.#started.set(room, sharedNow());
	}

	ended(room: string): void {
		this.#ended.set(room, sharedNow());
	}

	/** Whether all rooms are seen to, and nothing has happened for so many ms. */
	servedFor(quiet: number): boolean {
		return this.#started.size === 0 && this.#ended.size === 0 && sharedNow() - this.#lastHappening > quiet;
	}

	/** What was seen since the last time. */
	figures(): Figures {
		const { user, system } = process.cpuUsage(this.#cpu);
		const { written } = this.#standIn.server;
		const figures = {
			delays: this.#delays,
			span: this.#last - this.#first,
			scripts: this.#scripts,
			reloads: this.#reloads,
			rescans: this.#rescans,
			bytes: written - this.#bytes,
			cpu: (user + system) / 1e6,
		};
		this.#delays = [];
		this.#first = Number.POSITIVE_INFINITY;
		this.#last = 0;
		this.#scripts = 0;
		this.#reloads = 0;
		this.#rescans = 0;
		this.#scannedAt = 0;
		this.#bytes = written;
		this.#cpu = process.cpuUsage();
		return figures;
	}

	#executed(command: string): void {
		const killed = /killgw conf_(.*)$/.exec(command)?.[1];
		this.#lastHappening = sharedNow();
		if (command === "reloadxml") {
			this.#reloads += 1;
		} else if (command.endsWith(" rescan")) {
			this.#rescans += 1;
			this.#scannedAt = this.#lastHappening;
		} else if (killed !== undefined) {
			this.#served(this.#ended, killed);
		}
	}

	#served(waiting: Map<string, number>, room: string): void {
		const since = waiting.get(room);
		if (since !== undefined) {
			waiting.delete(room);
			const now = sharedNow();
			this.#delays.push(now - since);
			this.#first = Math.min(this.#first, since);
			this.#last = Math.max(this.#last, now);
		}
	}
}
