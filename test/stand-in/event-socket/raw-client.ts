/** A client of the event socket for tests. It keeps all frames it receives. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { changed, until } from "../../support/until.ts";
import { type Frame, FrameReader } from "./frames.ts";

export class RawClient {
	/** Every frame received. */
	readonly frames: Frame[] = [];
	/** Bytes received. */
	bytes = 0;
	/** How many times bytes arrived. */
	chunks = 0;
	/** How the server ended the connection, if it has. */
	ended: "FIN" | "RST" | undefined;
	readonly #socket: Socket;
	readonly #reader = new FrameReader();

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("data", (bytes: Buffer) => {
			this.bytes += bytes.length;
			this.chunks += 1;
			this.frames.push(...this.#reader.read(bytes));
			changed();
		});
		const end = (how: "FIN" | "RST") => {
			this.ended = how;
			changed();
		};
		socket.on("error", () => end("RST"));
		socket.on("end", () => end("FIN"));
	}

	static async connect(port: number): Promise<RawClient> {
		const socket = connect({ port, host: "127.0.0.1" });
		await once(socket, "connect");
		return new RawClient(socket);
	}

	/** Connects, and authenticates with `password`. */
	static async login(port: number, password = "ClueCon"): Promise<RawClient> {
		const client = await RawClient.connect(port);
		await client.ask(`auth ${password}`);
		return client;
	}

	/** Sends a command. */
	send(command: string): void {
		this.#socket.write(`${command}\n\n`);
	}

	/** Sends bytes. */
	sendRaw(bytes: string): void {
		this.#socket.write(bytes);
	}

	/** Sends a command and resolves with the text of its answer. */
	async ask(command: string): Promise<string> {
		const count = this.answers.length;
		this.send(command);
		await until(() => this.answers.length > count, `"${command}" was answered`);
		return this.answers[count] ?? "";
	}

	/** The texts of all answers so far. */
	get answers(): string[] {
		return this.frames
			.filter(({ type }) => type === "api/response" || type === "command/reply")
			.map(({ type, head, body }) => (type === "api/response" ? body : (/^Reply-Text: (.*)$/m.exec(head)?.[1] ?? "")));
	}

	/** All events so far. */
	get events(): Record<string, string>[] {
		return this.frames
			.filter(({ type }) => type === "text/event-json")
			.map(({ body }) => JSON.parse(body) as Record<string, string>);
	}

	async close(): Promise<void> {
		if (!this.#socket.destroyed) {
			this.#socket.destroy();
			await once(this.#socket, "close");
		}
	}
}
