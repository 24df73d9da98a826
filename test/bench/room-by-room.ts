/**
 * The baseline, a program of its own: what the Go daemon does, room by room. It subscribes to ALL; for a room that starts it
 * runs the script and has the profile rescanned, for one that ends it runs the script and kills the gateway, and not before
 * that is done does it look at the next. Unlike the Go daemon it reads on meanwhile: that one comes to a stop for a minute
 * when five rooms start at once, and would need twenty for twenty.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { FrameReader } from "../stand-in/event-socket/frames.ts";

const script = process.env["GENERATOR_SCRIPT"] ?? "";
const reader = new FrameReader();
const answers: ((text: string) => void)[] = [];
let work = Promise.resolve();

const socket = connect(Number(process.env["EVENTSOCKET_PORT"]), "127.0.0.1");
socket.on("data", (bytes) => {
	for (const { type, body } of reader.read(bytes)) {
		if (type === "text/event-json") {
			heard(JSON.parse(body) as Record<string, string>);
		} else {
			answers.shift()?.(body);
		}
	}
});

function heard(event: Record<string, string>): void {
	const room = event["Conference-Name"] ?? "";
	if (event["Action"] === "conference-create") {
		work = work.then(async () => {
			await run(room);
			await ask("api sofia profile external rescan");
		});
	} else if (event["Action"] === "conference-destroy") {
		work = work.then(async () => {
			await run(room, "del");
			await ask(`api sofia profile external killgw conf_${room}`);
		});
	}
}

async function run(...args: string[]): Promise<void> {
	const [code] = (await once(spawn(script, args, { stdio: "ignore" }), "close")) as [number | null];
	if (code !== 0) {
		throw new Error(`${script} ${args.join(" ")} ended with ${String(code)}`);
	}
}

function ask(command: string): Promise<string> {
	return new Promise((resolve) => {
		answers.push(resolve);
		socket.write(`${command}\n\n`);
	});
}

await new Promise<string>((resolve) => {
	// The greeting is the first frame, and nobody's answer.
	answers.push(resolve);
});
await ask(`auth ${process.env["EVENTSOCKET_PASSWORD"] ?? ""}`);
await ask("event json ALL");
