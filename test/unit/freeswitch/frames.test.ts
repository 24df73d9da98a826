import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Frame, Frames } from "../../../src/freeswitch/frames.ts";
import "../../support/seed.ts";

/** What comes of data in these pieces. */
function read(pieces: readonly (string | Buffer)[], longest = 1_000): Frame[] {
	const frames = new Frames(longest);
	return pieces.flatMap((piece) => {
		frames.add(Buffer.from(piece));
		return all(frames);
	});
}

function all(frames: Frames): Frame[] {
	const found: Frame[] = [];
	for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
		found.push(frame);
	}
	return found;
}

function frameOf(headers: Readonly<Record<string, string>>, body: string): string {
	const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
	return `${lines.join("")}\n${body}`;
}

describe("frames", () => {
	it("are the same however the data is cut", () => {
		const bodies = fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 6 });
		fc.assert(
			fc.property(bodies, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (texts, lengths) => {
				const frames = texts.map((body, index) => ({
					headers: { "Content-Type": `text/${index}`, "Content-Length": String(Buffer.byteLength(body)) },
					body: Buffer.from(body).toString(),
				}));
				const data = Buffer.from(frames.map(({ headers, body }) => frameOf(headers, body)).join(""));
				const pieces: Buffer[] = [];
				for (let from = 0; from < data.length; from += pieces.at(-1)?.length ?? 0) {
					pieces.push(data.subarray(from, from + (lengths[pieces.length % lengths.length] ?? 1)));
				}
				assert.deepEqual(read(pieces), frames);
			}),
		);
	});

	it("have no body where no length is told, or none that is a number", () => {
		assert.deepEqual(read(["A: 1\n\nContent-Length: -1\n\nContent-Length: 2x\n\nB: 2\n\n"]), [
			{ headers: { A: "1" }, body: "" },
			{ headers: { "Content-Length": "-1" }, body: "" },
			{ headers: { "Content-Length": "2x" }, body: "" },
			{ headers: { B: "2" }, body: "" },
		]);
	});

	it("have headers with all that follows the first colon, and no line that is none", () => {
		assert.deepEqual(read(["Reply-Text: +OK a: b\nnonsense\n__proto__: x\nEmpty: \n\n"]), [
			{
				headers: Object.fromEntries([...Object.entries({ "Reply-Text": "+OK a: b", Empty: "" }), ["__proto__", "x"]]),
				body: "",
			},
		]);
	});

	it("may be as many in one piece of data as there is place for", () =>
		assert.equal(read(["\n".repeat(1_000_000)]).length, 500_000));

	it("may be as long as is allowed, headers included, and not a byte more", () => {
		const head = "Content-Length: 980\n\n";
		assert.equal(head.length, 21);
		const frame = head + "x".repeat(980);
		assert.equal(read([frame, frame], 1_001).length, 2);
		assert.equal(read([frame], 1_000).length, 0);
		const frames = new Frames(1_000);
		frames.add(Buffer.from(`A: 1\n\n${head}`));
		assert.equal(all(frames).length, 1);
		assert.ok(frames.isTooLong, "as soon as it says so");
		frames.add(Buffer.from("x".repeat(980)));
		assert.equal(frames.next(), undefined);
	});

	it("are too long, too, when their headers do not end", () => {
		const frames = new Frames(1_000);
		frames.add(Buffer.from("x".repeat(1_000)));
		assert.equal(frames.next(), undefined);
		assert.ok(!frames.isTooLong);
		frames.add(Buffer.from("x"));
		assert.equal(frames.next(), undefined);
		assert.ok(frames.isTooLong);
	});
});
