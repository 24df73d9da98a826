import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { settings } from "../../../src/config/settings.ts";
import { type Access, type AccessOptions, accessOf } from "../../../src/freeswitch/access.ts";
import { ConfUnusable } from "../../../src/freeswitch/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "conf-"));
const conf = join(directory, "autoload_configs", "event_socket.conf.xml");
mkdirSync(join(directory, "autoload_configs"));
/** Where FreeSWITCH has its variables, seen from its event_socket.conf.xml, and beside it. */
const vars = [join(directory, "vars.xml"), join(directory, "autoload_configs", "vars.xml")] as const;

after(() => rmSync(directory, { recursive: true, force: true }));

const set = { host: "set.example.org", port: 1, password: "set" };
const { host, port, password } = settings;
const everything: AccessOptions["unset"] = { host, port, password };

/** What is found when the file holds this text. */
function read(text: string | Buffer, unset = everything): Promise<Access> {
	writeFileSync(conf, text);
	return accessOf({ ...set, conf, unset });
}

/** Checks that the file cannot be used, and why. */
function unusable(reading: Promise<Access>, why: RegExp | string): Promise<void> {
	return assert.rejects(reading, (error: unknown) => {
		assert.ok(error instanceof ConfUnusable, String(error));
		const [, told = ""] = /^FreeSWITCH's event socket cannot be looked up in [^:]+: (.*)$/.exec(error.message) ?? [];
		assert.ok(typeof why === "string" ? told === why : why.test(told), error.message);
		return true;
	});
}

const file = (...params: string[]) => `<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    ${params.join("\n    ")}
  </settings>
</configuration>
`;
const param = (name: string, value: string) => `<param name="${name}" value="${value}"/>`;
const passwordIs = (value: string) => file(param("password", value));

describe("FreeSWITCH's event_socket.conf.xml", () => {
	it("tells the address, the port and the password, among comments and what else stands there", async () => {
		const text = file(
			param("nat-map", "false"),
			param("listen-ip", "192.0.2.7"),
			param("listen-port", "8022"),
			"<!-- <param name='password' value='old'/> -->",
			param("password", "4f1c9be27a"),
			'<!--<param name="apply-inbound-acl" value="loopback.auto"/>-->',
		);
		assert.deepEqual(await read(text), { host: "192.0.2.7", port: 8_022, password: "4f1c9be27a", passwordFrom: conf });
	});

	it("is not even opened where all is set, or where there is none", async () => {
		assert.deepEqual(await accessOf({ ...set, conf: "/nowhere", unset: {} }), set);
		assert.deepEqual(await accessOf({ ...set, conf: "", unset: everything }), set);
	});

	it("tells only what is not set, whatever else stands in it", async () => {
		const text = file(param("listen-ip", "$${local_ip_v4}"), param("listen-port", "none"), param("password", "theirs"));
		assert.deepEqual(await read(text, { password }), { ...set, password: "theirs", passwordFrom: conf });
		const others = file(param("listen-ip", "::"), param("listen-port", "8022"), param("password", "a&#10;b"));
		assert.deepEqual(await read(others, { port }), { ...set, port: 8_022, passwordFrom: undefined });
	});

	it("means FreeSWITCH's own defaults where a parameter is missing or empty", async () => {
		const defaults = { host: "127.0.0.1", port: 8_021, password: "ClueCon", passwordFrom: conf };
		const empty = ["listen-ip", "listen-port", "password"].map((name) => param(name, ""));
		for (const text of [file(), file(...empty), file("<param/>", "<param name='password'/>")]) {
			assert.deepEqual(await read(text), defaults, text);
		}
	});

	it("means this host where it listens at all addresses", async () => {
		const hosts = {
			"0.0.0.0": "127.0.0.1",
			"::": "localhost",
			"[::]": "localhost",
			"*": "localhost",
			any: "localhost",
		};
		for (const [listenIp, host] of Object.entries({ ...hosts, "127.0.0.1": "127.0.0.1", "::1": "::1" })) {
			assert.equal((await read(file(param("listen-ip", listenIp)))).host, host, listenIp);
		}
	});

	it("is read anew every time, as FreeSWITCH does: the last of two counts, and a password may have any character", async () => {
		assert.equal((await read(file(param("password", "a"), param("password", "b")))).password, "b");
		assert.equal((await read(passwordIs("&lt;&amp;&quot;&#65; 'ä"))).password, "<&\"A 'ä");
	});

	it("may be wrapped, but what stands elsewhere in it does not count", async () => {
		const foreign = passwordIs("theirs").replace("event_socket.conf", "xml_rpc.conf");
		const deeper = `<x><settings>${param("password", "x")}</settings></x>`;
		const ours = passwordIs("ours").replace("<settings>", `${deeper}<settings>`);
		const text = `<?xml version="1.0"?>\n<include>\n${ours}${foreign}<settings>${param("password", "x")}</settings>\n</include>`;
		assert.equal((await read(text)).password, "ours");
	});

	it("may be FreeSWITCH's expanded configuration, of which the first event_socket.conf counts, with its first settings", async () => {
		const gateway = '<gateway name="conf_1">\n<param name="password" value="sip"/>\n</gateway>\n'.repeat(20_000);
		const ours = passwordIs("ours").replace(
			"</configuration>",
			`<settings>${param("password", "x")}</settings></configuration>`,
		);
		const section = `<section name="configuration" description="Various Configuration">\n${gateway}${ours}${passwordIs("old")}</section>`;
		const expanded = `<document type="freeswitch/xml">\n${section}\n<section name="dialplan"/>\n</document>\n`;
		assert.equal((await read(expanded)).password, "ours");
	});
});

