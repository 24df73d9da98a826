import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { nextStep, type RoomFacts, type Step } from "../../../src/controller/plan.ts";

const conferences = ["running", "lingering", "ended", "away"] as const;
const gateways = ["none", "new", "up", "trying", "dying", "doubled"] as const;
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
						either.flatMap((free) =>
							either.flatMap((killed) =>
								either.flatMap((foreign) =>
									either.flatMap((incomplete) =>
										either.map((due) => {
											const flags = { due, incomplete, raced, killed, foreign, failing, free };
											return Object.freeze({ conference, gateway, snippet, renewal, ...flags });
										}),
									),
								),
							),
						),
					),
				),
			),
		),
	),
);

function inWords({ conference, gateway, snippet, renewal, free, ...flags }: RoomFacts): string {
	const raised = Object.entries(flags).flatMap(([name, is]) => (is ? [name] : []));
	const words = [conference, `gateway ${gateway}`, `snippet ${snippet}`, `renewal ${renewal}`, ...raised];
	return [...words, ...(free ? [] : ["not free"])].join(", ");
}

const usual: RoomFacts = {
	conference: "running",
	gateway: "none",
	snippet: "unknown",
	renewal: "none",
	due: false,
	incomplete: false,
	raced: false,
	killed: false,
	foreign: false,
	failing: false,
	free: true,
};

/** What the words of the table below say of a room in place of the usual. */
const said = new Map<string, Partial<RoomFacts>>([
	...conferences.map((conference) => [conference, { conference }] as const),
	...gateways.map((gateway) => [gateway, { gateway }] as const),
	...snippets.map((snippet) => [snippet, { snippet }] as const),
	...renewals.map((renewal) => [renewal, { renewal }] as const),
	["raced", { raced: true }],
	["killed", { killed: true }],
	["incomplete", { incomplete: true }],
	["due", { due: true }],
	["foreign", { foreign: true }],
	["failing", { failing: true }],
	["busy", { free: false }],
]);

function isRemoval(gateway: NonNullable<Step["gateway"]>): boolean {
	return ["kill", "discard", "unregister"].includes(gateway);
}

/** What the words of the table below say of a step. */
const steps: Readonly<Record<string, Step>> = {
	nothing: {},
	write: { script: "write" },
	remove: { script: "remove" },
	load: { gateway: "load" },
	kill: { gateway: "kill" },
	discard: { gateway: "discard" },
	register: { gateway: "register" },
	renew: { gateway: "renew" },
	unregister: { gateway: "unregister" },
	"not loaded": { verdict: "not loaded" },
	over: { verdict: "over" },
};

