import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { assignments } from "../../../src/config/environment-file.ts";
import { environmentFiles } from "../../fixtures/environment-files.ts";

describe("a file for EnvironmentFile=", () => {
	for (const { what, text, means } of environmentFiles) {
		it(`is understood as systemd does: ${what}`, () => {
			assert.deepEqual(Object.fromEntries(assignments(text)), means);
		});
	}

	it("gives every value back that is written as the sample says", () => {
		const line = fc.string({ unit: "grapheme" }).filter((value) => !/[\n\r\0]/.test(value));
		fc.assert(
			fc.property(line, (value) => {
				const quoted = value.includes("'") ? `"${value.replace(/["\\`$]/g, "\\$&")}"` : `'${value}'`;
				assert.equal(assignments(`BEFORE=1\nSIP_PASSWORD=${quoted}\nAFTER=2\n`).get("SIP_PASSWORD"), value);
			}),
		);
	});

	it("comes to an end whatever is in it, and keeps to names that can be variables", () => {
		const pieces = fc.constantFrom("A", "b1", "=", "'", '"', "\\", "\n", "\r", " ", "\t", "#", ";", "$", "`", "ä");
		fc.assert(
			fc.property(fc.array(pieces, { maxLength: 60 }), (all) => {
				for (const name of assignments(all.join("")).keys()) {
					assert.match(name, /^[A-Za-z_]\w*$/);
				}
			}),
			{ numRuns: 2_000 },
		);
	});

	it("is the shipped sample", () => {
		const sample = readFileSync(fileURLToPath(new URL("../../../fsconfregger.sample", import.meta.url)), "utf8");
		const expected = [...sample.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
		assert.ok(expected.length > 3);
		assert.deepEqual([...assignments(sample)], expected);
	});
});
