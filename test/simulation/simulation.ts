/** Plays a schedule on one node or two, and holds what comes of it against the promise. */
import type { Gateway } from "../stand-in/freeswitch/gateway.ts";
import { Cluster } from "./cluster.ts";
import { carryOut, sentence } from "./deeds.ts";
import { roomSnippet } from "./directory.ts";
import { SimulatedNode } from "./node.ts";
import type { Ownership } from "./ownership.ts";
import { circumstances, type Schedule } from "./schedule.ts";

export interface Outcome {
	/** What was broken, if anything. */
	readonly failure: string | undefined;
	/** All of it as a text for people. */
	readonly story: string;
	/** Seconds of simulated time. */
	readonly seconds: number;
	readonly commands: number;
	/** Of all nodes. */
	readonly registers: Ownership["counts"];
}

/** ms in which every retry falls due, every binding expires, and a half-open connection is noticed. */
const settling = 105_000;

/** More ms, as long as gateways wait for FreeSWITCH's next try; it waits longer after each refusal. */
const furtherSettling = { ms: 35_000, times: 20 };

/** ms in which a daemon at rest does hardly anything: longer than two resyncs. */
const watching = 65_000;

/** ms */
const most = { stopping: 5_000, breath: 5_000 };

/** What each node is called, its address, and the gateways that an administrator has put there, by their users. Two look a little like rooms'. */
const sites: readonly { name: string; ip: string; admins: Readonly<Record<string, string>> }[] = [
	{ name: "node A", ip: "127.0.0.2", admins: { trunk: "trunk", lobby: "conf_lobby", "4711": "4711" } },
	{ name: "node B", ip: "127.0.0.3", admins: { trunk2: "trunk", lobby2: "conf_lobby", "4712": "4711" } },
];

/**
 * Plays a schedule. The same schedule has the same outcome, every time.
 * @param isCounting whether it goes on when a claim is broken
 */
export async function simulate(schedule: Schedule, isCounting = false): Promise<Outcome> {
	const cluster = new Cluster(isCounting);
	const nodes = sites.slice(0, schedule.nodes ?? 1).map((site, index, { length }) => {
		const options = {
			...schedule,
			...site,
			name: length > 1 ? site.name : "",
			// So that what the nodes do is not done in the same moments.
			phase: ((schedule.phase + index * 370) % 1_000) + index,
			seed: schedule.seed + index * 1_000,
			linger: schedule.linger * 1_000,
			snippets: Object.fromEntries(schedule.stale.map((room) => [room, roomSnippet(room, schedule.second === true)])),
		};
		return new SimulatedNode(options, cluster);
	});
	try {
		for (const node of nodes) {
			node.start();
			if (schedule.modules > 0) {
				node.claims.promptness.fault();
			}
		}
		if (schedule.modules === 0) {
			schedule.running.forEach((room) => nodes[0]?.startRoom(room));
		}
		for (const { after, node: place = 0, ...deed } of [...schedule.steps, { after: 0, do: "quiet" } as const]) {
			await pass(cluster, after);
			if (cluster.failure !== undefined) {
				break;
			}
			const node = nodes[place % nodes.length];
			if (deed.do === "quiet") {
				cluster.history.deed("all faults end, and nothing happens for a while");
				await rest(cluster);
			} else if (node !== undefined) {
				node.history.deed(sentence(deed));
				carryOut(node, deed);
			}
		}
		await stop(cluster);
	} finally {
		for (const node of nodes) {
			node.close();
		}
	}
	const { failure } = cluster;
	const broken = failure === undefined ? "All went well" : `Broken: ${failure}`;
	const sum = (count: (node: SimulatedNode) => number) => nodes.reduce((all, node) => all + count(node), 0);
	return {
		failure,
		story: `${circumstances(schedule)}\n${cluster.history.toString()}\n${broken}.`,
		seconds: cluster.clock.now() / 1_000,
		commands: sum(({ claims }) => claims.storms.counts.commands),
		registers: {
			restarts: sum(({ claims }) => claims.ownership.counts.restarts),
			dead: sum(({ claims }) => claims.ownership.counts.dead),
			ended: sum(({ claims }) => claims.ownership.counts.ended),
		},
	};
}

