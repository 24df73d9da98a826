import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { nextStep, type RoomFacts, type Step } from "../../../src/controller/plan.ts";

const conferences = ["running", "lingering", "ended"] as const;
const gateways = ["none", "up", "trying", "dying", "doubled"] as const;
const snippets = ["unknown", "written", "loaded", "removed"] as const;
const renewals = ["none", "wanted", "turn"] as const;
const either = [false, true] as const;

/** Every combination of facts there is. */
const all: readonly RoomFacts[] = conferences.flatMap((conference) =>
	gateways.flatMap((gateway) =>
		snippets.flatMap((snippet) =>
			renewals.flatMap((renewal) =>
				either.flatMap((raced) =>
					either.flatMap((failing) =>
						either.map((free) => Object.freeze({ conference, gateway, snippet, renewal, raced, failing, free })),
					),
				),
			),
		),
	),
);

function inWords({ conference, gateway, snippet, renewal, raced, failing, free }: RoomFacts): string {
	return `${conference}, gateway ${gateway}, snippet ${snippet}, renewal ${renewal}${raced ? ", raced" : ""}${failing ? ", failing" : ""}${free ? "" : ", not free"}`;
}

/** Holds every combination to which `applies` against what must be true of its step. */
function always(applies: (facts: RoomFacts) => boolean, holds: (step: Step, facts: RoomFacts) => boolean): void {
	const cases = all.filter(applies);
	assert.ok(cases.length > 0);
	for (const facts of cases) {
		const step = nextStep(facts);
		assert.ok(holds(step, facts), `${inWords(facts)}: ${JSON.stringify(step)}`);
	}
}

describe("the step for a room", () => {
	/** The situations that a room goes through, in the order of the table in plan.ts. */
	const situations: [what: string, facts: Partial<RoomFacts>, step: Step][] = [
		["starts: write its snippet and load it", {}, { script: "write", gateway: "load" }],
		["has its snippet written late: load it", { snippet: "written" }, { gateway: "load" }],
		[
			"has its snippet written, and the script is not free: load it",
			{ snippet: "written", free: false },
			{ gateway: "load" },
		],
		["has a script running: wait for that", { free: false }, {}],
		[
			"came back after its snippet was removed: write it and load it",
			{ snippet: "removed" },
			{ script: "write", gateway: "load" },
		],
		["got no gateway by a rescan: that is a failure", { snippet: "loaded" }, { verdict: "not loaded" }],
		["was registered when the daemon started: write its snippet only", { gateway: "up" }, { script: "write" }],
		["is registered: keep it", { gateway: "up", snippet: "loaded" }, {}],
		[
			"came back as its script removed the snippet: write that anew",
			{ gateway: "up", snippet: "removed" },
			{ script: "write" },
		],
		["lost the race: register it again", { gateway: "up", snippet: "loaded", raced: true }, { gateway: "register" }],
		[
			"lost the race while nobody looked: register it again and write its snippet",
			{ gateway: "up", raced: true },
			{ script: "write", gateway: "register" },
		],
		[
			"is to have new settings: write its snippet, and keep its gateway",
			{ gateway: "up", snippet: "loaded", renewal: "wanted" },
			{ script: "write" },
		],
		[
			"is to have new settings, and its script is not free: keep it",
			{ gateway: "up", snippet: "loaded", renewal: "wanted", free: false },
			{},
		],
		[
			"has its turn to get new settings: have it loaded anew",
			{ gateway: "up", snippet: "loaded", renewal: "turn", raced: true },
			{ gateway: "renew" },
		],
		["was un-registered by hand, or is dying: register it", { gateway: "dying" }, { gateway: "register" }],
		["has two gateways: wait until the old one is gone", { gateway: "doubled", raced: true }, {}],
		["lingers: keep everything", { conference: "lingering", gateway: "up", snippet: "loaded" }, {}],
		["lingers without a gateway: write none", { conference: "lingering" }, {}],
		["ended: remove its snippet", { conference: "ended", gateway: "up" }, { script: "remove" }],
		["ended, its script not free: wait for that", { conference: "ended", gateway: "up", free: false }, {}],
		[
			"ended, and its snippet cannot be removed: remove its gateway",
			{ conference: "ended", gateway: "up", failing: true, free: false },
			{ gateway: "kill" },
		],
		[
			"ended, its snippet is tried to be removed again, and its gateway is still there: remove both",
			{ conference: "ended", gateway: "up", failing: true },
			{ script: "remove", gateway: "kill" },
		],
		[
			"ended, its snippet removed: remove its gateway",
			{ conference: "ended", gateway: "up", snippet: "removed" },
			{ gateway: "kill" },
		],
		[
			"ended while an old gateway is dying: remove its snippet, the new one is seen to once the old one is gone",
			{ conference: "ended", gateway: "doubled" },
			{ script: "remove" },
		],
		[
			"ended and its gateway is dying: remove its snippet",
			{ conference: "ended", gateway: "dying" },
			{ script: "remove" },
		],
		[
			"ended while its gateway waits for the registrar's answer: remove its snippet, and kill that later",
			{ conference: "ended", gateway: "trying" },
			{ script: "remove" },
		],
		["ended with nothing left but its snippet: remove that", { conference: "ended" }, { script: "remove" }],
		["ended, and is waited for: nothing", { conference: "ended", gateway: "dying", snippet: "removed" }, {}],
		["ended with nothing left: forget it", { conference: "ended", snippet: "removed" }, { verdict: "over" }],
	];
	for (const [what, facts, step] of situations) {
		it(`that ${what}`, () => {
			const usual: RoomFacts = {
				conference: "running",
				gateway: "none",
				snippet: "unknown",
				renewal: "none",
				raced: false,
				failing: false,
				free: true,
			};
			assert.deepEqual(nextStep({ ...usual, ...facts }), step);
		});
	}
});

