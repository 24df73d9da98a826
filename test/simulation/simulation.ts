/** Plays a schedule on a node, and holds what comes of it against the promise. */
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";
import { snippet } from "../support/snippets.ts";
import { carryOut, sentence } from "./deeds.ts";
import { SimulatedNode } from "./node.ts";
import { circumstances, type Schedule } from "./schedule.ts";

export interface Outcome {
	/** What was broken, if anything. */
	readonly failure: string | undefined;
	/** All of it as a text for people. */
	readonly story: string;
	/** Seconds of simulated time. */
	readonly seconds: number;
	readonly commands: number;
}

/** ms in which every retry falls due, every binding expires, and a half-open connection is noticed. */
const settling = 105_000;

/** More ms, as long as gateways wait for FreeSWITCH's next try; it waits longer after each refusal. */
const furtherSettling = { ms: 35_000, times: 20 };

/** ms in which a daemon at rest does hardly anything: longer than two resyncs. */
const watching = 65_000;

/** ms */
const most = { stopping: 5_000, breath: 5_000 };

/** Gateways that an administrator has put there, by their users. Two look a little like rooms'. */
const admins: Readonly<Record<string, string>> = { trunk: "trunk", lobby: "conf_lobby", "4711": "4711" };

/** Plays a schedule. The same schedule has the same outcome, every time. */
export async function simulate(schedule: Schedule): Promise<Outcome> {
	const node = new SimulatedNode({
		...schedule,
		linger: schedule.linger * 1_000,
		admins,
		snippets: Object.fromEntries(schedule.stale.map((room) => [room, snippet(room)])),
	});
	try {
		node.start();
		if (schedule.modules > 0) {
			node.claims.promptness.fault();
		} else {
			schedule.running.forEach((room) => node.startRoom(room));
		}
		for (const { after, ...deed } of [...schedule.steps, { after: 0, do: "quiet" } as const]) {
			await pass(node, after);
			if (node.claims.failure !== undefined) {
				break;
			}
			if (deed.do === "quiet") {
				node.history.deed("all faults end, and nothing happens for a while");
				await rest(node);
			} else {
				node.history.deed(sentence(deed));
				carryOut(node, deed);
			}
		}
		await stop(node);
	} finally {
		node.close();
	}
	const { failure } = node.claims;
	const broken = failure === undefined ? "All went well" : `Broken: ${failure}`;
	return {
		failure,
		story: `${circumstances(schedule)}\n${node.history.toString()}\n${broken}.`,
		seconds: node.clock.now() / 1_000,
		commands: node.claims.storms.counts.commands,
	};
}

/** Lets time pass, unless a claim has been broken. */
async function pass(node: SimulatedNode, ms: number): Promise<void> {
	for (let left = ms; left >= 0 && node.claims.failure === undefined; left -= most.breath) {
		await node.clock.advance(Math.min(left, most.breath));
	}
}

/** Mends everything, waits until it must have come to rest, and holds it against the promise. */
async function rest(node: SimulatedNode): Promise<void> {
	const { claims } = node;
	claims.promptness.fault();
	node.mendAll();
	await pass(node, settling);
	if (node.removeBroken()) {
		// A room has ended unseen since then.
		await pass(node, settling);
	}
	for (let times = 0; times < furtherSettling.times && loaded(node).some(isWaiting); times++) {
		await pass(node, furtherSettling.ms);
	}
	const before = { ...claims.storms.counts };
	await pass(node, watching);
	if (claims.failure !== undefined) {
		return;
	}
	const { passes, commands, runs } = claims.storms.counts;
	if (passes - before.passes < 1) {
		claims.fail(`the daemon has not looked at anything for ${watching / 1_000} s`);
	}
	if (
		passes - before.passes > 3 ||
		commands - before.commands > 2 * (passes - before.passes) + 1 ||
		runs > before.runs
	) {
		claims.fail(
			`the daemon has sent ${commands - before.commands} commands and run ${runs - before.runs} scripts in ${watching / 1_000} s in which nothing happened`,
		);
	}
	const users = Object.keys(admins);
	expect(node, "registered", [...claims.running, ...users], node.registrar.bindings());
	expect(
		node,
		"loaded",
		[...claims.running.map((room) => `conf_${room}`), ...Object.values(admins)],
		loaded(node).map(({ name }) => name),
	);
	// Nobody sees what a script does that has outlived its daemon until FreeSWITCH reads the directory. Callers do not notice:
	// a gateway that comes or goes by that is seen and put right.
	const counts = (name: string) => !name.startsWith("admin_") && !node.directory.orphaned.has(name);
	expect(node, "in the directory", claims.running.filter(counts), node.directory.snippets.filter(counts));
	claims.renewals.rest(claims.running.filter(counts));
	claims.promptness.rest();
}

function expect({ claims }: SimulatedNode, what: string, expected: readonly string[], found: readonly string[]): void {
	const missing = expected.filter((name) => !found.includes(name));
	const surplus = found.filter((name) => !expected.includes(name));
	if (missing.length > 0) {
		claims.fail(`everything is at rest and not ${what}: ${missing.join(", ")}`);
	}
	if (surplus.length > 0) {
		claims.fail(`everything is at rest and still ${what}: ${surplus.join(", ")}`);
	}
}

function loaded({ freeswitch }: SimulatedNode): readonly Gateway[] {
	return freeswitch.sofia.profile("external")?.gateways ?? [];
}

/** Whether FreeSWITCH has yet to try again, by itself. */
function isWaiting({ state }: Gateway): boolean {
	return state === "TRYING" || state === "TIMEOUT" || state === "FAILED" || state === "FAIL_WAIT";
}

/** Ends the daemon in order, in whatever it is interrupted. */
async function stop(node: SimulatedNode): Promise<void> {
	if (node.claims.failure === undefined) {
		const { process } = node;
		void process.stop();
		await pass(node, most.stopping);
		if (!process.time.dead) {
			node.claims.fail("the daemon was told to stop, and does not");
		}
	}
}
