import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settingsMark } from "../../../src/config/settings-mark.ts";

describe("the mark of the script's settings", () => {
	const environment = { SIP_REGISTRAR: "sip.example.org", SIP_PASSWORD: "s3cret", SIP_ACCOUNT: "", ACCOUNT: "bbb" };
	const mark = settingsMark(environment, ["ACCOUNT"]);

	it("is the same for the same settings, in whatever order, and has the form that scripts expect", () => {
		assert.match(mark, /^[0-9a-z]{10}$/);
		const { SIP_PASSWORD, ...others } = environment;
		assert.equal(settingsMark({ ...others, SIP_PASSWORD }, ["SIP_REGISTRAR", "ACCOUNT", "SIP_REGISTRAR"]), mark);
	});

	const others: [what: string, environment: NodeJS.ProcessEnv, isAnother: boolean][] = [
		["another password", { SIP_PASSWORD: "s3cre7" }, true],
		["a setting of an own script in the settings file", { ACCOUNT: "other" }, true],
		["one more setting", { SIP_EXPIRES: "60" }, true],
		["a variable that systemd gives each start", { INVOCATION_ID: "1" }, false],
		["a setting of the daemon", { LOG_LEVEL: "debug", EVENTSOCKET_PASSWORD: "x" }, false],
		["where snippets lie", { GATEWAY_DIR: "/srv" }, false],
		["an empty setting, which counts as not set", { SIP_TRANSPORT: "" }, false],
	];
	for (const [what, change, isAnother] of others) {
		it(`is ${isAnother ? "another" : "the same"} for ${what}`, () => {
			const names = ["ACCOUNT", "LOG_LEVEL", "GATEWAY_DIR", "EVENTSOCKET_PASSWORD"];
			assert.equal(settingsMark({ ...environment, ...change }, names) !== mark, isAnother);
		});
	}

	it("shows nothing of a value's place: the values of two settings exchanged are others", () => {
		const exchanged = {
			...environment,
			SIP_REGISTRAR: environment.SIP_PASSWORD,
			SIP_PASSWORD: environment.SIP_REGISTRAR,
		};
		assert.notEqual(settingsMark(exchanged, ["ACCOUNT"]), mark);
	});
});
