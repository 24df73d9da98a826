/**
 * The stand-in as a program, for tests that kill it with -9 and for trying things out by hand:
 *
 *   node --import tsx test/stand-in/process.ts --directory DIR [--port PORT] [--registrar HOST:PORT]
 *        [--second MS] [--seed N] [--real-latencies]
 *
 * The event socket's password is taken from STAND_IN_PASSWORD. It reads orders from standard input and ends when that does.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { realLatencies } from "./freeswitch/latencies.ts";
import type { Order, Report } from "./protocol.ts";
import type { SipPeer } from "./registrar/registrar.ts";
import { RemoteRegistrar } from "./registrar/server.ts";
import { StandIn } from "./stand-in.ts";

const { values } = parseArgs({
	options: {
		directory: { type: "string" },
		port: { type: "string", default: "0" },
		registrar: { type: "string" },
		second: { type: "string", default: "1000" },
		seed: { type: "string", default: "1" },
		"real-latencies": { type: "boolean", default: false },
	},
});

function report(line: Report): void {
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

function remoteRegistrar(address: string): RemoteRegistrar {
	const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
	return new RemoteRegistrar(Number(port), host);
}

/** Passes everything on and tells of it. */
function reporting(peer: SipPeer): SipPeer {
	return {
		register: (request, reply) => {
			peer.register(request, (answer) => {
				report({ report: "register", user: request.user, expires: request.expires, status: answer.status });
				reply(answer);
			});
		},
		ping: (host, reply) => {
			peer.ping(host, reply);
		},
	};
}

const remote = values.registrar === undefined ? undefined : remoteRegistrar(values.registrar);
const standIn = await StandIn.start({
	...(values.directory !== undefined && { directory: values.directory }),
	...(values["real-latencies"] && { latencies: realLatencies }),
	password: process.env["STAND_IN_PASSWORD"] ?? "ClueCon",
	port: Number(values.port),
	second: Number(values.second),
	seed: Number(values.seed),
	epoch: Date.now(),
	peer: (own) => reporting(remote ?? own),
	received: (text) => {
		report({ report: "command", text });
	},
});

standIn.freeswitch.events.listen((event) => {
	const own = Object.entries(event).filter(([name]) => !/^(Event|Core|FreeSWITCH)-/.test(name));
	const name = event["Event-Subclass"] ?? event["Event-Name"] ?? "";
	report({ report: "event", name, fields: Object.fromEntries(own) });
});
report({ report: "listening", port: standIn.port });

async function carryOut(order: Order): Promise<string> {
	const { conferences } = standIn.freeswitch;
	switch (order.do) {
		case "create":
			for (const room of order.rooms) {
				conferences.create(room);
			}
			return "";
		case "destroy":
			for (const room of order.rooms) {
				conferences.destroy(room);
			}
			return "";
		case "api":
			return await standIn.freeswitch.api(order.command);
		case "shutdown":
			await standIn.shutdown();
			return "";
		case "registrar": {
			const { registrar } = standIn;
			registrar.reachability = order.reachability ?? registrar.reachability;
			if (order.refuse !== undefined) {
				registrar.accept();
				for (const room of order.refuse) {
					registrar.refuse(room);
				}
			}
			if (order.restart === true) {
				registrar.restart();
			}
			return "";
		}
		case "state":
			return standIn.describe();
	}
}

let orders = 0;
for await (const line of createInterface({ input: process.stdin })) {
	orders += 1;
	const order = orders;
	carryOut(JSON.parse(line) as Order).then(
		(answer) => {
			report({ report: "done", order, answer });
		},
		(error: unknown) => {
			report({ report: "failed", order, error: String(error) });
		},
	);
}
await standIn.close();
remote?.close();
