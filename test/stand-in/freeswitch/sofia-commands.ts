/** What `sofia …` answers, word for word; recordings 01, 04, 09, 10, 16 and 17 show most of it. */
import type { Clock } from "../../../src/clock.ts";
import type { Configuration } from "./configuration.ts";
import type { Gateway } from "./gateway.ts";
import { NotModelled } from "./not-modelled.ts";
import type { Sofia } from "./sofia.ts";
import type { Profile } from "./sofia-profile.ts";
import { gatewayNames, jsonStatus, statusOfGateways, xmlStatus, xmlStatusOfGateway } from "./sofia-status.ts";

/** What the commands are carried out on. */
export interface SofiaCommandContext {
	readonly sofia: Sofia;
	readonly configuration: Configuration;
	/** FreeSWITCH's time in whole seconds. */
	readonly seconds: () => number;
	readonly clock: Clock;
}

/** Seconds that a profile must have been up before it may be stopped or restarted. */
const leastUptime = 10;

/**
 * Carries out a command, without its first word `sofia`.
 * @throws NotModelled
 */
export function sofiaCommand(context: SofiaCommandContext, words: readonly string[]): string {
	const [verb = "", ...rest] = words;
	switch (verb.toLowerCase()) {
		case "profile":
			return profileCommand(context, rest);
		case "jsonstatus":
			return jsonStatus(context);
		case "xmlstatus":
			if (rest.length === 1) {
				return xmlStatus(context);
			}
			if (rest[0]?.toLowerCase() === "gateway") {
				const gateway = context.sofia.gateway(rest[1] ?? "");
				return gateway === undefined ? "Invalid Gateway!\n" : xmlStatusOfGateway(context, gateway);
			}
			break;
		case "status":
			if (rest.length === 1) {
				return statusOfGateways(context);
			}
			break;
		case "":
		case "help":
		case "tracelevel":
		case "loglevel":
		case "global":
		case "recover":
			break;
		default:
			return `Unknown Command [${verb}]\n`;
	}
	throw new NotModelled(`sofia ${words.join(" ")}`);
}

function profileCommand(context: SofiaCommandContext, words: readonly string[]): string {
	const { sofia, configuration } = context;
	const [name, verb, argument] = words;
	if (name === undefined || verb === undefined) {
		return "Invalid Args!\n";
	}
	if (verb.toLowerCase() === "start") {
		return startProfile(context, name);
	}
	const profile = sofia.profile(name);
	if (profile === undefined) {
		return `Invalid Profile [${name}]`;
	}
	switch (verb.toLowerCase()) {
		case "killgw":
			return killGateway(sofia, profile, argument);
		case "startgw":
			if (argument === undefined) {
				return "-ERR missing gw name\n";
			}
			return `Reload XML [${configuration.reload()}]\n${scan(sofia, profile, argument)}`;
		case "rescan":
			return `Reload XML [${configuration.reload()}]\n${scan(sofia, profile)}`;
		case "register":
		case "unregister":
			return setRegistered(sofia, profile, verb.toLowerCase() === "register", argument);
		case "stop":
		case "restart":
			return stopProfile(context, profile, verb.toLowerCase() === "restart");
		case "gwlist":
			return gatewayNames(profile, argument?.toLowerCase() === "down" ? "DOWN" : "UP");
		case "check_sync":
		case "flush_inbound_reg":
		case "recover":
		case "siptrace":
		case "capture":
		case "watchdog":
			throw new NotModelled(`sofia profile ${words.join(" ")}`);
		default:
			return "-ERR Unknown command!\n";
	}
}

function startProfile({ sofia, configuration }: SofiaCommandContext, name: string): string {
	const reloaded = configuration.reload();
	const running = sofia.profile(name);
	if (running === undefined && sofia.profiles.has(name)) {
		throw new NotModelled(`sofia profile ${name} start, while it is stopping`);
	}
	if (running !== undefined) {
		sofia.loadGateways(running);
	}
	const started = running !== undefined || sofia.start(name);
	return `Reload XML [${reloaded}]\n${started ? `${name} started successfully` : `Failure starting ${name}`}\n`;
}

function scan(sofia: Sofia, profile: Profile, only?: string): string {
	sofia.loadGateways(profile, only === "_all_" ? undefined : only);
	return only === undefined ? "+OK scan complete\n" : `+OK start gateway ${only} complete\n`;
}

/** The gateway is found by name in whatever profile it is. */
function killGateway(sofia: Sofia, profile: Profile, name: string | undefined): string {
	if (name === undefined) {
		return "-ERR missing gw name\n";
	}
	if (name.toLowerCase() === "_all_") {
		for (const gateway of profile.gateways) {
			gateway.kill();
		}
		return "+OK every gateway marked for deletion.\n";
	}
	const gateway = sofia.gateway(name);
	if (gateway === undefined) {
		return "-ERR no such gateway.\n";
	}
	gateway.kill();
	return "+OK gateway marked for deletion.\n";
}

function setRegistered(sofia: Sofia, profile: Profile, registered: boolean, name: string | undefined): string {
	const set = (gateway: Gateway) => {
		if (registered) {
			gateway.register();
		} else {
			gateway.unregister();
		}
	};
	if (name === undefined) {
		return "No gateway name provided!\n";
	}
	if (name.toLowerCase() === "all") {
		// Killed ones as well.
		profile.gateways.forEach(set);
		return "+OK\n";
	}
	const gateway = sofia.gateway(name);
	if (gateway === undefined) {
		return "Invalid gateway!\n";
	}
	if (gateway.state === "NOREG") {
		return `-ERR NOREG gateway [${name}] can't be ${registered ? "registered" : "unregistered"}!\n`;
	}
	set(gateway);
	return "+OK\n";
}

function stopProfile({ configuration, seconds }: SofiaCommandContext, profile: Profile, respawn: boolean): string {
	const remaining = leastUptime - (seconds() - profile.startedAt);
	if (remaining > 0) {
		return (
			`Profile ${profile.name} must be up for at least ${leastUptime} seconds to stop/restart.\n` +
			`Please wait ${remaining} second${remaining === 1 ? "" : "s"}\n`
		);
	}
	const reloaded = configuration.reload();
	profile.stop(respawn);
	return `Reload XML [${reloaded}]\n${respawn ? "restarting" : "stopping"}: ${profile.name}`;
}
