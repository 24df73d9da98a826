/** What only root may do. Tests that need it are skipped where it is not allowed, but in CI that is a failure. */
import { spawnSync } from "node:child_process";
import { it } from "node:test";

/** Runs a program, through sudo where this process is not root. @throws Error with what it complained of */
export function asRoot(...command: readonly string[]): void {
	const [program = "", ...args] = process.getuid?.() === 0 ? command : ["sudo", "-n", ...command];
	const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
	if (status !== 0) {
		throw new Error(`${command.join(" ")}: ${error?.message ?? stderr.trim()}`);
	}
}

/** `it()`, for a test that mounts file systems. */
export function itAsRoot(title: string, test: () => Promise<void>): void {
	const objection = objectionTo("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp");
	if (objection === undefined) {
		it(title, test);
	} else if ((process.env["CI"] ?? "") === "") {
		it(title, { skip: objection });
	} else {
		it(title, () => {
			throw new Error(objection);
		});
	}
}

function objectionTo(...command: readonly string[]): string | undefined {
	try {
		asRoot(...command);
		return undefined;
	} catch (error) {
		return `this test must be run by root: ${(error as Error).message}`;
	}
}
