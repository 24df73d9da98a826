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

/** Measured on a real FreeSWITCH. */
export const realLatencies: Latencies = { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 };

/** ms that a command takes. @param loaded counts the gateways of a profile */
export function latencyOf(command: string, of: Partial<Latencies>, loaded: (profile: string) => number): number {
	if (command.startsWith("reloadxml")) {
		return of.reloadxml ?? 0;
	}
	const profile = /^sofia profile (\S+) (?:rescan|restart)/.exec(command)?.[1];
	return profile === undefined ? (of.list ?? 0) : (of.rescan ?? 0) + (of.rescanPerGateway ?? 0) * loaded(profile);
}