describe("the step for a room", () => {
	/** The situations that a room goes through, in the order of the table in plan.ts. `busy`: its script may not run. */
	const situations: [title: string, facts: string, step: string][] = [
		["that starts: write its snippet and load it", "running", "write, load"],
		["whose snippet was written late: load it", "written", "load"],
		["whose snippet is written while the script is not free: load it", "written, busy", "load"],
		["whose script runs: wait for that", "busy", "nothing"],
		["that came back after its snippet was removed: write it and load it", "removed", "write, load"],
		["that got no gateway by a rescan: that is a failure", "loaded", "not loaded"],
		["that was registered when the daemon started: write its snippet only", "up", "write"],
		["that is registered: keep it", "up, loaded", "nothing"],
		["that came back as its script removed the snippet: write that anew", "up, removed", "write"],
		["that lost the race: register it again", "up, loaded, raced", "register"],
		["that lost the race while nobody looked: register it again and write its snippet", "up, raced", "write, register"],
		["that is to have new settings: write its snippet, and keep its gateway", "up, loaded, wanted", "write"],
		["that is to have new settings, its script not free: keep it", "up, loaded, wanted, busy", "nothing"],
		["whose turn it is to get new settings: have it loaded anew", "up, loaded, turn, raced", "renew"],
		["whose gateway was un-registered by hand, or is dying: register it", "dying", "register"],
		["that has two gateways: wait until the old one is gone", "doubled, raced", "nothing"],
		["that lacks one of its gateways: write its snippet, and load it", "up, incomplete", "write, load"],
		["that lacks one whose snippet is written: load it", "up, written, incomplete", "load"],
		["that lacks one although its snippet was loaded: that is a failure", "up, loaded, incomplete", "not loaded"],
		["that lingers: keep its gateway, and remove its snippet", "lingering, up, loaded", "remove"],
		["that lingers and whose snippet is removed: keep its gateway", "lingering, up, removed", "nothing"],
		["that ran when FreeSWITCH went: remove its snippet", "away, up, loaded", "remove"],
		["whose snippet was removed when FreeSWITCH went: wait for FreeSWITCH", "away, up, removed", "nothing"],
		["that ended: remove its snippet", "ended, up", "remove"],
		["that ended, its script not free: wait for that", "ended, up, busy", "nothing"],
		["that ended and whose snippet cannot be removed: kill its gateway", "ended, up, failing, busy", "kill"],
		[
			"that ended, at the next try to remove its snippet: remove it, and kill its gateway",
			"ended, up, failing",
			"remove, kill",
		],
		["that ended and whose snippet is removed: kill its gateway", "ended, up, removed", "kill"],
		[
			"that ended while an old gateway is dying: remove its snippet, and see to the new one later",
			"ended, doubled",
			"remove",
		],
		["that ended and whose gateway is dying: remove its snippet", "ended, dying", "remove"],
		[
			"that ended while its gateway waits for an answer: remove its snippet, and kill that later",
			"ended, trying",
			"remove",
		],
		["that ended with nothing left but its snippet: remove that", "ended", "remove"],
		[
			"that ended and whose gateway is new: kill that at once, and remove its snippet",
			"ended, new, due",
			"remove, discard",
		],
		["that ended and whose new gateway is there beside a dying one: kill it", "ended, doubled, due", "remove, discard"],
		["that ended and whose new gateway was killed: remove its snippet", "ended, new, killed", "remove"],
		["that ended and whose gateway is dying, its snippet removed: wait", "ended, dying, removed, killed", "nothing"],
		["that ended and whose gateway was un-registered by hand: kill it", "ended, dying, removed", "kill"],
		["that ended and whose gateway comes back: remove its snippet", "ended, up, foreign", "remove"],
		[
			"that ended and whose gateway comes back all the same: un-register it",
			"ended, up, removed, foreign",
			"unregister",
		],
		["whose gateway comes back: un-register it before it registers", "ended, new, due, foreign", "remove, unregister"],
		["whose gateway came back and is un-registered: leave it", "ended, dying, removed, foreign", "nothing"],
		["that ended with nothing left: forget it", "ended, removed", "over"],
	];
	for (const [title, facts, step] of situations) {
		it(title, () => {
			const known = facts.split(", ").map((word) => said.get(word) ?? assert.fail(word));
			const expected = step.split(", ").map((word) => steps[word] ?? assert.fail(word));
			assert.deepEqual(nextStep(Object.assign({ ...usual }, ...known) as RoomFacts), Object.assign({}, ...expected));
		});
	}
});

