/** The directory of snippets, in memory, from which the simulated FreeSWITCH reads its configuration. */
import { preprocess } from "../stand-in/freeswitch/snippet-directory.ts";
import { snippet } from "../support/snippets.ts";

/** The registrar of rooms' second gateways. */
export const secondHost = "127.0.0.101";

/** A room's snippet, as the shipped script writes it. @param second whether with a gateway for a second registrar */
export function roomSnippet(room: string, second: boolean, params: Readonly<Record<string, string>> = {}): string {
	return snippet(room, params) + (second ? snippet(room, { ...params, proxy: secondHost }, `conf_${room}.2`) : "");
}

/** Half a snippet: the element left open makes FreeSWITCH refuse the whole configuration. */
function half(room: string): string {
	return snippet(room).split("\n").slice(0, 4).join("\n");
}

/** As the shipped script names it; what is not named by a room is an administrator's. */
function fileOf(name: string): string {
	return /^\d+$/.test(name) ? `conf_${name}.xml` : `${name}.xml`;
}

export class SimulatedDirectory {
	/** The rooms whose snippets were last touched by a script that has outlived its daemon, or by somebody else. */
	readonly orphaned = new Set<string>();
	readonly #files = new Map<string, string>();
	readonly #preprocessed = new Map<string, string>();

	/** What FreeSWITCH's preprocessor makes of the files, in the order of their names. */
	get text(): string {
		return [...this.#files]
			.filter(([name]) => name.endsWith(".xml") && !name.startsWith("."))
			.sort(([one], [other]) => (one < other ? -1 : 1))
			.map(([, text]) => this.#preprocess(text))
			.join("");
	}

	/** The names of the snippets, without `.xml`. */
	get snippets(): string[] {
		return [...this.#files.keys()]
			.filter((file) => file.endsWith(".xml") && !/^\d/.test(file))
			.map((file) => file.slice(0, -".xml".length).replace(/^conf_(?=\d)/, ""))
			.sort();
	}

	/** The rooms whose snippets are broken. */
	get broken(): string[] {
		return this.snippets.filter((name) => this.#files.get(fileOf(name)) === half(name));
	}

	write(room: string, text = snippet(room)): void {
		this.#files.set(fileOf(room), text);
	}

	/** Writes half a snippet in place, as a script may that is ended halfway. */
	break(room: string): void {
		this.write(room, half(room));
	}

	/** Leaves a temporary file, as a script does that is ended before it renames. */
	litter(room: string): void {
		this.#files.set(`.conf_${room}.4711.tmp`, half(room));
	}

	/** A program before this one has left its own file for a room, which the script does not know. */
	plant(room: string): void {
		this.#files.set(`${room}.xml`, snippet(room));
	}

	unplant(room: string): void {
		this.#files.delete(`${room}.xml`);
	}

	/** Somebody restores the snippet of a room from a backup, unless there is one. */
	restore(room: string, second: boolean): void {
		if (!this.has(room)) {
			this.write(room, roomSnippet(room, second));
			this.orphaned.add(room);
		}
	}

	has(room: string): boolean {
		return this.#files.has(fileOf(room));
	}

	delete(room: string): void {
		this.#files.delete(fileOf(room));
	}

	/** Removes the snippets of all rooms, as the script does for `--all del`. */
	clear(): void {
		for (const name of this.#files.keys()) {
			if (name.startsWith("conf_")) {
				this.#files.delete(name);
			}
		}
	}

	#preprocess(text: string): string {
		const found = this.#preprocessed.get(text) ?? preprocess(text);
		this.#preprocessed.set(text, found);
		return found;
	}
}
