/**
 * The registrar over TCP: a FreeSWITCH in a process of its own can be killed while the bindings stay. One JSON object per
 * line, `{id, register}` or `{id, ping}` to the registrar and `{id, answer}` back. No SIP.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { readLines } from "../../support/lines.ts";
import type { RegisterRequest, SipAnswer, SipPeer } from "./registrar.ts";

type Request = { readonly id: number } & ({ readonly register: RegisterRequest } | { readonly ping: string });

interface Reply {
	readonly id: number;
	readonly answer: SipAnswer;
}

export class RegistrarServer {
	readonly #server = createServer();
	readonly #sockets = new Set<Socket>();

	/** Serves `registrar` on a free port of 127.0.0.1. */
	static async start(registrar: SipPeer): Promise<RegistrarServer> {
		const serving = new RegistrarServer();
		const server = serving.#server;
		server.on("connection", (socket) => serving.#serve(socket, registrar));
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return serving;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	async close(): Promise<void> {
		this.#sockets.forEach((socket) => socket.destroy());
		this.#server.close();
		await once(this.#server, "close");
	}

	#serve(socket: Socket, registrar: SipPeer): void {
		this.#sockets.add(socket);
		socket.on("error", () => {
			// A killed FreeSWITCH resets its connections; "close" follows.
		});
		socket.once("close", () => this.#sockets.delete(socket));
		readLines(socket, (line) => {
			const request = JSON.parse(line) as Request;
			const reply = (answer: SipAnswer) => {
				if (socket.writable) {
					socket.write(`${JSON.stringify({ id: request.id, answer } satisfies Reply)}\n`);
				}
			};
			if ("register" in request) {
				registrar.register(request.register, reply);
			} else {
				registrar.ping(request.ping, reply);
			}
		});
	}
}

/** A registrar in another process. Without a connection it is silent, like a registrar whose host is down. */
export class RemoteRegistrar implements SipPeer {
	readonly #socket: Socket;
	readonly #waiting = new Map<number, (answer: SipAnswer) => void>();
	#lastId = 0;

	/** @param address `HOST:PORT` of a RegistrarServer */
	constructor(address: string) {
		const [host = "", port] = address.split(":");
		this.#socket = connect({ port: Number(port), host });
		this.#socket.on("error", () => {
			// The registrar is silent from now on.
		});
		readLines(this.#socket, (line) => {
			const { id, answer } = JSON.parse(line) as Reply;
			this.#waiting.get(id)?.(answer);
			this.#waiting.delete(id);
		});
	}

	register(request: RegisterRequest, reply: (answer: SipAnswer) => void): void {
		this.#send({ register: request }, reply);
	}

	ping(host: string, reply: (answer: SipAnswer) => void): void {
		this.#send({ ping: host }, reply);
	}

	close(): void {
		this.#socket.destroy();
	}

	#send(request: { register: RegisterRequest } | { ping: string }, reply: (answer: SipAnswer) => void): void {
		this.#lastId += 1;
		this.#waiting.set(this.#lastId, reply);
		this.#socket.write(`${JSON.stringify({ id: this.#lastId, ...request })}\n`);
	}
}