describe("whatever is seen and remembered", () => {
	it("is one of 36,864 combinations", () => {
		assert.equal(new Set(all.map(inWords)).size, 36_864);
	});

	const rules: [
		title: string,
		applies: (facts: RoomFacts) => boolean,
		holds: (step: Step, facts: RoomFacts) => boolean,
	][] = [
		[
			"a running room loses neither its gateway nor its snippet, and is not forgotten",
			({ conference }) => conference === "running",
			({ script, gateway, verdict }) =>
				script !== "remove" && (gateway === undefined || !isRemoval(gateway)) && verdict !== "over",
		],
		[
			"nothing but a snippet's removal is done for a room that lingers, or while FreeSWITCH is away",
			({ conference }) => conference === "lingering" || conference === "away",
			({ script, ...others }) => script !== "write" && Object.keys(others).length === 0,
		],
		[
			"nothing is written or loaded for a room whose gateway is dying, alone or beside another",
			({ gateway }) => gateway === "dying" || gateway === "doubled",
			({ script, gateway }) => script !== "write" && gateway !== "load",
		],
		[
			"nothing is written, loaded or registered for a room that has ended",
			({ conference }) => conference === "ended",
			({ script, gateway }) => script !== "write" && gateway !== "load" && gateway !== "register",
		],
		["no script runs where it may not", ({ free }) => !free, ({ script }) => script === undefined],
		[
			"an ended room's gateway that is up goes once its snippet is removed, or cannot be",
			({ conference, gateway, killed, due }) => conference === "ended" && gateway === "up" && !killed && !due,
			({ gateway = "load" }, { snippet, failing }) => isRemoval(gateway) === (snippet === "removed" || failing),
		],
		[
			"an ended room's gateway that is about to register is kept from it",
			({ conference, due }) => conference === "ended" && due,
			({ gateway = "load" }) => isRemoval(gateway),
		],
		[
			"no gateway goes that was killed already, or is not there, or waits or may wait for an answer that would outlive it",
			({ gateway, killed, due }) => !due && (killed || ["none", "trying", "doubled"].includes(gateway)),
			({ gateway = "load" }) => !isRemoval(gateway),
		],
		[
			"an ended room's snippet is removed wherever one can be and the script may run",
			({ conference, snippet, free }) => conference === "ended" && snippet !== "removed" && free,
			({ script }) => script === "remove",
		],
		[
			"a running room without a gateway always has something done for it, unless its script holds it up",
			({ conference, gateway, snippet, free }) =>
				conference === "running" && gateway === "none" && (free || snippet === "written" || snippet === "loaded"),
			({ gateway, verdict }) => gateway === "load" || verdict === "not loaded",
		],
		[
			"a running room's gateway that is new or waits for its answer is treated as one that is up",
			({ conference, gateway, renewal }) =>
				conference === "running" && (gateway === "new" || gateway === "trying") && renewal !== "turn",
			(step, facts) => isDeepStrictEqual(step, nextStep({ ...facts, gateway: "up" })),
		],
		[
			"a rescan is asked for only where a snippet is written or is being written, and a gateway is missing",
			(facts) => nextStep(facts).gateway === "load",
			({ script }, { gateway, snippet, incomplete }) =>
				(gateway === "none" || incomplete) && (snippet === "written" || script === "write"),
		],
		[
			"a gateway is registered again only where one is there",
			(facts) => nextStep(facts).gateway === "register",
			(_, { gateway, raced }) => gateway === "dying" || (["new", "up", "trying"].includes(gateway) && raced),
		],
		[
			"a room that lost the race is registered again at once",
			({ conference, gateway, raced }) => conference === "running" && gateway === "up" && raced,
			(step) => step.gateway === "register" || step.gateway === "renew",
		],
		[
			"a gateway is loaded anew only where its new snippet lies there, and no answer of the registrar's is out",
			(facts) => nextStep(facts).gateway === "renew",
			({ script }, { conference, gateway, snippet, renewal }) =>
				script === undefined &&
				conference === "running" &&
				gateway === "up" &&
				snippet === "loaded" &&
				renewal === "turn",
		],
		[
			"a room is forgotten only when it has ended and nothing of it is left",
			(facts) => nextStep(facts).verdict === "over",
			(step, { conference, gateway, snippet }) =>
				conference === "ended" && gateway === "none" && snippet === "removed" && Object.keys(step).length === 1,
		],
		[
			"a gateway counts as not loaded only after a rescan with its snippet, and then nothing else is done",
			(facts) => nextStep(facts).verdict === "not loaded",
			(step, { gateway, snippet, incomplete }) =>
				(gateway === "none" || incomplete) && snippet === "loaded" && Object.keys(step).length === 1,
		],
	];
	for (const [title, applies, holds] of rules) {
		it(title, () => {
			const cases = all.filter(applies);
			assert.ok(cases.length > 0);
			for (const facts of cases) {
				const step = nextStep(facts);
				assert.ok(holds(step, facts), `${inWords(facts)}: ${JSON.stringify(step)}`);
			}
		});
	}
});
