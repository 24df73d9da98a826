/**
 * Plays a recording against the stand-in: sends the recorded client's commands at their recorded times, stages what happened
 * meanwhile, and compares what arrives. All on simulated time, over a real socket.
 */
import assert from "node:assert/strict";
import { type Arrived, type Entry, isEvent, Normaliser, readRecording, type Sent } from "../support/recording.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { TemporaryDirectory } from "../support/snippets.ts";
import { until } from "../support/until.ts";
import { RawClient } from "./event-socket/raw-client.ts";
import type { ProfileTiming } from "./freeswitch/sofia-profile.ts";
import { StandIn, type StandInOptions } from "./stand-in.ts";

export interface Stage {
	readonly standIn: StandIn;
	readonly clock: SimulatedClock;
	readonly directory: TemporaryDirectory;
}

export interface Staging {
	/** What FreeSWITCH does in the recording. */
	readonly what: string;
	/** When the profile ticked in the recording: ms after each full second. */
	readonly phase?: number;
	readonly timing?: Partial<ProfileTiming>;
	readonly options?: StandInOptions;
	/** Prepares the state in which the recording began. */
	readonly before?: (stage: Stage) => Promise<void> | void;
	/** What happened at which ms of the recording. Conferences are not in it: their events tell when they came and went. */
	readonly meanwhile?: readonly (readonly [t: number, action: (stage: Stage) => void])[];
}

/**
 * ms by which a recorded event may lag behind its cause: FreeSWITCH hands events to another thread, and a connection polls for
 * them every 20 ms. An answer to a command of that time may come before or after the event.
 */
const eventDelay = 45;

/** Commands that only the recorded client sends. The stand-in refuses them. */
const notModelled =
	/^(bgapi |api (conference xml_list|sofia (xmlstatus|status) gateway|sofia profile external gwlist)\n)/;

/** Plays recording `number` and compares everything. */
export async function replay(number: string, staging: Staging): Promise<void> {
	const { timing = {}, options = {}, before, meanwhile = [] } = staging;
	const { firstTick = 1_000 } = timing;
	const directory = new TemporaryDirectory();
	let drained = () => Promise.resolve();
	const clock = new SimulatedClock(() => drained());
	const standIn = await StandIn.start({
		directory: directory.path,
		clock,
		timing: { ...timing, firstTick },
		...options,
	});
	const stage = { standIn, clock, directory };
	const start = firstTick + 40_000 - (staging.phase ?? 0);
	let client: RawClient | undefined;
	try {
		await before?.(stage);
		await clock.advance(start - clock.now());
		client = await RawClient.connect(standIn.port);
		const { server } = standIn;
		const receiving = client;
		drained = async () => {
			await new Promise((resolve) => setImmediate(resolve));
			await until(() => receiving.bytes === server.written, "all that was written has arrived");
		};
		await play(number, stage, client, start, meanwhile);
	} finally {
		await client?.close();
		await standIn.close();
		directory.remove();
	}
}

async function play(
	number: string,
	stage: Stage,
	client: RawClient,
	start: number,
	meanwhile: NonNullable<Staging["meanwhile"]>,
): Promise<void> {
	const { standIn, clock } = stage;
	const entries = modelled(readRecording(number));
	const arrived = entries.filter((entry): entry is Arrived => entry.kind === "arrived");
	const recordedEvents = arrived.filter(({ frame }) => isEvent(frame));
	const count = (kind: "event" | "answer") =>
		client.frames.filter((frame) => isEvent(frame) === (kind === "event")).length;
	const bringAbout = recordedConferences(standIn);
	const actions = [...meanwhile];
	const expected = { event: 0, answer: 0 };
	for (const entry of entries) {
		for (let action = actions[0]; action !== undefined && action[0] <= entry.t; action = actions[0]) {
			await clock.advance(start + action[0] - clock.now());
			action[1](stage);
			actions.shift();
		}
		await clock.advance(start + entry.t - clock.now());
		switch (entry.kind) {
			case "sent":
				assert.ok(
					count("event") <= recordedEvents.filter(({ t }) => t <= entry.t + eventDelay).length,
					`events came before ${entry.t} ms that the recording has later: ${client.frames.at(-1)?.body ?? ""}`,
				);
				await send(entry, stage, client);
				break;
			case "arrived": {
				const kind = isEvent(entry.frame) ? "event" : "answer";
				if (kind === "event") {
					bringAbout(JSON.parse(entry.frame.body) as Record<string, string>);
					await clock.advance(0);
				}
				expected[kind] += 1;
				assert.ok(
					count(kind) >= expected[kind],
					`at ${entry.t} ms this is missing: ${entry.frame.head} ${entry.frame.body}`,
				);
				break;
			}
			case "closed":
				await until(() => client.ended === "FIN", "the server has closed the connection");
		}
	}
	compare(arrived, client);
}

/** A recording without the commands that are not modelled and without their answers. */
function modelled(entries: readonly Entry[]): Entry[] {
	// The first answer is the greeting, which belongs to no command.
	const expected = [true];
	return entries.filter((entry) => {
		if (entry.kind === "sent") {
			expected.push(!notModelled.test(entry.text));
			return expected.at(-1);
		}
		return entry.kind === "closed" || isEvent(entry.frame) || (expected.shift() ?? true);
	});
}

async function send(entry: Sent, { standIn, clock }: Stage, client: RawClient): Promise<void> {
	const before = standIn.server.received.length;
	client.sendRaw(entry.text);
	await standIn.until(() => standIn.server.received.length > before, `"${entry.text.trim()}" has been received`);
	await clock.advance(0);
}

/** Compares answers with answers and events with events, to the byte. Their order among each other may differ. */
function compare(recorded: readonly Arrived[], client: RawClient): void {
	const normalised = (frames: readonly Arrived["frame"][]) => {
		const normaliser = new Normaliser();
		const texts = frames.map((frame) => ({ event: isEvent(frame), text: normaliser.normalise(frame) }));
		return [texts.filter(({ event }) => event), texts.filter(({ event }) => !event)];
	};
	assert.deepEqual(normalised(client.frames), normalised(recorded.map(({ frame }) => frame)));
}

/** Starts and ends conferences as the recorded events say. */
function recordedConferences({ freeswitch }: StandIn): (event: Readonly<Record<string, string>>) => void {
	const { conferences } = freeswitch;
	/** Fires the destroy event of the conference with that recorded id. */
	const untold = new Map<string, () => void>();
	const running = new Map<string, string>();
	return ({ Action: action, "Conference-Name": name = "", "Conference-Unique-ID": id = "" }) => {
		if (action === "conference-create") {
			const former = running.get(name);
			if (former !== undefined) {
				// The new one began before the old one's destroy event (recording 15).
				untold.set(former, conferences.unlist(name));
			}
			running.set(name, id);
			conferences.create(name);
		} else if (action === "conference-destroy" && untold.has(id)) {
			untold.get(id)?.();
		} else if (action === "conference-destroy") {
			running.delete(name);
			conferences.destroy(name);
		}
	};
}