describe("whatever is seen and remembered", () => {
	it("all 1,440 combinations are looked at", () => {
		assert.equal(new Set(all.map(inWords)).size, 1_440);
	});

	it("a running room loses neither its gateway nor its snippet, and is not forgotten", () => {
		always(
			({ conference }) => conference === "running",
			({ script, gateway, verdict }) => script !== "remove" && gateway !== "kill" && verdict !== "over",
		);
	});

	it("a lingering room is left as it is", () => {
		always(
			({ conference }) => conference === "lingering",
			(step) => Object.keys(step).length === 0,
		);
	});

	it("nothing is written or loaded for a room whose gateway is dying, alone or beside another", () => {
		always(
			({ gateway }) => gateway === "dying" || gateway === "doubled",
			({ script, gateway }) => script !== "write" && gateway !== "load",
		);
	});

	it("nothing is written, loaded or registered for a room that has ended", () => {
		always(
			({ conference }) => conference === "ended",
			({ script, gateway }) => script !== "write" && gateway !== "load" && gateway !== "register",
		);
	});

	it("no script runs where it may not", () => {
		always(
			({ free }) => !free,
			({ script }) => script === undefined,
		);
	});

	it("an ended room's gateway that is up is killed once its snippet is removed, or cannot be", () => {
		always(
			({ conference, gateway }) => conference === "ended" && gateway === "up",
			({ gateway }, { snippet, failing }) => (gateway === "kill") === (snippet === "removed" || failing),
		);
	});

	it("no gateway is killed that is dying already, or not there, or waits or may wait for an answer that would outlive it", () => {
		always(
			({ gateway }) => gateway !== "up",
			({ gateway }) => gateway !== "kill",
		);
	});

	it("an ended room's snippet is removed wherever one can be and the script may run", () => {
		always(
			({ conference, snippet, free }) => conference === "ended" && snippet !== "removed" && free,
			({ script }) => script === "remove",
		);
	});

	it("a running room without a gateway always has something done for it, unless its script holds it up", () => {
		always(
			({ conference, gateway, snippet, free }) =>
				conference === "running" && gateway === "none" && (free || snippet === "written" || snippet === "loaded"),
			({ gateway, verdict }) => gateway === "load" || verdict === "not loaded",
		);
	});

	it("a running room's gateway that waits for its answer is treated as one that is up", () => {
		always(
			({ conference, gateway, renewal }) => conference === "running" && gateway === "trying" && renewal !== "turn",
			(step, facts) => isDeepStrictEqual(step, nextStep({ ...facts, gateway: "up" })),
		);
	});

	it("a rescan is asked for only where a snippet is written or is being written, and no gateway is there", () => {
		always(
			(facts) => nextStep(facts).gateway === "load",
			({ script }, { gateway, snippet }) => gateway === "none" && (snippet === "written" || script === "write"),
		);
	});

	it("a gateway is registered again only where one is there", () => {
		always(
			(facts) => nextStep(facts).gateway === "register",
			(_, { gateway, raced }) => gateway === "dying" || ((gateway === "up" || gateway === "trying") && raced),
		);
	});

	it("a room that lost the race is registered again at once", () => {
		always(
			({ conference, gateway, raced }) => conference === "running" && gateway === "up" && raced,
			(step) => step.gateway === "register" || step.gateway === "renew",
		);
	});

	it("a gateway is loaded anew only where its new snippet lies there, and no answer of the registrar's is out", () => {
		always(
			(facts) => nextStep(facts).gateway === "renew",
			({ script }, { conference, gateway, snippet, renewal }) =>
				script === undefined &&
				conference === "running" &&
				gateway === "up" &&
				snippet === "loaded" &&
				renewal === "turn",
		);
	});

	it("a room is forgotten only when it has ended and nothing of it is left", () => {
		always(
			(facts) => nextStep(facts).verdict === "over",
			(step, { conference, gateway, snippet }) =>
				conference === "ended" && gateway === "none" && snippet === "removed" && Object.keys(step).length === 1,
		);
	});

	it("a gateway counts as not loaded only after a rescan with its snippet, and then nothing else is done", () => {
		always(
			(facts) => nextStep(facts).verdict === "not loaded",
			(step, { gateway, snippet }) => gateway === "none" && snippet === "loaded" && Object.keys(step).length === 1,
		);
	});
});