/** Lets time pass, unless a claim has been broken. */
async function pass(cluster: Cluster, ms: number): Promise<void> {
	for (let left = ms; left >= 0 && cluster.failure === undefined; left -= most.breath) {
		await cluster.clock.advance(Math.min(left, most.breath));
	}
}

/** Mends everything, waits until it must have come to rest, and holds it against the promise. */
async function rest(cluster: Cluster): Promise<void> {
	const { nodes } = cluster;
	for (const node of nodes) {
		node.claims.promptness.fault();
		node.mendAll();
	}
	await pass(cluster, settling);
	if (nodes.filter((node) => node.removeBroken()).length > 0) {
		// A room has ended unseen since then.
		await pass(cluster, settling);
	}
	for (let times = 0; times < furtherSettling.times && nodes.some((node) => loaded(node).some(isWaiting)); times++) {
		await pass(cluster, furtherSettling.ms);
	}
	const before = nodes.map(({ claims }) => ({ ...claims.storms.counts }));
	await pass(cluster, watching);
	nodes.forEach((node, index) => {
		const counts = before[index];
		if (cluster.failure === undefined && counts !== undefined) {
			isAtRest(node, counts);
		}
	});
}

/** @param before what the daemon had done when the time of watching began */
function isAtRest(node: SimulatedNode, before: SimulatedNode["claims"]["storms"]["counts"]): void {
	const { claims } = node;
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
	const { admins } = node.options;
	const { registrar, second } = node.cluster;
	expect(node, "registered", [...claims.running, ...Object.keys(admins)], node.usersAt(registrar));
	// A predecessor's file has one gateway only, and a room that it serves may be spared the script's.
	const twice = claims.running.filter((room) => node.options.second && !claims.comebacks.planted.has(room));
	const atSecond = node.usersAt(second).filter((room) => twice.includes(room) || !claims.runs(room));
	expect(node, "registered at the second registrar", twice, atSecond);
	const roomOf = (name: string) => /^conf_(\d+)/.exec(name)?.[1] ?? "";
	const planted = (name: string) => claims.comebacks.planted.has(roomOf(name));
	const cameBack = (name: string) => planted(name) || claims.comebacks.restored.has(roomOf(name));
	expect(
		node,
		"loaded",
		[
			...claims.running.map((room) => `conf_${room}`),
			...twice.map((room) => `conf_${room}.2`),
			...Object.values(admins),
		],
		// One whose file is not the script's may stay loaded, un-registered.
		loaded(node).flatMap(({ name, state }) =>
			(planted(name) && name.endsWith(".2")) || (cameBack(name) && state === "DOWN") ? [] : name,
		),
	);
	// Nobody sees what a script does that has outlived its daemon until FreeSWITCH reads the directory. Callers do not notice:
	// a gateway that comes or goes by that is seen and put right.
	const counts = (name: string) => !name.startsWith("admin_") && !node.directory.orphaned.has(name);
	expect(node, "in the directory", claims.running.filter(counts), node.directory.snippets.filter(counts));
	claims.renewals.rest(claims.running.filter((room) => counts(room) && !claims.comebacks.planted.has(room)));
	claims.promptness.rest();
	node.isUndisturbed = true;
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

/** Ends the daemons in order, in whatever they are interrupted. */
async function stop(cluster: Cluster): Promise<void> {
	if (cluster.failure === undefined) {
		for (const { process } of cluster.nodes) {
			void process.stop();
		}
		await pass(cluster, most.stopping);
		for (const { process, claims } of cluster.nodes) {
			if (!process.time.dead) {
				claims.fail("the daemon was told to stop, and does not");
			}
		}
	}
}
