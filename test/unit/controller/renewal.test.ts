import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Generation } from "../../../src/controller/generation.ts";
import { Renewal } from "../../../src/controller/renewal.ts";

describe("a generation of settings", () => {
	it("has at the daemon's start the mark of the settings, and after each reload another", () => {
		const marks = [0, 1, 2].map((reloads) => new Generation("0a1b", reloads).mark);
		assert.deepEqual(marks, ["0a1b", "0a1b.1", "0a1b.2"]);
	});

	it("is at the daemon's start that of gateways with its settings, whatever an earlier daemon was told", () => {
		const generation = new Generation("0a1b");
		const matching = ["0a1b", "0a1b.1", "0a1b.12", "0a1", "0a1b2", "ffff", "ffff.1"].filter((mark) =>
			generation.matches(mark),
		);
		assert.deepEqual(matching, ["0a1b", "0a1b.1", "0a1b.12"]);
	});

	it("is after a reload that of gateways loaded since then only", () => {
		const generation = new Generation("0a1b", 2);
		assert.deepEqual(
			["0a1b", "0a1b.1", "0a1b.2"].filter((mark) => generation.matches(mark)),
			["0a1b.2"],
		);
	});
});

describe("a gateway's settings", () => {
	let generation: Generation;
	let renewal: Renewal;

	beforeEach(() => {
		generation = new Generation("a");
		renewal = new Renewal(() => generation);
	});

	const listed = (...marks: (string | undefined)[]) => {
		const gateways = marks.map((mark) => ({ name: "conf_1", state: "REGED", ...(mark !== undefined && { mark }) }));
		renewal.listed(gateways, true);
	};

	/** The script writes the snippet, and FreeSWITCH loads it. */
	const load = () => {
		renewal.gatewayReplaced();
		renewal.scriptStarted("write");
		renewal.scriptSucceeded();
		renewal.gatewayReplaced();
		renewal.loaded();
	};

	it("are today's where its mark says so", () => {
		listed("a.3");
		assert.deepEqual([renewal.stage, renewal.isCurrent], ["none", true]);
	});

	it("are other ones where its mark says so, until its snippet is written and it is replaced", () => {
		listed("b");
		assert.equal(renewal.stage, "wanted");
		renewal.scriptStarted("write");
		renewal.scriptSucceeded();
		assert.equal(renewal.stage, "written");
		renewal.gatewayReplaced();
		assert.equal(renewal.stage, "none");
	});

	it("are other ones where one of a room's gateways has another mark", () => {
		listed("a", "b");
		assert.equal(renewal.stage, "wanted");
	});

	it("are taken for today's without a mark, until a reload", () => {
		listed(undefined);
		assert.deepEqual([renewal.stage, renewal.isCurrent], ["none", false]);
		generation = new Generation("a", 1);
		listed(undefined);
		assert.equal(renewal.stage, "wanted");
	});

	it("are those of the snippet that it was loaded from, without a mark", () => {
		generation = new Generation("a", 1);
		load();
		listed(undefined);
		assert.equal(renewal.isCurrent, true);
	});

	it("are other ones where a script wrote its snippet that had begun before a reload", () => {
		renewal.scriptStarted("write");
		generation = new Generation("a", 1);
		renewal.scriptSucceeded();
		renewal.gatewayReplaced();
		assert.equal(renewal.stage, "wanted");
	});

	it("clash where FreeSWITCH has loaded it, and it bears another mark than its snippet, or none", () => {
		for (const mark of ["b", undefined]) {
			renewal = new Renewal(() => generation);
			load();
			listed(mark);
			assert.deepEqual([renewal.clashes, renewal.stage], [true, "none"]);
		}
		listed("a");
		assert.equal(renewal.clashes, false);
	});

	it("do not clash where nobody knows whether the script writes marks", () => {
		load();
		renewal.listed([{ name: "conf_1", state: "REGED" }], false);
		assert.equal(renewal.clashes, false);
	});
});
