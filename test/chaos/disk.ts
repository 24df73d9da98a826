/** A small file system of its own, to be filled up and made read-only: root may write where permissions forbid it, but not there. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asRoot } from "./root.ts";

const filler = "filler";

export class SmallDisk {
	readonly #directory: string;

	/** Mounts one on an empty directory. @throws Error where that is not allowed */
	constructor(directory: string) {
		this.#directory = directory;
		asRoot("mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", directory);
	}

	/** Leaves not a byte free. */
	fill(): void {
		for (const size of [4_096, 1]) {
			try {
				for (;;) {
					writeFileSync(join(this.#directory, filler), Buffer.alloc(size), { flag: "a" });
				}
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "ENOSPC") {
					throw error;
				}
			}
		}
	}

	free(): void {
		rmSync(join(this.#directory, filler));
	}

	set readOnly(readOnly: boolean) {
		asRoot("mount", "-o", readOnly ? "remount,ro" : "remount,rw", this.#directory);
	}

	/** Takes it away with all that is on it. */
	unmount(): void {
		asRoot("umount", "--lazy", this.#directory);
	}
}
