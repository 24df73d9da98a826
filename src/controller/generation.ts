/** One state of the script's settings, from the daemon's start or a reload until the next reload. */
export class Generation {
	/** How many reloads came before it in this daemon's life. */
	readonly number: number;
	/** What scripts write into snippets, and FreeSWITCH lists: another one for other settings, and after each reload. */
	readonly mark: string;

	/** @param settings text that stands for the settings: letters and digits */
	constructor(settings: string, number = 0) {
		this.number = number;
		this.mark = number === 0 ? settings : `${settings}.${number}`;
	}

	/** Whether a gateway with this mark has these settings. At the daemon's start, an earlier daemon's reloads do not matter. */
	matches(mark: string): boolean {
		return (this.number === 0 ? mark.replace(/\..*/, "") : mark) === this.mark;
	}
}
