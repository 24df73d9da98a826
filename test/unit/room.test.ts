import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { gatewayOf, type Room, roomOf, roomsMatching } from "../../src/room.ts";
import "../support/seed.ts";

const byDefault = roomsMatching("[0-9]+");

/** A pattern as careless as an administrator can set it. */
const anything = roomsMatching("[^]*");

const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/** Whether a name has only characters that can stand in a command line, a file name and a command of FreeSWITCH's. */
const isHarmless = (name: string) =>
	name.split("").every((character) => allowed.includes(character)) && /^[^._-].{0,63}$/.test(name);

describe("a room's name", () => {
	it("can be any digits, up to 64", () => {
		for (const name of ["1", "12345", "07974", "000", "12345678901", "1".repeat(64)]) {
			assert.equal(byDefault(name), name);
		}
	});

	it("is nothing else: not empty, longer, of two lines or words, or with any other character", () => {
		for (const name of [
			...["", "1".repeat(65), "12345\n", "\n12345", "12345\n12345", "123 45", "-12345", "12345a", "１２３４５"],
			...["123\u000045", "conf_12345", "../12345", "echo-12345"],
		]) {
			assert.equal(byDefault(name), undefined, name);
		}
	});

	it("matches the pattern as a whole, alternatives too", () => {
		const rooms = roomsMatching("1|22|x[0-9]+");
		assert.deepEqual(["1", "22", "x7"].map(rooms), ["1", "22", "x7"]);
		assert.deepEqual(["12", "122", "x", "x7y", "221"].map(rooms), Array(5).fill(undefined));
	});

	it("is harmless, whatever the conference is called and whatever the pattern is", () => {
		const harmless = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
		const odd = fc.string({ unit: "binary-ascii", maxLength: 3 });
		fc.assert(
			fc.property(harmless, odd, fc.nat(), fc.string({ unit: "binary", maxLength: 80 }), (name, other, at, any) => {
				const place = at % (name.length + 1);
				for (const mixed of [name, name.slice(0, place) + other + name.slice(place), any]) {
					assert.equal(anything(mixed), isHarmless(mixed) ? mixed : undefined);
				}
			}),
			{ numRuns: 200 },
		);
	});

	it("is told by groups, quantifiers and alternatives like by any pattern, however many names there are", () => {
		const rooms = roomsMatching("(?:1[0-9]*)+|([ab]{2}c?)?x");
		rooms.tooSlow = (name) => assert.ok(false, name);
		for (let turn = 0; turn < 2; turn++) {
			assert.deepEqual(["1", "10", "abcx", "x", "2", "abc", "x x", "1\n"].map(rooms), [
				...["1", "10", "abcx", "x"],
				...Array<undefined>(4).fill(undefined),
			]);
		}
		for (let number = 0; number < 20_100; number++) {
			assert.equal(rooms(`1${number}`), `1${number}`);
		}
	});

	it("is no name for which the pattern takes for ever, and that is told of the first one", () => {
		const rooms = roomsMatching("(a+)+");
		const told: string[] = [];
		rooms.tooSlow = (name) => told.push(name);
		const slow = ["b", "-"].map((end) => "a".repeat(60) + end);
		for (let turn = 0; turn < 1_000; turn++) {
			assert.deepEqual([...slow, "aaa"].map(rooms), [undefined, undefined, "aaa"]);
		}
		assert.deepEqual(told, slow.slice(0, 1));
		assert.equal(roomsMatching("(a+)+")(slow[0] ?? ""), undefined);
	});

	it("is not looked for with what is no regular expression", () => {
		for (const pattern of ["[0-9", "(", "a)|(b", "*"]) {
			assert.throws(() => roomsMatching(pattern), SyntaxError, pattern);
		}
	});
});

describe("a gateway", () => {
	it("is called by its room, leading zeros included, and leads back to it", () => {
		const room = byDefault("07974") as Room;
		assert.equal(gatewayOf(room), "conf_07974");
		assert.equal(roomOf("conf_07974", byDefault), room);
	});

	it("of another name is not ours", () => {
		for (const name of ["", "conf_", "12345", "conf_conf_12345", "conf_12345 ", "conf_trunk"]) {
			assert.equal(roomOf(name, byDefault), undefined, name);
		}
		for (const name of ["CONF_12345", "xconf_12345", "aaconf_1", "trunk-conf_1", "Conf_1", "trunk"]) {
			assert.equal(roomOf(name, anything), undefined, name);
		}
	});

	it("has the one room that it is called by, under any pattern", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary-ascii" }), (name) => {
				const room = anything(name);
				assert.equal(roomOf(`conf_${name}`, anything), room);
				assert.ok(room === undefined || gatewayOf(room) === `conf_${name}`);
			}),
		);
	});
});
