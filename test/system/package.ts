/** Builds the Debian package from this checkout. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const top = fileURLToPath(new URL("../..", import.meta.url));

/** @param output the directory of the package @param more a version other than package.json's */
export function buildPackage(
	output: string,
	more: readonly string[] = [],
	environment: Readonly<Record<string, string>> = {},
): void {
	execFileSync(process.execPath, ["--import", "tsx", `${top}packaging/build.ts`, output, ...more], {
		cwd: top,
		env: { ...process.env, ...environment },
		stdio: ["ignore", "ignore", "inherit"],
	});
}