describe("FreeSWITCH's event_socket.conf.xml, read as FreeSWITCH reads it,", () => {
	it("may have a comment before its first line, preprocessor lines anywhere, blanks around the port and raw & and <", async () => {
		const written = file(param("listen-port", " 8022 "), param("password", "a&b<c"), param("listen-ip", "127.0.0.1"));
		const text = `<!-- Ansible managed -->\n<?xml version="1.0"?>\n<x-pre-process cmd="set" data="a=b"/>\n${written}`;
		const found = { host: "127.0.0.1", port: 8_022, password: "a&b<c", passwordFrom: conf };
		assert.deepEqual(
			await read(text.replace("</settings>", '<X-PRE-PROCESS cmd="include" data="*.xml"/>\n</settings>')),
			found,
		);
		assert.deepEqual(await read(text.replaceAll("\n", "\r\n")), found);
	});

	it("has passwords with raw and escaped characters, each taken as FreeSWITCH takes it", async () => {
		for (const [written, meant] of [
			...[
				["a&b", "a&b"],
				["<", "<"],
				["a>b", "a>b"],
				["&amp;lt;", "&lt;"],
				["&nbsp;", "&nbsp;"],
				["&lt", "&lt"],
			],
			...[
				["it's", "it's"],
				["&#36;&#x2d;", "$-"],
				["&#;&#x;", "&#;&#x;"],
				[" a  b ", " a  b "],
				["-->", "-->"],
			],
		] as [string, string][]) {
			assert.equal((await read(passwordIs(written))).password, meant, written);
		}
		assert.equal((await read(file(`<param name = 'password' value = 'a"b&c'></param>`))).password, 'a"b&c');
	});

	it("has no parameters in comments and in lines that FreeSWITCH drops", async () => {
		for (const dropped of [
			`<!--\n${param("password", "old")}\n-->`,
			`<? ${param("password", "old")} ?>`,
			`<include>${param("password", "old")}</include>`,
			`<!-- X-PRE-PROCESS --> ${param("password", "old")}`,
			`<![CDATA[${param("password", "old")}]]>`,
		]) {
			assert.equal((await read(file(param("password", "new"), dropped))).password, "new", dropped);
		}
	});

	it("has the variables that the file or vars.xml sets plainly, each as it was set last before it", async () => {
		const set = (data: string, cmd = "set") => `<X-PRE-PROCESS cmd="${cmd}" data="${data}"/>`;
		const text = file(
			set("pw = x$${word}&amp;"),
			param("password", "$${pw}$${pw}"),
			param("listen-ip", "$${ip}"),
			set("pw=late"),
		);
		const found = { host: "192.0.2.9", port: 8_021, password: "xw0rd&xw0rd&", passwordFrom: conf };
		for (const place of vars) {
			const lines = [
				set("ip=192.0.2.8"),
				set("word=w0rd"),
				"<!--",
				set("ip=$${host}.9").toLowerCase(),
				"-->",
				set("host=no"),
			];
			writeFileSync(place, `<include>\n${set("host=192.0.2")}\n${lines.join("\n")}\n</include>\n`);
			try {
				assert.deepEqual(await read(text), found, place);
			} finally {
				rmSync(place);
			}
		}
		await unusable(read(text), /^listen-ip is made of a variable/);
	});

	it("has no variables that a command, STUN or the environment sets last, or that no whole directive sets", async () => {
		for (const line of [
			'<X-PRE-PROCESS cmd="stun-set" data="pw=stun.example.org"/>',
			'<X-PRE-PROCESS cmd="exec-set" data="pw=hostname"/>',
			'<X-PRE-PROCESS cmd="env-set" data="pw=$PW"/>',
			'<!-- X-PRE-PROCESS cmd="set" data="pw=x"/ -->',
			'<X-NO-PRE-PROCESS cmd="set" data="pw=x"/>',
			'<X-PRE-PROCESS cmd="set"/>',
			'<X-PRE-PROCESS cmd="set" data="pw"/>',
		]) {
			const before = line.includes("-set") ? '<X-PRE-PROCESS cmd="set" data="pw=x"/>' : "";
			await unusable(read(file(before, line, param("password", "$${pw}"))), /^password is made of a variable/);
		}
	});

	it("is told as before where vars.xml is no file, or too long", async () => {
		const text = passwordIs("$${pw}");
		mkdirSync(vars[0]);
		writeFileSync(vars[1], '<X-PRE-PROCESS cmd="set" data="pw=x"/>\n'.padEnd(4 * 2 ** 20 + 1));
		try {
			await unusable(read(text), /^password is made of a variable/);
		} finally {
			vars.forEach((place) => rmSync(place, { recursive: true }));
		}
	});
});

