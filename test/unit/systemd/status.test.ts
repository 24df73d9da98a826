import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AddressRefused, ConfUnusable, Disconnected, PasswordRefused } from "../../../src/freeswitch/errors.ts";
import { whenConnected, whenLost } from "../../../src/systemd/status.ts";

const version = "1.10.12-release~64bit";

describe("the status while FreeSWITCH is there", () => {
	it("counts its rooms, and how many of them are registered", () => {
		assert.equal(
			whenConnected({ version }, { running: 12, registered: 11 }),
			"connected to FreeSWITCH 1.10.12: 12 rooms running, 11 registered",
		);
		assert.equal(
			whenConnected({ version: undefined }, { running: 1, registered: 0 }),
			"connected to FreeSWITCH: 1 room running, 0 registered",
		);
	});

	it("tells what keeps it from knowing them", () => {
		assert.equal(whenConnected({ version }, undefined), "connected to FreeSWITCH 1.10.12");
		assert.equal(
			whenConnected({ version }, { unknown: 'SIP profile "external" is not running in FreeSWITCH' }),
			'connected to FreeSWITCH 1.10.12: SIP profile "external" is not running in FreeSWITCH, retrying',
		);
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
