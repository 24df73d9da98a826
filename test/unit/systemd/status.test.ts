import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfUnusable, Disconnected, PasswordRefused, Unreachable } from "../../../src/freeswitch/errors.ts";
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
	it("tells where it is looked for", () => {
		const error = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
		assert.equal(whenLost(new Unreachable("127.0.0.1:8021", error)), "cannot reach 127.0.0.1:8021, retrying");
	});

	it("tells every other cause in its own words, and whether it is tried again", () => {
		assert.match(whenLost(new Disconnected("shut down")), /^connection to FreeSWITCH lost: shut down; retrying$/);
		assert.match(whenLost(new ConfUnusable("/x.xml", "it is not a file")), /x\.xml: it is not a file; retrying$/);
		assert.match(whenLost(new PasswordRefused("x:1", "/x.xml")), /refused the password .*; retrying$/);
		assert.match(whenLost(new PasswordRefused("x:1")), /refused the password.*\.xml$/);
	});
});
