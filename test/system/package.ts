/** Builds the Debian package from this checkout. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };

export const top = fileURLToPath(new URL("../..", import.meta.url));

/** @param output the directory for the package */
export function buildPackage(output: string, version = manifest.version, environment: NodeJS.ProcessEnv = {}): void {
	execFileSync(process.execPath, ["--import", "tsx", `${top}packaging/build.ts`, output, version], {
		cwd: top,
		env: { ...process.env, ...environment },
		stdio: ["ignore", "ignore", "inherit"],
	});
}
