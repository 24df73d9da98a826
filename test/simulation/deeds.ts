/** Does to a node what a schedule says. */
import type { SimulatedNode } from "./node.ts";
import type { Deed } from "./schedule.ts";

/** ms that a slow registrar takes to answer. */
const slowly = 3_000;

/** Does a deed to a node. It takes no time; what it sets going does. */
export function carryOut(node: SimulatedNode, deed: Exclude<Deed, { do: "quiet" }>): void {
	const { clock, claims, registrar, faults, history, process } = node;
	if (!isHarmless(deed)) {
		claims.promptness.fault();
	}
	switch (deed.do) {
		case "start":
			node.startRoom(deed.room);
			break;
		case "end":
			node.endRoom(deed.room);
			break;
		case "bounce":
			node.endRoom(deed.room);
			clock.after(deed.away, () => {
				node.startRoom(deed.room);
			});
			break;
		case "replace":
			node.replaceRoom(deed.room, deed.late);
			break;
		case "burst":
			for (let index = 0; index < deed.rooms; index++) {
				const room = String(500 + index);
				clock.after(index * deed.apart, () => {
					node.startRoom(room);
				});
				clock.after(index * deed.apart + deed.lasting, () => {
					node.endRoom(room);
				});
			}
			break;
		case "reload":
			node.reload();
			break;
		case "events":
		case "command":
		case "script":
			faults.add(deed);
			break;
		case "cut":
			if (deed.how === "half open") {
				process.session?.silence();
			} else {
				process.session?.cut(deed.how);
			}
			break;
		case "network":
			node.network = deed.how;
			if (deed.how === "refused") {
				process.session?.cut("reset");
			} else {
				process.session?.silence();
			}
			node.mendAfter(deed.lasting, () => {
				node.network = "up";
			});
			break;
		case "freeswitch":
			node.endFreeSwitch(deed.how, deed.down, deed.modules);
			break;
		case "profile":
			void node.freeswitch.api("sofia profile external restart").then(
				(answer) => {
					history.outcome(`FreeSWITCH: ${answer.trim().replaceAll("\n", ", ")}`);
				},
				() => {
					history.outcome("FreeSWITCH does not run");
				},
			);
			break;
		case "registrar":
			breakRegistrar(node, deed);
			break;
		case "registrar restarts":
			registrar.restart();
			claims.renewals.bindingsLost();
			break;
		case "daemon":
			breakDaemon(node, deed);
	}
}

/** Whether promptness may still be claimed after it. */
function isHarmless(deed: Exclude<Deed, { do: "quiet" }>): boolean {
	switch (deed.do) {
		case "start":
		case "end":
		case "bounce":
		case "replace":
		case "burst":
		case "reload":
			return true;
		case "events":
			return deed.fate === "doubled";
		default:
			return false;
	}
}

function breakRegistrar(node: SimulatedNode, { how, lasting }: Extract<Deed, { do: "registrar" }>): void {
	const { registrar } = node;
	const { latency } = registrar;
	switch (how) {
		case "refusing":
			registrar.refuse();
			break;
		case "slow":
			registrar.latency = slowly;
			break;
		default:
			registrar.reachability = how;
	}
	node.mendAfter(lasting, () => {
		registrar.accept();
		registrar.reachability = "up";
		registrar.latency = Math.min(latency, registrar.latency);
	});
}

function breakDaemon(node: SimulatedNode, { how, lasting, scripts }: Extract<Deed, { do: "daemon" }>): void {
	const { process } = node;
	if (how === "stalled") {
		process.time.stall();
		node.mendAfter(lasting, () => {
			process.time.resume();
		});
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
			void process.ended.then(() => {
				node.startDaemon();
			});
		});
	}
}
