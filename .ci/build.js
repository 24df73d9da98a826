// Makes the one file that is installed, dist/fsconfregger: the program with its packages, for bare Node.
import { chmodSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const outfile = "dist/fsconfregger";

// The file is parsed whole before its first line runs, so its syntax must be what an old Node reads, too.
const oldestThatReadsIt = "node12";

await build({
	entryPoints: ["src/main.ts"],
	outfile,
	bundle: true,
	platform: "node",
	format: "cjs",
	target: oldestThatReadsIt,
	legalComments: "none",
	banner: {
		js: `#!/usr/bin/env node
if (Number(process.versions.node.split(".")[0]) < 20) {
	process.stderr.write("fsconfregger: needs Node.js 20 or newer, this is " + process.version + "\\n");
	process.exit(2);
}`,
	},
});
chmodSync(outfile, 0o755);
// The file is CommonJS wherever it is installed; only here, below a package that is not, Node must be told.
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n');
