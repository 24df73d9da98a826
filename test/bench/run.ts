/**
 * One run of the bench, a program of its own: FreeSWITCH, which is the tests' stand-in with the latencies of the real one, and
 * a client that registers the rooms that start there. Its argument is a Run as JSON; it writes a Result to descriptor 3.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { realLatencies } from "../stand-in/freeswitch/latencies.ts";
import { preprocess } from "../stand-in/freeswitch/snippet-directory.ts";
import { child, parseXml, type XmlElement } from "../stand-in/freeswitch/xml.ts";
import { StandIn } from "../stand-in/stand-in.ts";
import { eventually } from "../support/until.ts";

export interface Run {
	/** A program. In its environment EVENTSOCKET_PORT is FreeSWITCH's port. */
	readonly client: string;
	/** How often rooms start; the next do when the former are registered. */
	readonly bursts: number;
	/** Rooms that start in a burst, evenly spread over a second. */
	readonly rooms: number;
}
export type Result = Awaited<ReturnType<typeof measure>>;

process.once("uncaughtException", (error) => {
	process.stderr.write(`${error.message}\n`);
	process.exit(1);
});

const { client, bursts, rooms } = JSON.parse(process.argv[2] ?? "") as Run;
const { GATEWAY_DIR: directory = "" } = process.env;

let lastSnippet = 0;
watch(directory, () => {
	lastSnippet = performance.now();
});
const standIn = await StandIn.start({
	directory,
	latencies: realLatencies,
	// Gateways register at ticks. No figure depends on them, but every run waits for some.
	timing: { tickInterval: 250 },
});
const { freeswitch, server } = standIn;

// JavaScript reads XML slower than FreeSWITCH does, and the client would be blamed: each snippet is read only once.
const known = new Set<string>();
const unloaded: XmlElement[] = [];
freeswitch.configuration.reload = () => {
	for (const name of readdirSync(directory).filter((name) => /^conf_.*\.xml$/.test(name) && !known.has(name))) {
		known.add(name);
		const text = preprocess(readFileSync(join(directory, name), "utf8"));
		unloaded.push(child(parseXml(`<snippet>\n${text}</snippet>\n`), "gateway") as XmlElement);
	}
	return "Success";
};
freeswitch.configuration.gateways = () => unloaded.splice(0);

/** When rooms started, by the names of their gateways. */
const starts = new Map<string, number>();
/** ms from a room's conference-create to the end of the rescan that loaded its gateway. */
const delays: number[] = [];
freeswitch.events.listen((event) => {
	const start = starts.get(event["Gateway"] ?? "");
	if (event["Event-Subclass"] === "sofia::gateway_add" && start !== undefined) {
		delays.push(performance.now() - start);
	}
});

/** Resolves when all rooms are registered and the client is idle: 300 ms without a command or a snippet. */
async function settled(): Promise<void> {
	const isRegistered = (room: string) => freeswitch.sofia.gateway(`conf_${room}`)?.state === "REGED";
	const allRegistered = () => freeswitch.conferences.running.every(({ name }) => isRegistered(name));
	const isIdle = () => performance.now() - Math.max(lastSnippet, server.received.at(-1)?.at ?? 0) > 300;
	await eventually(() => isIdle() && allRegistered(), "every room is registered");
}

async function burst(firstRoom: number): Promise<void> {
	const start = performance.now();
	for (let index = 0; index < rooms; index++) {
		await pause(Math.max(0, start + (index * 1_000) / rooms - performance.now()));
		const room = String(firstRoom + index);
		starts.set(`conf_${room}`, performance.now());
		freeswitch.conferences.create(room);
	}
	await settled();
}

/** ms of CPU that a process has used, without its children. (/proc/PID/stat counts in 10 ms, too coarse for one room.) */
function cpuOf(pid: number): number {
	const nanoseconds = (thread: string) => parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"), 10);
	return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + nanoseconds(thread), 0) / 1e6;
}

async function measure(pid: number) {
	await eventually(() => server.count(/^event/) > 0, "the client subscribes");
	await settled();
	const before = { commands: server.received.length, bytes: server.written, cpu: cpuOf(pid) };
	for (let count = 0; count < bursts; count++) {
		await burst(20_000 + count * rooms);
	}
	const commands = server.received.slice(before.commands).map(({ text }) => text);
	return {
		delays,
		reloads: commands.filter((text) => text === "api reloadxml").length,
		rescans: commands.filter((text) => text.endsWith(" rescan")).length,
		kilobytes: (server.written - before.bytes) / 1_024,
		cpu: cpuOf(pid) - before.cpu,
		megabytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024,
	};
}

// Rooms whose snippets lie there run already.
for (const name of readdirSync(directory)) {
	freeswitch.conferences.create(name.replace(/^conf_|\.xml$/g, ""));
}
await freeswitch.api("sofia profile external rescan");
await settled();

process.env["EVENTSOCKET_PORT"] = String(standIn.port);
const started = spawn(client, { stdio: "inherit" });
started.once("close", (code, signal) => {
	throw new Error(`${client} ended: ${String(code ?? signal)}`);
});
process.once("exit", () => started.kill("SIGKILL"));
writeFileSync(3, JSON.stringify(await measure(started.pid ?? -1)));
process.exit();
