import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printable } from "../../../src/log/printable.ts";

describe("printable text", () => {
	it("has no control character but newlines, and each of the others can be told", () => {
		const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index)];
		for (const code of controls.filter((one) => one !== 0x0a)) {
			assert.equal(printable(`a${String.fromCharCode(code)}b`), `a\\x${code.toString(16).padStart(2, "0")}b`);
		}
		assert.equal(printable("a\nb\u001b[31mred\u009b0m\r\n"), "a\nb\\x1b[31mred\\x9b0m\\x0d\n");
	});

	it("is left alone otherwise", () => {
		assert.equal(printable('Zoë 🎧 "x" \\ 漢字 \u00a0~'), 'Zoë 🎧 "x" \\ 漢字 \u00a0~');
	});
});
