/**
 * What the nodes of a cluster share in the simulation: time, the registrar, which keeps one binding for a room, the newest, and
 * the rooms, each of which runs on one node at a time.
 */
import { Registrar } from "../stand-in/registrar/registrar.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { History } from "./history.ts";
import type { SimulatedNode } from "./node.ts";

export class Cluster {
	readonly clock = new SimulatedClock();
	readonly history = new History(this.clock);
	readonly registrar = new Registrar({ clock: this.clock, newestWins: true });
	/** That of the rooms' second gateways. */
	readonly second = new Registrar({ clock: this.clock, newestWins: true });
	readonly nodes: SimulatedNode[] = [];
	/** Whether claims are let alone, since something is only counted. */
	readonly isCounting: boolean;

	constructor(isCounting = false) {
		this.isCounting = isCounting;
	}

	/** The first claim that did not hold, as a sentence. */
	get failure(): string | undefined {
		return this.nodes.map(({ claims }) => claims.failure).find((failure) => failure !== undefined);
	}

	/** The node on which a room runs. */
	nodeOf(room: string): SimulatedNode | undefined {
		return this.nodes.find(({ claims }) => claims.runs(room));
	}

	/** The node after this one; with one node, itself. */
	after(node: SimulatedNode): SimulatedNode {
		return this.nodes[(this.nodes.indexOf(node) + 1) % this.nodes.length] ?? node;
	}

	/** A claim is broken: what follows is not told, and the daemons do no more. */
	broken(): void {
		this.history.end();
		for (const { process } of this.nodes) {
			process.time.kill();
		}
	}
}
