/** What happened in a simulation, as sentences with times: what was done to the node, and what came of it. */
import type { Clock } from "../../src/clock.ts";

interface Line {
	/** ms */
	readonly at: number;
	readonly sentence: string;
	/** Whether it came of what is told before, and was not done to the node. */
	readonly outcome: boolean;
}

export class History {
	readonly #clock: Clock;
	/** Put before each sentence. */
	readonly #name: string;
	readonly #lines: Line[];
	readonly #told: { ended: boolean };

	constructor(clock: Clock, name = "", whole?: History) {
		this.#clock = clock;
		this.#name = name;
		this.#lines = whole === undefined ? [] : whole.#lines;
		this.#told = whole === undefined ? { ended: false } : whole.#told;
	}

	/** What happens on one node, as a part of the whole. */
	of(node: string): History {
		return new History(this.#clock, node === "" ? "" : `${node}: `, this);
	}

	/** What follows is not told. */
	end(): void {
		this.#told.ended = true;
	}

	/** Something is done to the node. */
	deed(sentence: string): void {
		this.#add(sentence, false);
	}

	/** Something comes of it. */
	outcome(sentence: string): void {
		this.#add(sentence, true);
	}

	/** A numbered list. */
	toString(): string {
		return this.#lines
			.map(({ at, sentence, outcome }, index) => {
				const number = String(index + 1).padStart(4);
				return `${number}. ${(at / 1_000).toFixed(3).padStart(8)} s  ${outcome ? "    " : ""}${sentence}`;
			})
			.join("\n");
	}

	#add(sentence: string, outcome: boolean): void {
		if (!this.#told.ended) {
			this.#lines.push({ at: this.#clock.now(), sentence: this.#name + sentence, outcome });
		}
	}
}
