import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Access, accessOf } from "../../../src/freeswitch/access.ts";
import { ConfUnusable } from "../../../src/freeswitch/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "conf-"));
const file = join(directory, "event_socket.conf.xml");

after(() => {
	rmSync(directory, { recursive: true, force: true });
});

const set: Access = { host: "set.example.org", port: 1, password: "set" };
const everything = ["host", "port", "password"] as const;

/** What is found when the file holds this text. */
function read(text: string | Buffer, tells: readonly (keyof Access)[] = everything): Promise<Access> {
	writeFileSync(file, text);
	return accessOf({ ...set, conf: { file, tells: new Set(tells) } });
}

/** Why it cannot be used. */
async function complaint(reading: Promise<Access>): Promise<string> {
	try {
		await reading;
	} catch (error) {
		assert.ok(error instanceof ConfUnusable, String(error));
		const start = `FreeSWITCH's event socket cannot be looked up in ${error.file}: `;
		assert.ok(error.message.startsWith(start), error.message);
		return error.message.slice(start.length);
	}
	throw new assert.AssertionError({ message: "it was accepted" });
}

function conf(...params: string[]): string {
	return `<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    ${params.join("\n    ")}
  </settings>
</configuration>
`;
}

const param = (name: string, value: string) => `<param name="${name}" value="${value}"/>`;
const passwordIs = (value: string) => conf(param("password", value));

describe("FreeSWITCH's event_socket.conf.xml", () => {
	it("tells the address, the port and the password, among comments and what else stands there", async () => {
		const text = conf(
			param("nat-map", "false"),
			param("listen-ip", "192.0.2.7"),
			param("listen-port", "8022"),
			"<!-- <param name='password' value='old'/> -->",
			param("password", "4f1c9be27a"),
			'<!--<param name="apply-inbound-acl" value="loopback.auto"/>-->',
		);
		assert.deepEqual(await read(text), { host: "192.0.2.7", port: 8_022, password: "4f1c9be27a" });
	});

	it("is read anew every time", async () => {
		assert.equal((await read(passwordIs("first"))).password, "first");
		assert.equal((await read(passwordIs("second"))).password, "second");
	});

	it("is not even opened where all is set, or where there is none", async () => {
		assert.deepEqual(await accessOf({ ...set, conf: { file: "/nowhere", tells: new Set() } }), set);
		assert.deepEqual(await accessOf(set), set);
	});

	it("tells only what is not set, whatever else stands in it", async () => {
		const text = conf(param("listen-ip", "$${local_ip_v4}"), param("listen-port", "none"), param("password", "theirs"));
		assert.deepEqual(await read(text, ["password"]), { ...set, password: "theirs" });
	});

	it("means FreeSWITCH's own defaults where a parameter is missing or empty", async () => {
		const defaults = { host: "127.0.0.1", port: 8_021, password: "ClueCon" };
		assert.deepEqual(await read(conf()), defaults);
		assert.deepEqual(
			await read(conf(...["listen-ip", "listen-port", "password"].map((name) => param(name, "")))),
			defaults,
		);
		assert.deepEqual(await read(conf("<param/>", "<param name='password'/>")), defaults);
	});

	it("means this host where it listens at all addresses", async () => {
		for (const [listenIp, host] of [
			["0.0.0.0", "127.0.0.1"],
			["::", "localhost"],
			["*", "localhost"],
			["127.0.0.1", "127.0.0.1"],
			["::1", "::1"],
		] as const) {
			assert.equal((await read(conf(param("listen-ip", listenIp)))).host, host, listenIp);
		}
	});

	it("is understood as FreeSWITCH does: the last of two counts, and a password may have any character", async () => {
		assert.equal((await read(conf(param("password", "a"), param("password", "b")))).password, "b");
		assert.equal((await read(passwordIs("&lt;&amp;&quot;&#65; 'ä"))).password, "<&\"A 'ä");
	});

	it("may be wrapped, but what stands elsewhere in it does not count", async () => {
		const foreign = conf(param("password", "theirs")).replace("event_socket.conf", "xml_rpc.conf");
		const text = `<?xml version="1.0"?>\n<include>${passwordIs("ours")}${foreign}<settings>${param("password", "x")}</settings></include>`;
		assert.equal((await read(text)).password, "ours");
	});
});

