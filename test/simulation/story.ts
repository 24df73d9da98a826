/**
 * Stories: the real Daemon on simulated time against the stand-in, told by hand. A test file that imports this has a node of its
 * own, and at the end of each test all claims of the simulation must have held.
 */
import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { type NodeOptions, SimulatedNode } from "./node.ts";

export let node: SimulatedNode;
const nodes: SimulatedNode[] = [];

export function start(options: NodeOptions = {}): void {
	node = new SimulatedNode(options);
	nodes.push(node);
	// These stories have faults that the simulation does not know of, so promptness cannot be claimed.
	node.claims.promptness.fault();
}

/** The daemon connects, within some seconds if it has already tried in vain. */
export function connect(options?: NodeOptions): void {
	if (options !== undefined) {
		start(options);
	}
	node.network = "up";
	if (!node.process.started) {
		node.process.start();
	}
}

/** The connection ends, and there is none until `connect`, or until some ms have passed. */
export function disconnect(back = Number.POSITIVE_INFINITY): void {
	node.network = "refused";
	node.process.session?.cut("reset");
	if (back !== Number.POSITIVE_INFINITY) {
		node.clock.after(back, connect);
	}
}

export function create(...names: string[]): void {
	for (const name of names) {
		node.startRoom(name);
	}
}

export function end(...names: string[]): void {
	for (const name of names) {
		node.endRoom(name);
	}
}

/** Rooms run and are registered. */
export async function registered(options: NodeOptions, ...names: string[]): Promise<void> {
	connect(options);
	create(...names);
	await settled(names, 3);
	node.commands.length = 0;
}

/** Somebody else has FreeSWITCH execute commands, one right after the other. */
export async function others(...commands: string[]): Promise<void> {
	for (const command of commands) {
		const answer = node.freeswitch.api(command);
		await node.clock.advance(40);
		await answer;
	}
}

export async function seconds(seconds: number): Promise<void> {
	await node.clock.advance(seconds * 1_000);
}

export function count(pattern: RegExp): number {
	return node.commands.filter((command) => pattern.test(command)).length;
}

/** The rooms' gateways, with the settings that they were loaded with. */
export function loadedWith(): Record<string, number> {
	const gateways = node.freeswitch.sofia.profile("external")?.gateways ?? [];
	const alive = gateways.filter(({ deleted }) => !deleted);
	const settingsOf = (password: string) => Number(password.slice("settings ".length));
	return Object.fromEntries(alive.map(({ name, settings }) => [name.slice(5), settingsOf(settings.password)]));
}

/** Lets everything come to rest, and holds it against the promise. */
export async function settled(rooms: string[], within = 15): Promise<void> {
	await seconds(within);
	const expected = [...rooms].sort();
	assert.deepEqual(node.registrar.bindings(), expected, "bindings");
	assert.deepEqual(node.directory.snippets, expected, "snippets");
}

afterEach(() => {
	for (const played of nodes.splice(0)) {
		assert.equal(played.claims.failure, undefined);
		played.close();
	}
});
