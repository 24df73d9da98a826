/** How long FreeSWITCH takes for its commands. */

/** ms */
export interface Latencies {
	readonly reloadxml: number;
	/** For rescan and restart of a profile, and in addition for each loaded gateway. */
	readonly rescan: number;
	readonly rescanPerGateway: number;
	/** Everything else. */
	readonly list: number;
}

export const noLatencies: Latencies = { reloadxml: 0, rescan: 0, rescanPerGateway: 0, list: 0 };

/** Measured on a real FreeSWITCH. */
export const realLatencies: Latencies = { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 };

/** ms that a command takes. @param loaded counts the gateways of a profile */
export function latencyOf(command: string, latencies: Latencies, loaded: (profile: string) => number): number {
	if (command.startsWith("reloadxml")) {
		return latencies.reloadxml;
	}
	const profile = /^sofia profile (\S+) (?:rescan|restart)/.exec(command)?.[1];
	return profile === undefined ? latencies.list : latencies.rescan + latencies.rescanPerGateway * loaded(profile);
}
