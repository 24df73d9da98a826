/**
 * Who may work when: a limited number of places, and one rule. Urgent work takes any free place, oldest first. Other work
 * takes a free place only if no urgent work waits and less than half of the places hold such work already.
 */
interface Waiting {
	readonly urgent: boolean;
	readonly begin: () => void;
}

export class Places {
	readonly #count: number;
	readonly #waiting: Waiting[] = [];
	#taken = 0;
	#takenByOthers = 0;

	constructor(count: number) {
		this.#count = count;
	}

	/**
	 * Does some work when there is a place for it.
	 * @param work may call `leave` to give its place to others before it has ended
	 */
	async use<T>(urgent: boolean, work: (leave: () => void) => Promise<T>): Promise<T> {
		await new Promise<void>((begin) => {
			this.#waiting.push({ urgent, begin });
			this.#fill();
		});
		let hasLeft = false;
		const leave = () => {
			if (!hasLeft) {
				hasLeft = true;
				this.#taken -= 1;
				this.#takenByOthers -= urgent ? 0 : 1;
				this.#fill();
			}
		};
		try {
			return await work(leave);
		} finally {
			leave();
		}
	}

	#fill(): void {
		while (this.#taken < this.#count) {
			const next = this.#next();
			if (next === undefined) {
				return;
			}
			this.#waiting.splice(this.#waiting.indexOf(next), 1);
			this.#taken += 1;
			this.#takenByOthers += next.urgent ? 0 : 1;
			next.begin();
		}
	}

	#next(): Waiting | undefined {
		const urgent = this.#waiting.find((waiting) => waiting.urgent);
		return urgent ?? (2 * (this.#takenByOthers + 1) <= this.#count ? this.#waiting[0] : undefined);
	}
}
