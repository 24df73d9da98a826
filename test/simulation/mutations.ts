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
		"	if (!gateway.startsWith(gatewayPrefix)) {\n		return undefined;\n	}\n	const name = gateway.slice(gatewayPrefix.length);",
		'	const name = gateway.replace(/^conf_/, "");',
	),
	mutant(
		"renew all rooms at once",
		"src/controller/reload.ts",
		"		return new Set(turns.map(([room]) => room));",
		"		return new Set(waiting.map(([room]) => room));",
	),
	mutant(
		"believe that a script saw new settings which began before them",
		"src/controller/renewal.ts",
		"		this.#snippet = this.#script;",
		"		this.#snippet = this.#script && this.#current();",
	),
	mutant(
		"forget a reload while FreeSWITCH is away",
		"src/controller/reload.ts",
		"		this.#ledger.generation = generation;",
		"		if (this.#ledger.records.size > 0) {\n			this.#ledger.generation = generation;\n		}",
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
	mutant(
		"fight for ever what comes back for ever",
		"src/controller/room-record.ts",
		"const tolerated = 1;",
		"const tolerated = Number.POSITIVE_INFINITY;",
	),
	mutant(
		"let a new gateway of a room that does not run register first",
		"src/controller/plan.ts",
		'	if (due) {\n		return { ...script, gateway: foreign ? "unregister" : "discard" };\n	}\n	switch (gateway) {\n		case "new":\n',
		'	if (due) {\n		return script;\n	}\n	switch (gateway) {\n		case "new":\n',
	),
	mutant(
		"take a further gateway for that of another room",
		"src/room.ts",
		'	return toRoom(name) ?? toRoom(name.replace(/\\.[2-9]$/, ""));',
		"	return toRoom(name);",
	),
	mutant(
		"leave a room without one of its gateways",
		"src/controller/plan.ts",
		"if (incomplete && !raced) {",
		"if (incomplete && raced && false) {",
	),
	// The time limit of an answer belongs to src/freeswitch/session.ts, of which the simulation has a model.
	mutant(
		"trust a late answer after a timeout",
		"test/simulation/session.ts",
		'this.#fail(new NoAnswer(`"${command}"`, answerTimeout))',
		'this.#waiting.shift()?.reject(new NoAnswer(`"${command}"`, answerTimeout))',
	),
];
