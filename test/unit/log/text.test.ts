import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { excerpt, messageOf, printable, redact, secretsIn } from "../../../src/log/text.ts";

describe("printable text", () => {
	it("has no control character but newlines, and each of the others can be told", () => {
		const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index)];
		for (const code of controls.filter((one) => one !== 0x0a)) {
			assert.equal(printable(`a${String.fromCharCode(code)}b`), `a\\x${code.toString(16).padStart(2, "0")}b`);
		}
		assert.equal(printable("a\nb\u001b[31mred\u009b0m\r\n"), "a\nb\\x1b[31mred\\x9b0m\\x0d\n");
	});

	it("is left alone otherwise", () =>
		assert.equal(printable('Zoë 🎧 "x" \\ 漢字 \u00a0~'), 'Zoë 🎧 "x" \\ 漢字 \u00a0~'));
});

describe("an excerpt", () => {
	it("is one printable line, of 200 characters at most", () => {
		assert.equal(excerpt(" -ERR\r\n\tno\u001b such  gateway\n"), "-ERR no\\x1b such gateway");
		assert.equal(excerpt("x".repeat(200)), "x".repeat(200));
		assert.equal(excerpt("x".repeat(201)), `${"x".repeat(200)}…`);
	});
});

describe("the message of what was thrown", () => {
	it("is an error's own, and of anything else how it is written", () =>
		assert.deepEqual([new Error("no"), "no", { code: 1 }].map(messageOf), ["no", '"no"', '{"code":1}']));
});

describe("a secret", () => {
	/** What is shown of an output in which this variable's value may stand. */
	const shown = (output: string, value: string, name = "SIP_PASSWORD") =>
		redact(output, secretsIn({ [name]: value }), false);

	for (const [how, value, output] of [
		["as it is", `p"s's`, `p"s's`],
		["in a shell's single quotes", "p's", "p'\\''s"],
		["in a shell's double quotes", 'p"$`\\s', 'p\\"\\$\\`\\\\s'],
		["by a shell that quotes with backslashes", `p "'&;s`, "p\\ \\\"\\'\\&\\;s"],
		["as JSON", 'p"$\t\\s', 'p\\"$\\t\\\\s'],
		["as XML's text", `p<"&'>s`, `p&lt;"&amp;'&gt;s`],
		["as XML's text, with > as it is", "p<>s", "p&lt;>s"],
		["as XML in quotation marks", `p"&'s`, "p&quot;&amp;'s"],
		["as XML in apostrophes", `p"&'s`, `p"&amp;&apos;s`],
		["as XML in which all quotes are escaped", `p"&'s`, "p&quot;&amp;&apos;s"],
		["as HTML, with the apostrophe in decimals", `p"'s`, "p&quot;&#39;s"],
		["as HTML, with the apostrophe in three decimals", `p"'s`, "p&quot;&#039;s"],
		["as HTML, with a hexadecimal apostrophe", `p"'s`, "p&quot;&#x27;s"],
		["as XML in decimals", `p"&<s`, "p&#34;&#38;&#60;s"],
		["as the shipped script writes it into a snippet", `$x-X-p-"&'s`, "&#36;x&#45;X&#45;p-&quot;&amp;&apos;s"],
	] as const) {
		it(`is masked ${how}`, () => assert.equal(shown(`a ${output}, ${output}`, value), "a ***, ***"));
	}

	it("is masked although the output begins amid it, in whatever form", () => {
		const secrets = secretsIn({ SIP_PASSWORD: 'hunter"2&more' });
		for (const rest of ['ter"2&more', "ot;2&amp;more", 'er\\"2&more']) {
			assert.equal(redact(`${rest} b`, secrets, true), " b");
		}
	});

	it("is told by its variable's name, and masks nothing where it is empty", () => {
		for (const name of ["SIP_PASSWORD", "DB_PASSWD", "API_TOKEN", "client_secret"]) {
			assert.equal(shown("=hunter2", "hunter2", name), "=***");
		}
		assert.equal(shown("=hunter2", "hunter2", "SIP_REGISTRAR"), "=hunter2");
		assert.deepEqual(secretsIn({ SIP_PASSWORD: "", API_TOKEN: undefined }), []);
	});
});
