/**
 * `npm run stand-in`: FreeSWITCH's stand-in and the registrar, to play with. `npm run start`: the built daemon with the
 * shipped script against them. Commands come from standard input; its end, `quit` or ^C ends and removes everything.
 *
 *   npm run stand-in -- --port 8021
 *   LOG_LEVEL=debug npm run start
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { EventRecord } from "./stand-in/freeswitch/events.ts";
import { StandIn } from "./stand-in/stand-in.ts";
import { environmentOf, narrate, narrated, narratedDaemon, type Who } from "./support/narration.ts";
import { TemporaryDirectory } from "./support/snippets.ts";

const help = `
  start ROOM…     conferences start
  end ROOM…       conferences end
  list            rooms, and bindings at the registrar
  refuse [ROOM…]  the registrar refuses these rooms, or all
  accept          the registrar accepts all rooms again
  restart         the SIP profile restarts
  kill            FreeSWITCH is killed, with all conferences
  boot            FreeSWITCH starts anew after kill
  help            this list
  quit            end
`;

const { values } = parseArgs({
	options: { daemon: { type: "boolean", default: false }, port: { type: "string", default: "0" } },
});
let terminal = process.stdin.isTTY;
const input = createInterface({ input: process.stdin, output: process.stdout, terminal });
input.once("close", () => {
	terminal = false;
});

function say(who: Who, what: string): void {
	// The line takes the prompt's place; the prompt returns below it, with what was typed so far.
	process.stdout.write(`${terminal ? "\r\u001B[K" : ""}${narrate(who, what)}\n`);
	if (terminal) {
		input.prompt(true);
	}
}

const temporary = new TemporaryDirectory();
const { path: directory } = temporary;
process.once("exit", () => temporary.remove());
const node = await StandIn.start({
	directory,
	port: Number(values.port),
	peer: (registrar) => narrated(registrar, say),
});
const { registrar } = node;

/** What has happened to a conference or a gateway, by the event's action or subclass. */
const happened: Readonly<Record<string, (event: EventRecord) => string>> = {
	"conference-create": () => "starts",
	"conference-destroy": () => "ends",
	"sofia::gateway_add": () => "is added",
	"sofia::gateway_state": (event) => `is ${event["State"] ?? ""}`,
	"sofia::gateway_delete": () => "is deleted",
};

function tellEvents(): void {
	node.freeswitch.events.listen((event) => {
		const { Gateway: gateway, "Conference-Name": conference = "" } = event;
		const what = happened[event["Action"] ?? event["Event-Subclass"] ?? ""]?.(event);
		if (what !== undefined) {
			say("FreeSWITCH", `${gateway === undefined ? `conference ${conference}` : `gateway ${gateway}`} ${what}`);
		}
	});
}

const commands: Readonly<Record<string, (rooms: readonly string[]) => unknown>> = {
	"": () => {},
	start: (rooms) => rooms.forEach((room) => node.freeswitch.conferences.create(room)),
	end: (rooms) => rooms.forEach((room) => node.freeswitch.conferences.destroy(room)),
	list: () => {
		const { conferences, alive } = node.freeswitch;
		const running = alive ? conferences.running.map(({ name }) => name) : [];
		say("you", `rooms: ${running.join(" ")}; registered: ${registrar.bindings().join(" ")}`);
	},
	refuse: (rooms) => (rooms.length === 0 ? [undefined] : rooms).forEach((room) => registrar.refuse(room)),
	accept: () => registrar.accept(),
	restart: async () => {
		say("FreeSWITCH", (await node.freeswitch.api("sofia profile external restart")).trim().replaceAll("\n", " "));
	},
	kill: async () => {
		await node.kill();
		say("FreeSWITCH", "is killed");
	},
	boot: async () => {
		await node.start();
		say("FreeSWITCH", "starts");
		tellEvents();
	},
	quit: () => input.close(),
	help: () => say("you", `can type${help}`),
};

async function carryOut(command: string, rooms: readonly string[]): Promise<void> {
	const { alive } = node.freeswitch;
	if (alive ? command === "boot" : /^(start|end|restart|kill)$/.test(command)) {
		throw new Error(`FreeSWITCH ${alive ? "runs already" : "does not run; boot starts it"}`);
	}
	await commands[Object.hasOwn(commands, command) ? command : "help"]?.(rooms);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
	process.once(signal, () => input.close());
}

tellEvents();
say("FreeSWITCH", `listens on 127.0.0.1:${node.port}, password ClueCon, and reads gateways from ${directory}`);
const environment = environmentOf(node.port, directory);
const { LOG_LEVEL = "info" } = process.env;
const daemon = values.daemon ? narratedDaemon({ ...environment, LOG_LEVEL }, say) : undefined;
if (daemon === undefined) {
	const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
	say("you", `can start a daemon for it: ${variables.join(" ")} dist/fsconfregger`);
}
say("you", `can type${help}`);
void daemon?.ended().then(({ code, signal }) => {
	say("fsconfregger", `has ended (${code ?? signal ?? "?"})`);
	input.close();
});

for await (const line of input) {
	const [command = "", ...rooms] = line.trim().split(/\s+/);
	try {
		await carryOut(command, rooms);
	} catch (error) {
		say("you", error instanceof Error ? error.message : String(error));
	}
	if (terminal) {
		input.prompt();
	}
}
if (daemon !== undefined) {
	process.exitCode = (await daemon.stop()) ?? 1;
	process.stderr.write(daemon.errors);
}
await node.close();
