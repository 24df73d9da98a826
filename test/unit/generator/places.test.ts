import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Places } from "../../../src/generator/places.ts";

/** Four places, and work that goes on until it is told to end. */
class Work {
	readonly begun: string[] = [];
	readonly #places = new Places(4);
	readonly #ends = new Map<string, () => void>();
	readonly #leaves = new Map<string, () => void>();

	async ask(urgent: boolean, ...names: string[]): Promise<void> {
		for (const name of names) {
			void this.#places.use(urgent, (leave) => {
				this.begun.push(name);
				this.#leaves.set(name, leave);
				return new Promise<void>((resolve) => this.#ends.set(name, resolve));
			});
		}
		await settled();
	}

	async end(name: string): Promise<void> {
		this.#ends.get(name)?.();
		await settled();
	}

	async leave(name: string): Promise<void> {
		this.#leaves.get(name)?.();
		await settled();
	}
}

function settled(): Promise<void> {
	return new Promise(setImmediate);
}

describe("places", () => {
	it("are all for urgent work, oldest first", async () => {
		const work = new Work();
		await work.ask(true, "1", "2", "3", "4", "5", "6");
		assert.deepEqual(work.begun, ["1", "2", "3", "4"]);
		await work.end("3");
		assert.deepEqual(work.begun, ["1", "2", "3", "4", "5"]);
	});

	it("are left free by half where work is not urgent", async () => {
		const work = new Work();
		await work.ask(false, "a", "b", "c");
		await work.ask(true, "1", "2");
		assert.deepEqual(work.begun.sort(), ["1", "2", "a", "b"]);
		await work.end("1");
		assert.equal(work.begun.length, 4);
		await work.end("a");
		assert.deepEqual(work.begun.sort(), ["1", "2", "a", "b", "c"]);
	});

	it("go to urgent work first, however long other work has waited", async () => {
		const work = new Work();
		await work.ask(true, "1", "2", "3", "4");
		await work.ask(false, "a");
		await work.ask(true, "5");
		await work.end("1");
		assert.equal(work.begun.at(-1), "5");
		await work.end("2");
		assert.equal(work.begun.at(-1), "a");
	});

	it("are free again when work leaves them, once for each work", async () => {
		const work = new Work();
		await work.ask(true, "1", "2", "3");
		await work.ask(false, "a");
		await work.ask(true, "4", "5", "6");
		await work.ask(false, "b", "c");
		for (const name of ["1", "1", "a", "a"]) {
			await work.leave(name);
		}
		assert.deepEqual(work.begun, ["1", "2", "3", "a", "4", "5"]);
		await work.end("1");
		await work.end("a");
		assert.equal(work.begun.length, 6);
		await work.end("2");
		await work.end("3");
		assert.deepEqual(work.begun.slice(6), ["6", "b"]);
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
