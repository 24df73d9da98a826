/** The scripts that docs/script.md shows, taken out of it and held to the contract that stands there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { StandIn } from "../stand-in/stand-in.ts";
import { DaemonProcess, shippedScript } from "../support/daemon-process.ts";
import { readSnippet } from "../support/snippet-reader.ts";

const document = readFileSync(new URL("../../docs/script.md", import.meta.url), "utf8");
const [own = "", wrapper = ""] = [...document.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, code = ""]) => code);

const room = "07974";
const registrar = { SIP_REGISTRAR: "127.0.0.100", SIP_PASSWORD: "s3cret" };
const account = { ...registrar, SIP_ACCOUNT: "cluster" };

let top: string;
let gateways: string;

beforeEach(() => {
	top = mkdtempSync(join(tmpdir(), "script-example-"));
	gateways = join(top, "external");
	mkdirSync(gateways);
});

afterEach(() => {
	rmSync(top, { recursive: true, force: true });
});

function installed(code: string): string {
	const path = join(top, "script.sh");
	writeFileSync(path, code);
	chmodSync(path, 0o755);
	return path;
}

function run(script: string, args: readonly string[], settings: Readonly<Record<string, string>>) {
	const env = { PATH: process.env["PATH"] ?? "", GATEWAY_DIR: gateways, ...settings };
	const { status, stdout, stderr } = spawnSync(script, args, { env, encoding: "utf8" });
	return { status, said: stdout + stderr, files: readdirSync(gateways).sort() };
}

/** All calls twice, as they may be made; returns the gateway. */
function keepsTheContract(script: string, settings: Readonly<Record<string, string>>) {
	let snippet = "";
	for (const time of ["first", "second"]) {
		assert.deepEqual(run(script, [room], settings), { status: 0, said: "", files: [`conf_${room}.xml`] }, time);
		snippet = readFileSync(join(gateways, `conf_${room}.xml`), "utf8");
	}
	for (const time of ["first", "second"]) {
		assert.deepEqual(run(script, [room, "del"], settings), { status: 0, said: "", files: [] }, time);
	}
	assert.deepEqual(run(script, [room], settings).files, [`conf_${room}.xml`]);
	writeFileSync(join(gateways, "conf_trunk.xml"), "an administrator's own");
	for (const time of ["first", "second"]) {
		assert.deepEqual(run(script, ["--all", "del"], settings), { status: 0, said: "", files: ["conf_trunk.xml"] }, time);
	}
	rmSync(join(gateways, "conf_trunk.xml"));
	const [gateway, ...more] = readSnippet(snippet);
	assert.ok(gateway !== undefined && more.length === 0, "one gateway");
	return gateway;
}

describe("the script of one's own in the documents", () => {
	it("writes the gateway and removes it, each as often as it is asked to, with and without a mark", () => {
		for (const [mark, username] of [
			[{}, room],
			[{ GATEWAY_MARK: "2k.9" }, `${room}:2k.9`],
		] as const) {
			const { gateway, params } = keepsTheContract(installed(own), { ...account, ...mark });
			assert.equal(gateway, `conf_${room}`);
			assert.deepEqual(
				["username", "auth-username", "password", "from-user", "extension"].map((name) => params[name]),
				[username, "cluster", "s3cret", room, room],
			);
		}
	});

	it("takes the temporary files of killed runs away when it removes those of all rooms", () => {
		writeFileSync(join(gateways, `.conf_${room}.4711`), "");
		writeFileSync(join(gateways, `conf_${room}.xml`), "");
		assert.deepEqual(run(installed(own), ["--all", "del"], {}), { status: 0, said: "", files: [] });
		assert.equal(run(installed(own), ["--all", "del"], { GATEWAY_DIR: join(top, "gone") }).status, 0);
	});

	it("fails without a setting, names it, and leaves nothing behind", () => {
		const { status, said, files } = run(installed(own), [room], registrar);
		assert.notEqual(status, 0);
		assert.match(said, /SIP_ACCOUNT/);
		assert.deepEqual(files, []);
	});

	it("has the daemon register rooms, and un-register them when they have ended", async () => {
		const standIn = await StandIn.start({ directory: gateways, second: 100 });
		const daemon = new DaemonProcess({
			environment: {
				...account,
				EVENTSOCKET_HOST: "127.0.0.1",
				EVENTSOCKET_PORT: String(standIn.port),
				GENERATOR_SCRIPT: installed(own),
				GATEWAY_DIR: gateways,
				LINGER: "0",
			},
		});
		try {
			await daemon.said(/^connected /);
			standIn.freeswitch.conferences.create(room);
			await standIn.until(() => standIn.registrar.bindings().join() === room, "the room is registered");
			standIn.freeswitch.conferences.destroy(room);
			await standIn.until(() => standIn.registrar.bindings().length === 0, "the room is un-registered");
			assert.equal(await daemon.stop(), 0);
			assert.deepEqual(readdirSync(gateways), []);
		} finally {
			await daemon.kill();
			await standIn.close();
		}
	});
});

describe("the script in front of the shipped one in the documents", () => {
	it("has every room register with its own password", () => {
		const passwords = join(top, "passwords");
		writeFileSync(passwords, `12345 another\n${room} its-own\n`);
		const script = installed(wrapper.replace("/etc/fsconfregger/sofia-generator.sh", shippedScript));
		const { gateway, params } = keepsTheContract(script, {
			SIP_REGISTRAR: "registrar.test",
			ROOM_PASSWORDS: passwords,
		});
		assert.deepEqual([gateway, params["username"], params["password"]], [`conf_${room}`, room, "its-own"]);
	});
});
