/**
 * `npm run demo`: the built daemon and the shipped script at work, in twenty seconds. FreeSWITCH and the registrar are the
 * tests' stand-in, in this process; everything that they and the daemon do is shown as it happens.
 */
import { readdirSync } from "node:fs";
import { styleText } from "node:util";
import { systemClock } from "../src/clock.ts";
import { StandIn } from "./stand-in/stand-in.ts";
import { environmentOf, narrate, narrated, narratedDaemon, type Who } from "./support/narration.ts";
import { TemporaryDirectory } from "./support/snippets.ts";

function say(who: Who, what: string): void {
	process.stdout.write(`${narrate(who, what)}\n`);
}

function chapter(title: string): void {
	const line = `\n--- ${title}`;
	process.stdout.write(`${process.stdout.isTTY ? styleText("bold", line) : line}\n`);
}

const seconds = (count: number) => new Promise<void>((resolve) => systemClock.after(count * 1_000, resolve));

process.stdout.write(`
   FreeSWITCH ──(a conference starts)──► fsconfregger ──► sofia-generator.sh writes conf_12345.xml
       ▲                                      │
       └───────── reloadxml, rescan ◄─────────┘
       │
       └──(REGISTER 12345)──► SIP registrar ◄── callers who dial 12345
`);

const temporary = new TemporaryDirectory();
const { path: directory } = temporary;
const node = await StandIn.start({ directory, peer: (own) => narrated(own, say) });
const { registrar } = node;
const daemon = narratedDaemon({ ...environmentOf(node.port, directory), LINGER: "3" }, say);

/** Shows what matters in the end: whom callers reach. */
function score(): boolean {
	const running = node.freeswitch.conferences.running.map(({ name }) => name).sort();
	const reached = registrar.bindings();
	const snippets = readdirSync(directory).sort();
	const list = (items: readonly string[]) => (items.length === 0 ? "none" : items.join(", "));
	const rooms = `rooms that run: ${list(running)}; rooms that callers reach: ${list(reached)}`;
	say("you", `=> ${rooms}; files: ${list(snippets)}`);
	return running.join() === reached.join();
}

function conference(what: "starts" | "ends", ...names: string[]): void {
	for (const name of names) {
		say("FreeSWITCH", `conference ${name} ${what}`);
		node.freeswitch.conferences[what === "starts" ? "create" : "destroy"](name);
	}
}

let right = true;
try {
	chapter("The daemon starts");
	await daemon.said(/rooms? (is|are) running/);

	chapter("Two rooms start, a third that the registrar does not want, and a conference that is no room");
	registrar.refuse("40300");
	conference("starts", "12345", "07974", "40300", "lobby");
	await seconds(2.2);
	conference("ends", "lobby");
	registrar.accept();
	conference("ends", "40300");

	chapter("The audio of the last person in 12345 breaks and comes back: the room stays on the air");
	conference("ends", "12345");
	await seconds(0.5);
	conference("starts", "12345");
	await seconds(1);
	right = score() && right;

	chapter("07974 ends; 3 seconds later its registration goes");
	conference("ends", "07974");
	await seconds(5);
	right = score() && right;

	chapter("FreeSWITCH dies; when it is back, people come back to 12345 and start 777");
	say("FreeSWITCH", "is killed");
	await node.kill();
	await seconds(1.5);
	say("FreeSWITCH", "starts");
	await node.start();
	conference("starts", "12345", "777");
	await seconds(4);
	right = score() && right;

	chapter("The daemon is stopped: the rooms that run stay registered");
	const code = await daemon.stop();
	right = score() && code === 0 && right;
} finally {
	await daemon.kill();
	await node.close();
	temporary.remove();
}
process.stdout.write(right ? "\nCallers reached the running rooms, and no others.\n" : "\nThat went wrong.\n");
process.exitCode = right ? 0 : 1;
