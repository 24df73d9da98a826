/** Code that runs in the daemon's process before the daemon does, for what cannot be done or seen from outside of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

export class Preload {
	readonly #directory = mkdtempSync(join(tmpdir(), "preload-"));

	/** @param fixture the name of a file in test/fixtures; it is made into plain JavaScript, so that nothing else is loaded */
	static async of(fixture: string): Promise<Preload> {
		const preload = new Preload();
		await build({
			entryPoints: [fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))],
			outfile: preload.#file,
			bundle: true,
			platform: "node",
			format: "cjs",
		});
		// esbuild's process would otherwise stay, and this one has been seen to hang at its exit because of that.
		await stop();
		return preload;
	}

	/** What to add to the daemon's environment. */
	get environment(): Record<string, string> {
		return { NODE_OPTIONS: `--require "${this.#file}"` };
	}

	remove(): void {
		rmSync(this.#directory, { recursive: true });
	}

	get #file(): string {
		return join(this.#directory, "preload.cjs");
	}
}
