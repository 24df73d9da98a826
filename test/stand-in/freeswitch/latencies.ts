/** How long FreeSWITCH takes over its commands. */

/** ms */
export interface Latencies {
	readonly reloadxml: number;
	/** For rescan, start, stop and restart of a profile, and on top of it for every gateway that is loaded. */
	readonly rescan: number;
	readonly rescanPerGateway: number;
	/** Lists and everything else. */
	readonly list: number;
}

export const noLatencies: Latencies = { reloadxml: 0, rescan: 0, rescanPerGateway: 0, list: 0 };

/** What was measured on a real one. */
export const realLatencies: Latencies = { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 };

/** ms that a command takes; `loaded` tells how many gateways a profile has. */
export function latencyOf(command: string, latencies: Latencies, loaded: (profile: string) => number): number {
	if (command.startsWith("reloadxml")) {
		return latencies.reloadxml;
	}
	const profile = /^sofia profile (\S+) (?:rescan|restart|stop|start)/.exec(command)?.[1];
	return profile === undefined ? latencies.list : latencies.rescan + latencies.rescanPerGateway * loaded(profile);
}