describe("an event_socket.conf.xml that cannot be used", () => {
	it("is told by the parameter, where only FreeSWITCH knows the value of a variable, without a password", async () => {
		assert.equal(
			await complaint(read(conf(param("listen-ip", "$${local_ip_v4}")))),
			"listen-ip is made of a variable, $${…}, whose value only FreeSWITCH knows; set EVENTSOCKET_HOST (-eshost)",
		);
		const words = await complaint(read(passwordIs("s3cret$${default_password}")));
		assert.match(words, /^password is made of a variable.*set EVENTSOCKET_PASSWORD \(-espw\)$/);
		assert.doesNotMatch(words, /s3cret|default_password/);
	});

	it("is told by the parameter and what it may be", async () => {
		for (const port of ["0", "65536", "8021abc", "-1"]) {
			assert.equal(
				await complaint(read(conf(param("listen-port", port)))),
				`listen-port must be a port from 1 to 65535, not "${port}"; or set EVENTSOCKET_PORT (-esport)`,
			);
		}
		assert.match(
			await complaint(read(conf(param("listen-ip", "a b")))),
			/^listen-ip must be a host name or an address/,
		);
		const words = await complaint(read(passwordIs("s3cret&#10;exit")));
		assert.equal(words, "password must be one line of text; or set EVENTSOCKET_PASSWORD (-espw)");
	});

	it("is told by its line where it is not XML, and none of what stands there is shown", async () => {
		for (const text of [
			passwordIs('s3cret"s3cret'),
			passwordIs("s3cret&s3cret;"),
			passwordIs("<s3cret"),
			conf("<s3cret>"),
			passwordIs("x").slice(0, -20),
			"password: s3cret",
			Buffer.from([0xff, 0xfe, 0x00, 0x3c]),
			"",
		]) {
			assert.match(await complaint(read(text)), /^it is not well-formed XML, at line \d+$/, String(text));
		}
		assert.equal(await complaint(read(passwordIs("<s3cret"))), "it is not well-formed XML, at line 3");
	});

	it("is told where it is another file", async () => {
		for (const text of [
			"<configuration/>",
			'<configuration name="event_socket.conf"/>',
			passwordIs("x").replace("event_socket.conf", "sofia.conf"),
			"<settings/>",
		]) {
			assert.equal(await complaint(read(text)), 'it holds no <configuration name="event_socket.conf"> with <settings>');
		}
	});

	it("does no harm by entities that grow, nor by pointing to other files", async () => {
		const grown = Array.from({ length: 30 }, (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};">`).join("");
		const bomb = `<!DOCTYPE x [<!ENTITY e0 "x">${grown}]>${passwordIs("&e30;")}`;
		assert.match(await complaint(read(bomb)), /^it is not well-formed XML/);
		const pointing = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${passwordIs("&e;")}`;
		assert.match(await complaint(read(pointing)), /^it is not well-formed XML/);
	});

	it("is told where it is too long, without being read to its end", async () => {
		const long = passwordIs("x").replace("<settings>", `<!--${" ".repeat(2 ** 20)}--><settings>`);
		assert.equal(await complaint(read(long)), "it is longer than 1 MiB");
		const just = conf(param("password", "x"));
		assert.equal((await read(just + " ".repeat(2 ** 20 - just.length))).password, "x");
	});

	it("is told where it does not exist, or is no file", async () => {
		const at = (path: string) => complaint(accessOf({ ...set, conf: { file: path, tells: new Set(everything) } }));
		assert.match(await at(join(directory, "none.xml")), /^it does not exist; is FreeSWITCH installed/);
		assert.match(await at(join(file, "below")), /^it does not exist/);
		assert.equal(await at(directory), "it is not a file");
		assert.equal(await at("/dev/null"), "it is not a file");
		const pipe = join(directory, "pipe");
		execFileSync("mkfifo", [pipe]);
		assert.equal(await at(pipe), "it is not a file");
	});

	it("is told where this user may not read it", async () => {
		await read(conf());
		chmodSync(file, 0);
		// Root reads everything.
		const isRoot = process.getuid?.() === 0;
		if (isRoot) {
			process.seteuid?.(65_534);
		}
		try {
			assert.match(
				await complaint(accessOf({ ...set, conf: { file, tells: new Set(everything) } })),
				/^this user may not read it \(EACCES\)/,
			);
		} finally {
			if (isRoot) {
				process.seteuid?.(0);
			}
			chmodSync(file, 0o600);
		}
	});
});
