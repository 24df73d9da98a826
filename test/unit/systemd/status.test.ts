import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AddressRefused, ConfUnusable, Disconnected, PasswordRefused } from "../../../src/freeswitch/errors.ts";
import { whenConnected, whenLost } from "../../../src/systemd/status.ts";

const version = "1.10.12-release~64bit";

describe("the status while FreeSWITCH is there", () => {
	it("counts its rooms, and how many of them are registered, or tells what keeps it from knowing them", () => {
		const unknown = 'SIP profile "external" is not running in FreeSWITCH';
		for (const [given, rooms, sentence] of [
			[version, { running: 12, registered: 11, partial: 0 }, " 1.10.12: 12 rooms running, 11 registered"],
			[undefined, { running: 1, registered: 0, partial: 0 }, ": 1 room running, 0 registered"],
			[undefined, { running: 2, registered: 2, partial: 1 }, ": 2 rooms running, 2 registered, 1 of them in part"],
			[version, undefined, " 1.10.12"],
			[version, { unknown }, ` 1.10.12: ${unknown}, retrying`],
		] as const) {
			assert.equal(whenConnected({ version: given }, rooms), `connected to FreeSWITCH${sentence}`);
		}
	});
});

describe("the status while FreeSWITCH is not there", () => {
	it("tells the cause, and whether another try is made", () => {
		assert.equal(whenLost(new Disconnected("shut down")), "connection to FreeSWITCH lost: shut down; retrying");
		assert.match(whenLost(new ConfUnusable("/x.xml", "it is not a file")), /x\.xml: it is not a file; retrying$/);
		assert.match(whenLost(new PasswordRefused("x:1", "/x.xml")), /refused the password .*; retrying$/);
		assert.match(whenLost(new PasswordRefused("x:1")), /refused the password.*\.xml$/);
		assert.match(whenLost(new AddressRefused("x:1")), /refused this host's address.*\.xml$/);
	});
});
