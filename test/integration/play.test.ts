/** What a person sees and types: `npm run start`, at the end of a pipe. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { readLines } from "../support/lines.ts";
import { processesWith } from "../support/processes.ts";
import { changed, until } from "../support/until.ts";

const program = fileURLToPath(new URL("../play.ts", import.meta.url));

it("npm run start takes a room to its registration, tells what goes wrong, and leaves nothing behind at quit", async () => {
	const child = spawn(process.execPath, ["--import", "tsx", program, "--daemon"], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const ended = once(child, "close");
	let output = "";
	readLines(child.stdout, (line) => {
		output += `${line}\n`;
		changed();
	});
	const said = (pattern: RegExp) =>
		until(() => pattern.test(output), `it says ${String(pattern)}`, { describe: () => output });
	const type = (line: string) => child.stdin.write(`${line}\n`);

	await said(/0 rooms are running/);
	const directory = /reads gateways from (.*)/.exec(output)?.[1] ?? "";
	const processes = () => processesWith(`GATEWAY_DIR=${directory}`).length;
	assert.deepEqual([existsSync(directory), processes()], [true, 1]);

	type("refuse 403");
	type("start 403 07974");
	await said(/registrar +REGISTER 07974 is answered 200 OK/);
	await said(/fsconfregger +room 07974 is registered/);
	await said(/fsconfregger +warn: room 403 is not registered, .* 403 Forbidden/);
	type("list");
	await said(/rooms: 403 07974; registered: 07974/);
	type("kill");
	type("end 07974");
	await said(/FreeSWITCH does not run; boot starts it/);
	type("boot");
	type("accept");
	type("start 403");
	await said(/registrar +REGISTER 403 is answered 200 OK/);
	type("quit");
	assert.deepEqual(await ended, [0, null]);
	assert.deepEqual([existsSync(directory), processes()], [false, 0]);
});
