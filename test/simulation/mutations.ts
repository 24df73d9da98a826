/** Faults that a program like this may well have, as changes to its text. */

export interface Mutant {
	readonly name: string;
	readonly changes: readonly {
		readonly file: string;
		/** Text that is there exactly once. */
		readonly from: string;
		readonly to: string;
	}[];
}

function mutant(name: string, file: string, from: string, to: string): Mutant {
	return { name, changes: [{ file, from, to }] };
}

export const mutants: readonly Mutant[] = [
	{
		name: "delete on every destroy event",
		changes: [
			{
				file: "src/controller/reconciler.ts",
				from: "		this.#passes.connected(socket);",
				to: "		this.#passes.connected(socket);\n		Object.assign(this, { socket });",
			},
			{
				file: "src/controller/reconciler.ts",
				from: '			case "conference-destroyed":\n				break;',
				to: '			case "conference-destroyed":\n				void this.socket?.api(`sofia profile external killgw conf_${room}`).catch(() => {});\n				break;',
			},
		],
	},
	mutant(
		"rescan without waiting for gateway_delete",
		"src/controller/plan.ts",
		'		case "dying":\n			return { gateway: "register" };',
		'		case "dying":\n			return snippet === "written" ? { gateway: "load" } : free ? { script: "write", gateway: "load" } : nothing;',
	),
	mutant(
		"treat a failed listing as empty",
		"src/freeswitch/commands.ts",
		'		if (lines.pop() !== "" || lines.length === 0) {\n			throw new UnexpectedAnswer(this.command, answer);\n		}',
		'		if (lines.pop() !== "" || lines.length === 0) {\n			return [];\n		}',
	),
	mutant(
		"no resync",
		"src/controller/passes.ts",
		"Math.min(resync, retry,",
		"Math.min(resync * Number.POSITIVE_INFINITY, retry,",
	),
	mutant(
		"believe +OK of reloadxml",
		"src/freeswitch/commands.ts",
		'order("reloadxml", /\\[Success\\]/)',
		'order("reloadxml", /^\\+OK/)',
	),
	mutant(
		"retry a script without back-off",
		"src/controller/room-record.ts",
		"const wait = waitAfter(this.#failures, retryBackoff);",
		"const wait = waitAfter(1, { ...retryBackoff, most: 20 });",
	),
	mutant(
		"reconnect without back-off",
		"src/freeswitch/connection.ts",
		"waitAfter(this.#failures, backoff, random())",
		"waitAfter(1, { first: 20, most: 20 }, random())",
	),
	mutant(
		"start the waits anew with each connection",
		"src/freeswitch/connection.ts",
		"const cancel = clock.after(lasting, () => {",
		"const cancel = clock.after(0, () => {",
	),
	mutant(
		"forget dying gateways on reconnect",
		"src/controller/reconciler.ts",
		"const observation = await observe(socket, profile, toRoom);",
		'const seen = await observe(socket, profile, toRoom);\n			const up = [...seen.gateways].filter(([, all]) => all.some(({ state }) => state !== "DOWN" && state !== "UNREGISTER"));\n			const observation = this.#first ? { ...seen, gateways: new Map(up) } : seen;',
	),
	mutant(
		"drop events that come during a pass",
		"src/controller/passes.ts",
		"		this.#wanted = true;\n		if (this.#underWay === undefined && ",
		"		this.#wanted ||= this.#underWay === undefined;\n		if (this.#underWay === undefined && ",
	),
	mutant(
		"touch gateways without the prefix",
		"src/room.ts",
		"return gateway.startsWith(gatewayPrefix) ? toRoom(gateway.slice(gatewayPrefix.length)) : undefined;",
		'return toRoom(gateway.replace(/^conf_/, ""));',
	),
	mutant(
		"renew all rooms at once",
		"src/controller/reload.ts",
		"if (next !== undefined && turns.length === 0 && !this.#left.some(([, record]) => record.renewal.offAir)) {\n			turns.push(next);",
		"if (next !== undefined) {\n			turns.push(...waiting.filter(([, record]) => record.isRegistered));",
	),
	mutant(
		"believe that a script saw new settings which began before them",
		"src/controller/renewal.ts",
		'this.#stage === "wanted" && action === "write" && this.#fresh',
		'this.#stage === "wanted" && action === "write"',
	),
	mutant(
		"forget a reload while FreeSWITCH is away",
		"src/controller/reload.ts",
		"this.#asked = true;",
		"this.#asked = this.#ledger.records.size > 0;",
	),
	mutant(
		"take a room down that cannot be loaded again",
		"src/controller/apply.ts",
		"rescanNeeded || !reloaded || (await this.#renew",
		"rescanNeeded || (await this.#renew",
	),
	mutant(
		"forget a script that cannot be ended",
		"src/generator/script-run.ts",
		"			} while (this.#process.signal(0));\n		}",
		"			} while (false);\n			return { exceeded, hung, output: output(), took: 0 };\n		}",
	),
	mutant(
		"leave the snippets of rooms while FreeSWITCH is away",
		"src/daemon.ts",
		"			away: () => reconciler.away(),",
		"			away: () => {},",
	),
	mutant(
		"keep the snippet of a room that lingers",
		"src/controller/plan.ts",
		'		case "lingering":\n		case "away":',
		'		case "lingering":\n			return nothing;\n		case "away":',
	),
	mutant(
		"never kill a gateway that was un-registered by hand",
		"src/controller/plan.ts",
		'(foreign && gateway === "dying")',
		'gateway === "dying"',
	),
	mutant(
		"take every mark for today's",
		"src/controller/generation.ts",
		'		return (this.number === 0 ? mark.replace(/\\..*/, "") : mark) === this.mark;',
		'		return mark !== "" || this.number < 0;',
	),
	// The time limit of an answer belongs to src/freeswitch/session.ts, of which the simulation has a model.
	mutant(
		"trust a late answer after a timeout",
		"test/simulation/session.ts",
		'this.#fail(new NoAnswer(`"${command}"`, answerTimeout))',
		'this.#waiting.shift()?.reject(new NoAnswer(`"${command}"`, answerTimeout))',
	),
];
