import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { excerpt, messageOf, printable } from "../../../src/log/text.ts";

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
