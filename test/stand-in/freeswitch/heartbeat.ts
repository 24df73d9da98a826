/** FreeSWITCH's HEARTBEAT: one every 20 s (recording 12). */
import type { Clock } from "../../../src/clock.ts";
import type { Events } from "./events.ts";

/** ms */
const interval = 20_000;

const units: readonly (readonly [name: string, microseconds: number])[] = [
	["years", 31_536_000_000_000],
	["days", 86_400_000_000],
	["hours", 3_600_000_000],
	["minutes", 60_000_000],
	["seconds", 1_000_000],
	["milliseconds", 1_000],
	["microseconds", 1],
];

/** Fires the event from now on, for as long as the clock runs. */
export function heartbeat(events: Events, clock: Clock, version: string): void {
	const started = clock.now();
	const beat = () => {
		const up = clock.now() - started;
		events.fire(
			"HEARTBEAT",
			{ file: "switch_core.c", function: "send_heartbeat", line: 95 },
			{
				"Event-Info": "System Ready",
				"Up-Time": inWords(Math.round(up * 1_000)),
				"FreeSWITCH-Version": version,
				"Uptime-msec": String(Math.floor(up)),
				"Session-Count": "0",
				"Max-Sessions": "20000",
				"Session-Per-Sec": "2000",
				"Session-Per-Sec-Last": "0",
				"Session-Per-Sec-Max": "0",
				"Session-Per-Sec-FiveMin": "0",
				"Session-Since-Startup": "0",
				"Session-Peak-Max": "0",
				"Session-Peak-FiveMin": "0",
				"Idle-CPU": "95.000000",
			},
		);
		clock.after(interval, beat);
	};
	clock.after(interval, beat);
}

function inWords(microseconds: number): string {
	let rest = microseconds;
	return units
		.map(([name, length]) => {
			const count = Math.floor(rest / length);
			rest -= count * length;
			return `${count} ${count === 1 ? name.slice(0, -1) : name}`;
		})
		.join(", ");
}
