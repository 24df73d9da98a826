/** The commands `sofia …` and their answers, word for word (recordings 04, 09, 10, 16 and 17). */
import type { Configuration } from "./configuration.ts";
import type { Gateway } from "./gateway.ts";
import { type Json, Members, printJson } from "./json.ts";
import { NotModelled } from "./not-modelled.ts";
import type { Sofia } from "./sofia.ts";
import type { Profile } from "./sofia-profile.ts";

/** Seconds for which a profile must have been up before a restart. */
const leastUptime = 10;

/**
 * Carries out a command, without its first word `sofia`.
 * @param now FreeSWITCH's time in whole seconds
 * @throws NotModelled
 */
export function sofiaCommand(
	sofia: Sofia,
	configuration: Configuration,
	words: readonly string[],
	now: number,
): string {
	const [subject, name = "", verb, gateway] = words;
	if (subject === "jsonstatus") {
		return jsonStatus(sofia, now);
	}
	if (subject !== "profile") {
		throw new NotModelled(`sofia ${words.join(" ")}`);
	}
	const profile = sofia.profile(name);
	if (profile === undefined) {
		return `Invalid Profile [${name}]`;
	}
	if (verb === "killgw" && gateway === undefined) {
		return "-ERR missing gw name\n";
	}
	const found = sofia.gateway(gateway ?? "");
	switch (verb) {
		case "killgw":
			found?.kill();
			return found === undefined ? "-ERR no such gateway.\n" : "+OK gateway marked for deletion.\n";
		case "rescan": {
			const reloaded = configuration.reload();
			sofia.loadGateways(profile);
			return `Reload XML [${reloaded}]\n+OK scan complete\n`;
		}
		case "register":
		case "unregister":
			found?.[verb]();
			return found === undefined ? "Invalid gateway!\n" : "+OK\n";
		case "restart": {
			const remaining = leastUptime - (now - profile.startedAt);
			if (remaining > 0) {
				return (
					`Profile ${name} must be up for at least ${leastUptime} seconds to stop/restart.\n` +
					`Please wait ${remaining} second${remaining === 1 ? "" : "s"}\n`
				);
			}
			const reloaded = configuration.reload();
			profile.stop();
			return `Reload XML [${reloaded}]\nrestarting: ${name}`;
		}
		default:
			throw new NotModelled(`sofia ${words.join(" ")}`);
	}
}

/**
 * `sofia jsonstatus`. A profile that is stopping is listed too, and a killed gateway beside the new one of its name: two
 * members of one name in one object (recording 16).
 */
function jsonStatus({ external, ip }: Sofia, now: number): string {
	return `${printJson({ profiles: external === undefined ? {} : { external: profileJson(external, ip, now) } })}\n`;
}

function profileJson({ name, running, gateways }: Profile, ip: string, now: number): Json {
	const url = `sip:mod_sofia@${ip}:5080`;
	return {
		status: { type: "profile", state: running ? "RUNNING" : "DOWN", "in-use": 0, data: url },
		...(gateways.length > 0 && {
			gateways: new Members(...gateways.map((gateway) => [gateway.name, gatewayJson(gateway, now)] as const)),
		}),
		...(running && {
			info: {
				"domain-name": "N/A",
				"auto-nat": "false",
				"db-name": `sofia_reg_${name}`,
				"pres-hosts": "",
				dialplan: "XML",
				context: "public",
				"challenge-realm": "auto_to",
				"rtp-ip": [ip],
				"sip-ip": ip,
				"ext-sip-ip": "",
				url,
				"bind-url": `${url};transport=udp,tcp`,
				"hold-music": "",
				"outbound-proxy": "N/A",
			},
		}),
	};
}

function gatewayJson({ settings, state, retry }: Gateway, now: number): Json {
	const retries = state === "FAILED" || state === "TRYING";
	return {
		type: "gateway",
		data: settings.to,
		state,
		...(retries && { retry: retry > now ? retry - now : "never" }),
	};
}
