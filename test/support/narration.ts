/** Tells a person, line by line, what FreeSWITCH, the registrar and the daemon do. */
import { styleText } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { overheard, type Registrar, type SipPeer } from "../stand-in/registrar/registrar.ts";
import { DaemonProcess, shippedScript } from "./daemon-process.ts";

export type Who = "you" | "FreeSWITCH" | "registrar" | "fsconfregger";

const colours = { you: "bold", FreeSWITCH: "cyan", registrar: "magenta", fsconfregger: "green" } as const;

const began = systemClock.now();

/** A line with the time since the start, who did it, and what. */
export function narrate(who: Who, what: string): string {
	const time = ((systemClock.now() - began) / 1_000).toFixed(1).padStart(5);
	const line = `${time} s  ${who.padEnd(13)} ${what}`;
	return process.stdout.isTTY ? styleText(colours[who], line) : line;
}

/** The registrar, which tells its answers. */
export function narrated(registrar: Registrar, say: (who: Who, what: string) => void): SipPeer {
	return overheard(registrar, ({ user, expires }, { status, phrase }) => {
		const outcome = expires === 0 ? ": gone" : `: callers of ${user} are sent to this node`;
		const what = `${expires === 0 ? "un-REGISTER" : "REGISTER"} ${user} is answered ${status} ${phrase}`;
		say("registrar", status === 200 ? what + outcome : what);
	});
}

/** The environment of a daemon for a stand-in with the default password, whose profile reads `directory`. */
export function environmentOf(port: number, directory: string): Record<string, string> {
	return {
		EVENTSOCKET_HOST: "127.0.0.1",
		EVENTSOCKET_PORT: String(port),
		GENERATOR_SCRIPT: shippedScript,
		GATEWAY_DIR: directory,
		SIP_REGISTRAR: "127.0.0.100",
		SIP_PASSWORD: "a-secret",
	};
}

/** The built daemon, which tells its log. */
export function narratedDaemon(
	environment: Readonly<Record<string, string>>,
	say: (who: Who, what: string) => void,
): DaemonProcess {
	return new DaemonProcess({
		environment,
		onRecord: ({ level, msg }) => say("fsconfregger", level === "info" ? msg : `${level}: ${msg}`),
	});
}
