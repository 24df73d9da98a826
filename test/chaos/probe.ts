/** What only a daemon knows of itself: test/fixtures/chaos-probe.ts runs in its process, and answers on a socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

export interface ProbeAnswer {
	readonly descriptors: number;
	/** Timers that are set. */
	readonly timers: number;
	/** Everything that keeps the process running: timers, sockets, children. */
	readonly resources: number;
	/** MiB after a garbage collection: of JavaScript's heap, of buffers and the like outside of it, and of all that is resident. */
	readonly heap: number;
	readonly buffers: number;
	readonly resident: number;
}

export class Probe {
	readonly #directory = mkdtempSync(join(tmpdir(), "fsconfregger-probe-"));
	readonly #socket = join(this.#directory, "socket");
	/** What to add to the daemon's environment. */
	readonly environment: Readonly<Record<string, string>>;

	constructor() {
		// Plain JavaScript, so that the daemon's process loads nothing else.
		const outfile = join(this.#directory, "probe.cjs");
		const source = fileURLToPath(new URL("../fixtures/chaos-probe.ts", import.meta.url));
		buildSync({ entryPoints: [source], outfile, bundle: true, platform: "node", format: "cjs" });
		this.environment = { NODE_OPTIONS: `--require "${outfile}"`, PROBE_SOCKET: this.#socket };
	}

	async ask(): Promise<ProbeAnswer> {
		return JSON.parse(await text(connect(this.#socket))) as ProbeAnswer;
	}

	remove(): void {
		rmSync(this.#directory, { recursive: true });
	}
}
