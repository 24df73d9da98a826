/**
 * The bench's FreeSWITCH, a program of its own so that its work is not counted as its client's:
 *
 *   bench-freeswitch DIRECTORY SNIPPET
 *
 * It is the tests' stand-in with the latencies of the real one. JavaScript is slower at reading XML than FreeSWITCH is, and
 * what it takes longer would be blamed on the client; so every snippet is read once only, and the registrar just says yes.
 * SNIPPET is the file that the generator wrote for room 99999, from which the snippets of `prepare` are made.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FreeSwitch } from "../stand-in/freeswitch/freeswitch.ts";
import { realLatencies } from "../stand-in/freeswitch/latencies.ts";
import { attribute, child, parseXml, type XmlElement } from "../stand-in/freeswitch/xml.ts";
import { preprocess } from "../stand-in/freeswitch/snippet-directory.ts";
import { StandIn } from "../stand-in/stand-in.ts";
import { type BenchOrder, type BenchReport, type Figures, quantile, sharedNow } from "./orders.ts";
import { Sightings } from "./sightings.ts";

const [, , directory = "", snippetFile = ""] = process.argv;

/** ms without any command or file, after which nothing more is expected. */
const quiet = 300;

/** Where events come from does not matter here. */
const somewhere = { file: "switch_channel.c", function: "switch_channel_perform_set_state", line: 2_000 };

const standIn = await StandIn.start({
	directory,
	latencies: realLatencies,
	epoch: Date.now(),
	// No figure depends on when gateways register, but every run waits for it.
	timing: { tickInterval: 250 },
	peer: () => ({
		register: (request, reply) => {
			setImmediate(reply, { status: 200, phrase: "OK", expires: request.expires });
		},
		ping: (_, reply) => {
			setImmediate(reply, { status: 200, phrase: "OK" });
		},
	}),
});
const { freeswitch } = standIn;
const { conferences, sofia, events } = freeswitch;
/** Executes a command, which is not taken for one of the client's. */
const execute = freeswitch.api.bind(freeswitch);
const sightings = new Sightings(standIn, directory);

/** Makes the configuration read every snippet once, and load only what is not loaded: in the end the same. */
function readOnce({ configuration }: FreeSwitch): void {
	const known = new Map<string, XmlElement | undefined>();
	configuration.reload = () => {
		const names = new Set(readdirSync(directory).filter((name) => name.endsWith(".xml") && !name.startsWith(".")));
		for (const name of known.keys()) {
			if (!names.has(name)) {
				known.delete(name);
			}
		}
		for (const name of names) {
			if (!known.has(name)) {
				const text = preprocess(readFileSync(join(directory, name), "utf8"));
				known.set(name, child(parseXml(`<snippet>\n${text}</snippet>\n`), "gateway"));
			}
		}
		return "Success";
	};
	configuration.gatewaysOf = () =>
		[...known.values()].filter(
			(element) => element !== undefined && sofia.gateway(attribute(element, "name") ?? "") === undefined,
		) as XmlElement[];
}

async function prepare(rooms: readonly string[]): Promise<void> {
	const snippet = readFileSync(snippetFile, "utf8");
	for (const room of rooms) {
		writeFileSync(join(directory, `conf_${room}.xml`), snippet.replaceAll("99999", room));
		conferences.create(room);
		conferences.join(room);
	}
	await execute("sofia profile external rescan");
	await settle();
}

function start(room: string): void {
	sightings.started(room);
	conferences.create(room);
}

function end(room: string): void {
	sightings.ended(room);
	conferences.destroy(room);
}

async function spread(rooms: readonly string[], within: number, act: (room: string) => void): Promise<void> {
	const start = sharedNow();
	for (const [index, room] of rooms.entries()) {
		const due = start + (index * within) / rooms.length;
		if (due > sharedNow()) {
			await pause(due - sharedNow());
		}
		act(room);
	}
}

/** People start and stop to talk, and channels change: two events of the one for two of the other. */
async function storm(perSecond: number, seconds: number): Promise<void> {
	const talking = conferences.running.map(({ name }) => name);
	const start = sharedNow();
	for (let fired = 0; fired < perSecond * seconds; fired += 4) {
		const due = start + (fired / perSecond) * 1_000;
		if (due > sharedNow()) {
			await pause(due - sharedNow());
		}
		conferences.talk(talking[(fired / 4) % talking.length] ?? "");
		for (const name of ["CHANNEL_STATE", "CHANNEL_CALLSTATE"]) {
			events.fire(name, somewhere, { "Channel-State": "CS_EXECUTE", "Channel-Name": "sofia/internal/1@x" });
		}
	}
}

/** Resolves soon after `condition` has become true. */
async function until(condition: () => boolean): Promise<void> {
	while (!condition()) {
		await pause(5);
	}
}

async function settle(): Promise<void> {
	const registered = () => sofia.profile("external")?.gateways.every(({ state }) => state === "REGED") ?? false;
	await until(() => sightings.servedFor(quiet) && registered());
}

async function time(command: string, times: number): Promise<number> {
	const took: number[] = [];
	for (let index = 0; index < times; index++) {
		const start = sharedNow();
		await execute(command);
		took.push(sharedNow() - start);
	}
	return quantile(took, 0.5);
}

async function carryOut(order: BenchOrder): Promise<number | Figures> {
	switch (order.do) {
		case "prepare":
			await prepare(order.rooms);
			return 0;
		case "start":
			await spread(order.rooms, order.within, start);
			return 0;
		case "end":
			await spread(order.rooms, order.within, end);
			return 0;
		case "storm": {
			const { room } = order;
			if (room !== undefined) {
				setTimeout(start, 1_000, room);
			}
			await storm(order.perSecond, order.seconds);
			return 0;
		}
		case "subscribed":
			await until(() => standIn.server.count(/^event/) > 0);
			return 0;
		case "scanned":
			await until(() => sightings.scannedAt > 0);
			return sightings.scannedAt;
		case "settle":
			await settle();
			return 0;
		case "figures":
			return sightings.figures();
		case "time":
			return await time(order.command, order.times);
	}
}

function report(what: BenchReport): void {
	process.send?.(what);
}

readOnce(freeswitch);
process.on("message", (order: BenchOrder) => {
	carryOut(order).then(
		(value) => {
			report({ kind: "done", value });
		},
		(error: unknown) => {
			report({ kind: "failed", error: String(error) });
		},
	);
});
process.once("disconnect", () => {
	process.exit();
});
report({ kind: "listening", port: standIn.port });
