import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { gatewayOf, type Room, roomOf, roomsMatching } from "../../src/room.ts";

const byDefault = roomsMatching("[0-9]+");

/** A pattern as careless as an administrator can set it. */
const anything = roomsMatching("[^]*");

/** Whether every character is one that can stand in a command line, a file name and a command of FreeSWITCH's. */
function isHarmless(name: string): boolean {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	for (let at = 0; at < name.length; at++) {
		if (!allowed.includes(name.charAt(at))) {
			return false;
		}
	}
	return name.length > 0 && name.length <= 64 && !"._-".includes(name.charAt(0));
}

describe("a room's name", () => {
	for (const name of ["1", "12345", "07974", "000", "12345678901", "1".repeat(64)]) {
		it(`can be ${name}`, () => assert.equal(byDefault(name), name));
	}

	const others: [what: string, name: string][] = [
		["nothing", ""],
		["longer than 64 characters", "1".repeat(65)],
		["digits and a line's end", "12345\n"],
		["a line's end and digits", "\n12345"],
		["two lines", "12345\n12345"],
		["two words", "123 45"],
		["a negative number", "-12345"],
		["digits with a letter", "12345a"],
		["digits that are not ASCII", "１２３４５"],
		["digits with a null character", "123\u000045"],
		["a room's gateway", "conf_12345"],
		["a path", "../12345"],
		["BigBlueButton's echo test", "echo-12345"],
	];
	for (const [what, name] of others) {
		it(`is not ${what}`, () => assert.equal(byDefault(name), undefined));
	}

	it("matches the pattern as a whole, alternatives too", () => {
		const rooms = roomsMatching("1|22|x[0-9]+");
		const names = ["1", "22", "x7", "12", "122", "x", "x7y", "221"];
		assert.deepEqual(names.map(rooms), ["1", "22", "x7", undefined, undefined, undefined, undefined, undefined]);
	});

	it("is harmless, whatever the conference is called and whatever the pattern is", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 80 }), (name) =>
				assert.equal(anything(name), isHarmless(name) ? name : undefined),
			),
		);
	});

	it("holds no other character at any place", () => {
		const allowed = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
		fc.assert(
			fc.property(
				allowed,
				fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 3 }),
				fc.nat(),
				(name, other, at) => {
					assert.equal(anything(name), name);
					const place = at % (name.length + 1);
					const mixed = name.slice(0, place) + other + name.slice(place);
					assert.equal(anything(mixed), isHarmless(mixed) ? mixed : undefined);
				},
			),
		);
	});

	for (const pattern of ["[0-9", "(", "a)|(b", "*"]) {
		it(`is not looked for with ${pattern}, which is no regular expression`, () =>
			assert.throws(() => roomsMatching(pattern), SyntaxError));
	}
});

describe("a gateway", () => {
	it("is called by its room, leading zeros included, and leads back to it", () => {
		const room = byDefault("07974") as Room;
		assert.equal(gatewayOf(room), "conf_07974");
		assert.equal(roomOf("conf_07974", byDefault), room);
	});

	for (const name of [
		"",
		"conf_",
		"12345",
		"CONF_12345",
		"xconf_12345",
		"conf_conf_12345",
		"conf_12345 ",
		"conf_trunk",
	]) {
		it(`called ${JSON.stringify(name)} is not ours`, () => assert.equal(roomOf(name, byDefault), undefined));
	}

	it("is ours only by how its name begins, under any pattern", () => {
		for (const name of ["aaconf_1", "trunk-conf_1", "Conf_1", "trunk"]) {
			assert.equal(roomOf(name, anything), undefined);
		}
	});

	it("has the one room that it is called by, under any pattern", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary-ascii" }), (name) => {
				const room = anything(name);
				if (room !== undefined) {
					assert.equal(roomOf(gatewayOf(room), anything), room);
				}
				assert.equal(roomOf(`conf_${name}`, anything), room);
			}),
		);
	});
});