describe("an event_socket.conf.xml that cannot be used", () => {
	it("is told by the parameter and what it may be, without a password", async () => {
		const made = "is made of a variable, $${…}, whose value only FreeSWITCH knows";
		for (const [name, value, words] of [
			["listen-ip", "$${local_ip_v4}", `${made}; set EVENTSOCKET_HOST (-eshost)`],
			["password", "s3cret$${default_password}", `${made}; set EVENTSOCKET_PASSWORD (-espw)`],
			["listen-port", " 0 ", 'must be a port from 1 to 65535, not "0"; or set EVENTSOCKET_PORT (-esport)'],
			["listen-ip", "a b", 'must be a host name or an address, not "a b"; or set EVENTSOCKET_HOST (-eshost)'],
			["password", "s3cret&#10;exit", "must be one line of text; or set EVENTSOCKET_PASSWORD (-espw)"],
		] as const) {
			await unusable(read(file(param(name, value))), `${name} ${words}`);
		}
	});

	it("is told by its line where its tags do not match, or it has entities of its own; none of it is shown", async () => {
		for (const text of [
			...[
				file("<s3cret>"),
				file("<s3cret><param/>"),
				passwordIs("s3cret").slice(0, -20),
				file('<param name="s3cret/>'),
			],
			passwordIs("s3cret").replace("</settings>", "</setting>"),
		]) {
			await unusable(read(text), /^it is not well-formed XML, at line \d+$/);
		}
		await unusable(read(`<?xml version="1.0"?>\n${file("<s3cret>")}`), "it is not well-formed XML, at line 5");
		const grown = Array.from({ length: 30 }, (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};">`).join("");
		for (const declared of [`<!ENTITY e0 "x">${grown}`, `<!ENTITY e30 SYSTEM "file:///etc/passwd">`]) {
			const words = "it declares entities, which only FreeSWITCH reads, at line 1";
			await unusable(read(`<!DOCTYPE x [${declared}]>${passwordIs("&e30;")}`), words);
		}
	});

	it("is told where it is another file", async () => {
		const words = 'it holds no <configuration name="event_socket.conf"> with <settings>';
		const other = passwordIs("x").replace("event_socket.conf", "sofia.conf");
		for (const text of [
			"<configuration/>",
			'<configuration name="event_socket.conf"/>',
			other,
			"<settings/>",
			"password: s3cret",
			"",
		]) {
			await unusable(read(text), words);
		}
		await unusable(read(Buffer.from([0xff, 0xfe, 0x00, 0x3c])), words);
	});

	it("is told where it is too long", async () => {
		const just = passwordIs("x").padEnd(4 * 2 ** 20, " ");
		assert.equal((await read(just)).password, "x");
		await unusable(read(`${just} `), "it is longer than 4 MiB");
	});

	it("is told where it does not exist, or is no file", async () => {
		for (const [path, words] of [
			[join(directory, "none.xml"), /^it does not exist; is FreeSWITCH installed/],
			[join(conf, "below"), /^it does not exist/],
			[directory, /^it is not a file$/],
			["/dev/null", /^it is not a file$/],
		] as const) {
			await unusable(accessOf({ ...set, conf: path, unset: everything }), words);
		}
	});

	it("is told where this user may not read it", async () => {
		await read(file());
		chmodSync(conf, 0);
		// Root reads everything.
		const isRoot = process.getuid?.() === 0;
		if (isRoot) {
			process.seteuid?.(65_534);
		}
		try {
			await unusable(accessOf({ ...set, conf, unset: everything }), /^this user may not read it \(EACCES\)/);
		} finally {
			if (isRoot) {
				process.seteuid?.(0);
			}
			chmodSync(conf, 0o600);
		}
	});
});
