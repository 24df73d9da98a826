import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Places } from "../../../src/generator/places.ts";

/** Four places, and work that goes on until it is told to end. */
class Work {
	readonly begun: string[] = [];
	readonly #places = new Places(4);
	readonly #ends = new Map<string, () => void>();

	ask(name: string, urgent: boolean): void {
		void this.#places.use(urgent, () => {
			this.begun.push(name);
			return new Promise<void>((resolve) => {
				this.#ends.set(name, resolve);
			});
		});
	}

	async end(name: string): Promise<void> {
		this.#ends.get(name)?.();
		await settled();
	}
}

function settled(): Promise<void> {
	return new Promise(setImmediate);
}

describe("places", () => {
	it("are all for urgent work, oldest first", async () => {
		const work = new Work();
		for (const name of ["1", "2", "3", "4", "5", "6"]) {
			work.ask(name, true);
		}
		await settled();
		assert.deepEqual(work.begun, ["1", "2", "3", "4"]);
		await work.end("3");
		assert.deepEqual(work.begun, ["1", "2", "3", "4", "5"]);
	});

	it("are left free by half where work is not urgent", async () => {
		const work = new Work();
		for (const name of ["a", "b", "c"]) {
			work.ask(name, false);
		}
		work.ask("1", true);
		work.ask("2", true);
		await settled();
		assert.deepEqual(work.begun.sort(), ["1", "2", "a", "b"]);
		await work.end("1");
		assert.equal(work.begun.length, 4);
		await work.end("a");
		assert.deepEqual(work.begun.sort(), ["1", "2", "a", "b", "c"]);
	});

	it("go to urgent work first, however long other work has waited", async () => {
		const work = new Work();
		for (const name of ["1", "2", "3", "4"]) {
			work.ask(name, true);
		}
		work.ask("a", false);
		work.ask("5", true);
		await settled();
		await work.end("1");
		assert.equal(work.begun.at(-1), "5");
		await work.end("2");
		assert.equal(work.begun.at(-1), "a");
	});

	it("are free again after work that fails", async () => {
		const places = new Places(2);
		for (const urgent of [true, false, true, false]) {
			await assert.rejects(
				places.use(urgent, () => Promise.reject(new Error("no"))),
				/no/,
			);
		}
		assert.equal(await places.use(false, () => Promise.resolve(1)), 1);
	});
});
