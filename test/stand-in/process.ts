/**
 * The stand-in as a program, for tests that kill it with SIGKILL:
 *
 *   node --import tsx test/stand-in/process.ts --directory DIR [--port PORT] [--registrar HOST:PORT] [--second MS]
 *
 * STAND_IN_PASSWORD holds the event socket's password. The program reads orders from standard input and ends with it. Without
 * --registrar the registrar is inside.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Order, Report } from "./protocol.ts";
import { overheard } from "./registrar/registrar.ts";
import { RemoteRegistrar } from "./registrar/server.ts";
import { StandIn } from "./stand-in.ts";

const { values } = parseArgs({
	options: {
		directory: { type: "string", default: "." },
		port: { type: "string", default: "0" },
		registrar: { type: "string" },
		second: { type: "string", default: "1000" },
	},
});

function report(line: Report): void {
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

const remote = values.registrar === undefined ? undefined : new RemoteRegistrar(values.registrar);
const standIn = await StandIn.start({
	directory: values.directory,
	password: process.env["STAND_IN_PASSWORD"] ?? "ClueCon",
	port: Number(values.port),
	second: Number(values.second),
	// Every run has ids of its own.
	seed: Date.now(),
	peer: (own) =>
		overheard(remote ?? own, ({ user, expires }, { status }) => report({ report: "register", user, expires, status })),
});
report({ report: "listening", port: standIn.port });

function carryOut(order: Order): string {
	if (order.do === "state") {
		return standIn.describe();
	}
	order.rooms.forEach((room) => standIn.freeswitch.conferences[order.do](room));
	return "";
}

let order = 0;
for await (const line of createInterface({ input: process.stdin })) {
	order += 1;
	try {
		report({ report: "done", order, answer: carryOut(JSON.parse(line) as Order) });
	} catch (error) {
		report({ report: "failed", order, error: String(error) });
	}
}
await standIn.close();
remote?.close();
