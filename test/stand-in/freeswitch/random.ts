/** Pseudo-random numbers and ids: the same seed makes the same sequence. */

export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** A whole number from `least` to `most`, both included. */
	between(least: number, most: number): number {
		return least + (this.#next() % (most - least + 1));
	}

	/** An id in the form of FreeSWITCH's ids. */
	uuid(): string {
		const digits = Array.from({ length: 4 }, () => this.#next().toString(16).padStart(8, "0")).join("");
		const variant = "89ab".charAt(this.#next() % 4);
		return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
	}

	/** 32 bits: a counter stepped by an odd number, its bits then spread by multiplications. */
	#next(): number {
		this.#state = (this.#state + 0x9e3779b9) >>> 0;
		let bits = this.#state;
		bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
		bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
		return (bits ^ (bits >>> 15)) >>> 0;
	}
}
