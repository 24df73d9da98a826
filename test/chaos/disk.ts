/** A small file system to be filled up and made read-only. Permissions do not stop root, but this does. */
import { spawnSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { adviceOn, itUnless, type Tool } from "../support/needed-tool.ts";
import { ChaosNode } from "./node.ts";

const advice = process.getuid?.() === 0 ? "" : "it mounts a file system, for which it must be run as root (sudo)";

/** `it()`, for a test that mounts such disks on a node, and needs these tools for it. */
export function itOnNodeAsRoot(title: string, test: (node: ChaosNode) => Promise<void>, ...tools: Tool[]): void {
	itUnless(advice || adviceOn(tools), title, () => ChaosNode.use(test));
}

export class SmallDisk {
	readonly #directory: string;

	/** Mounts one on an empty directory until the end of the test. @throws Error where that is not allowed */
	constructor(node: ChaosNode, directory: string) {
		this.#directory = directory;
		run("mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", directory);
		node.atEnd(() => run("umount", "--lazy", directory));
	}

	get #filler(): string {
		return join(this.#directory, "filler");
	}

	/** Leaves not a byte free. */
	fill(): void {
		for (const size of [4_096, 1]) {
			try {
				for (;;) {
					writeFileSync(this.#filler, Buffer.alloc(size), { flag: "a" });
				}
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "ENOSPC") {
					throw error;
				}
			}
		}
	}

	free(): void {
		rmSync(this.#filler);
	}

	set readOnly(readOnly: boolean) {
		run("mount", "-o", readOnly ? "remount,ro" : "remount,rw", this.#directory);
	}
}

/** A file system that can be made to answer nobody who writes: processes wait in state D, as for a lost NFS server. */
export class FreezingDisk {
	readonly #directory: string;

	/** Mounts one on an empty directory until the end of the test. @throws Error where that is not allowed */
	constructor(node: ChaosNode, directory: string) {
		this.#directory = directory;
		const image = `${directory}.img`;
		writeFileSync(image, "");
		node.atEnd(() => rmSync(image));
		truncateSync(image, 2 ** 24);
		run("mkfs.ext4", "-q", image);
		run("mount", "-o", "loop", image, directory);
		node.atEnd(() => run("umount", "--lazy", directory));
	}

	/** Until the end of the test, or until it is thawed. */
	freeze(node: ChaosNode): void {
		run("fsfreeze", "--freeze", this.#directory);
		node.atEnd(() => this.thaw());
	}

	thaw(): void {
		spawnSync("fsfreeze", ["--unfreeze", this.#directory]);
	}
}

/** @throws Error with what the program complained of */
function run(program: string, ...args: readonly string[]): void {
	const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
	if (status !== 0) {
		throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
	}
}
