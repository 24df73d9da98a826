/** Faults that wait for the commands, events or runs of the script that they befall. */
export class Armed<Fault, Thing> {
	#waiting: { readonly fault: Fault; passing: number; left: number }[] = [];
	readonly #befalls: (fault: Fault, thing: Thing) => boolean;

	constructor(befalls: (fault: Fault, thing: Thing) => boolean) {
		this.#befalls = befalls;
	}

	/** The fault lets `after` things pass, and befalls the next `times`. */
	add(fault: Fault, { times = 1, after = 0 }): void {
		this.#waiting.push({ fault, passing: after, left: times });
	}

	/** What befalls this thing. */
	next(thing: Thing): Fault | undefined {
		const concerned = this.#waiting.filter(({ fault }) => this.#befalls(fault, thing));
		const due = concerned.find(({ passing }) => passing === 0);
		for (const armed of concerned) {
			armed.passing = Math.max(0, armed.passing - 1);
		}
		if (due !== undefined) {
			due.left -= 1;
			this.#waiting = this.#waiting.filter(({ left }) => left > 0);
		}
		return due?.fault;
	}

	clear(): void {
		this.#waiting = [];
	}
}
