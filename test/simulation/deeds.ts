/** Everything that can befall a node. */
import type { DeedOf, Kind } from "./deed.ts";
import { faults } from "./faults.ts";
import { life } from "./life.ts";
import type { SimulatedNode } from "./node.ts";

export type Deed = DeedOf<typeof life> | DeedOf<typeof faults>;

const kinds: Readonly<Record<Deed["do"], Kind<object>>> = { ...life, ...faults };

/** What is done to the node, in words. */
export function sentence(deed: Deed): string {
	return kinds[deed.do].words(deed);
}

export function carryOut(node: SimulatedNode, deed: Deed): void {
	if (deed.do in faults && deed.do !== "freeswitch") {
		node.isUndisturbed = false;
	}
	if (deed.do in faults && kinds[deed.do].isHarmless?.(deed) !== true) {
		for (const { claims } of kinds[deed.do].isShared ? node.cluster.nodes : [node]) {
			claims.promptness.fault();
		}
	}
	kinds[deed.do].carryOut(node, deed);
}
