/** What breaks on a node, and mends itself after a while. */
import fc from "fast-check";
import { command } from "./command-faults.ts";
import { kind, room, rooms, wait } from "./deed.ts";
import { events } from "./event-faults.ts";
import type { SimulatedNode } from "./node.ts";
import { script } from "./script-faults.ts";

/** ms that a slow registrar takes to answer. */
const slowly = 3_000;

/** Somebody has FreeSWITCH do something. */
function tell({ freeswitch, history }: SimulatedNode, command: string): void {
	void freeswitch.api(command).then(
		(answer) => history.outcome(`FreeSWITCH: ${answer.trim().replaceAll("\n", ", ")}`),
		() => history.outcome("FreeSWITCH does not run"),
	);
}

/** Times are in ms. */
export const faults = {
	events: events("lost", "late"),
	cut: kind({
		weight: 2,
		facts: fc.record({ how: fc.constantFrom("in order", "reset", "half open") }),
		words: ({ how }) =>
			how === "half open"
				? "the connection goes half open: bytes go nowhere from now on"
				: `the connection is cut (${how})`,
		carryOut: ({ process: { session } }, { how }) => (how === "half open" ? session?.silence() : session?.cut(how)),
	}),
	command,
	network: kind({
		weight: 1,
		facts: fc.record({ how: fc.constantFrom("refused", "silent", "flapping"), lasting: wait }),
		words: ({ how, lasting }) =>
			({
				refused: `connections are refused for ${lasting} ms, and the one that is there is cut`,
				silent: `connections are not answered for ${lasting} ms, and the one that is there is half open`,
				flapping: `connections are closed as soon as they are made, for ${lasting} ms, and so is the one that is there`,
			})[how],
		carryOut: (node, { how, lasting }) => {
			const { session } = node.process;
			node.network = how;
			if (how === "silent") {
				session?.silence();
			} else {
				session?.cut(how === "refused" ? "reset" : "in order");
			}
			node.mendAfter(lasting, () => {
				node.network = "up";
			});
		},
	}),
	freeswitch: kind({
		weight: 2,
		facts: fc.record({
			how: fc.constantFrom("killed", "shut down"),
			down: wait,
			/** In which the next one loads its modules. */
			modules: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 })),
		}),
		words: ({ how, down }) => `FreeSWITCH is ${how}, and starts again after ${down} ms`,
		carryOut: (node, { how, down, modules }) => node.endFreeSwitch(how, down, modules),
	}),
	profile: kind({
		weight: 1,
		facts: fc.record({}),
		words: () => "somebody restarts the profile",
		carryOut: (node) => {
			node.claims.comebacks.newProfile();
			tell(node, "sofia profile external restart");
		},
	}),
	unregister: kind({
		weight: 1,
		facts: fc.record({ room }),
		words: (deed) => `somebody un-registers conf_${deed.room}`,
		carryOut: (node, deed) => tell(node, `sofia profile external unregister conf_${deed.room}`),
	}),
	planted: kind({
		weight: 1,
		facts: fc.record({
			room,
			/** ms until an administrator removes it, if ever. */
			lasting: fc.option(wait, { nil: undefined }),
			/** How often another room starts and ends then, for which FreeSWITCH loads what lies there. */
			visits: fc.option(fc.constantFrom(4, 12), { nil: undefined }),
		}),
		words: ({ room, lasting, visits }) =>
			`a predecessor's file ${room}.xml with conf_${room} is put into the directory${lasting === undefined ? "" : `, and removed after ${lasting} ms`}${visits === undefined ? "" : `; ${visits} other rooms start and end`}`,
		carryOut: (node, { room, lasting, visits = 0 }) => {
			for (let visit = 0; visit < visits; visit++) {
				node.clock.after(visit * 4_000, () => node.startRoom(String(600 + visit)));
				node.clock.after(visit * 4_000 + 1_500, () => node.endRoom(String(600 + visit)));
			}
			node.directory.plant(room);
			node.claims.comebacks.planted.add(room);
			if (lasting !== undefined) {
				node.mendAfter(lasting, () => node.directory.unplant(room));
			}
		},
	}),
	backup: kind({
		weight: 1,
		facts: fc.record({ rooms: fc.subarray(rooms, { minLength: 1 }) }),
		words: (deed) => `the snippets of ${deed.rooms.join(", ")} come back from a backup`,
		carryOut: ({ directory, options, claims }, deed) => {
			for (const room of deed.rooms) {
				directory.restore(room, options.second);
				claims.comebacks.restored.add(room);
			}
		},
	}),
	registrar: kind({
		weight: 2,
		isShared: true,
		facts: fc.record({
			how: fc.constantFrom("unreachable", "silent", "unheard", "refusing", "slow"),
			lasting: wait,
		}),
		words: ({ how, lasting }) => `the registrar is ${how} for ${lasting} ms`,
		carryOut: (node, { how, lasting }) => {
			const { registrar } = node;
			const { latency } = registrar;
			if (how === "refusing") {
				registrar.refuse();
			} else if (how === "slow") {
				registrar.latency = slowly;
			} else {
				registrar.reachability = how;
			}
			node.mendAfter(lasting, () => {
				registrar.accept();
				registrar.reachability = "up";
				registrar.latency = Math.min(latency, registrar.latency);
			});
		},
	}),
	"registrar restarts": kind({
		weight: 1,
		isShared: true,
		facts: fc.record({}),
		words: () => "the registrar restarts, without its bindings",
		carryOut: ({ registrar, cluster }) => {
			registrar.restart();
			for (const { claims } of cluster.nodes) {
				claims.renewals.bindingsLost();
			}
		},
	}),
	script,
	daemon: kind({
		weight: 2,
		facts: fc.record({
			how: fc.constantFrom("killed", "stopped", "stalled"),
			lasting: wait,
			/** Whether scripts that run when it is killed go on. */
			scripts: fc.boolean(),
		}),
		words: ({ how, lasting, scripts }) => {
			if (how === "stalled") {
				return `the daemon gets no processor for ${lasting} ms`;
			}
			const fate = how === "killed" ? `; scripts that run ${scripts ? "go on" : "are killed with it"}` : "";
			return `the daemon is ${how}, and starts again after ${lasting} ms${fate}`;
		},
		carryOut: (node, { how, lasting, scripts }) => {
			const { process } = node;
			if (how === "stalled") {
				process.time.stall();
				node.mendAfter(lasting, () => process.time.resume());
				return;
			}
			const first = !process.ending;
			if (how === "killed") {
				process.kill(scripts);
			} else if (first) {
				void process.stop();
			}
			if (first) {
				node.mendAfter(lasting, () => {
					void process.ended.then(() => node.startDaemon());
				});
			}
		},
	}),
};
