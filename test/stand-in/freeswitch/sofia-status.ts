/** Sofia's listings, byte for byte. */
import { type Json, jsonObject, printJson } from "./cjson.ts";
import type { Gateway } from "./gateway.ts";
import type { Sofia } from "./sofia.ts";
import type { SofiaCommandContext } from "./sofia-commands.ts";
import type { Profile } from "./sofia-profile.ts";

type Context = Pick<SofiaCommandContext, "sofia" | "seconds" | "clock">;

const rule = "=".repeat(97);

/**
 * `sofia jsonstatus`. It lists a profile that is stopping too, and a killed gateway beside a new one of its name: two members
 * of one name in one object (recording 16).
 */
export function jsonStatus({ sofia, seconds }: Context): string {
	const profiles = [...sofia.profiles].map(([key, profile]) => {
		const members: [string, Json][] = [];
		const { name } = profile;
		const url = `sip:mod_sofia@${sofia.ip}:${profile.configuration.port ?? 5080}`;
		if (key !== name) {
			members.push(["status", jsonObject(["type", "alias"], ["data", name], ["state", "ALIASED"])]);
		} else {
			const state = profile.running ? "RUNNING" : "DOWN";
			members.push(["status", jsonObject(["type", "profile"], ["state", state], ["in-use", 0], ["data", url])]);
			if (profile.gateways.length > 0) {
				const gateways = profile.gateways.map((gateway) => [gateway.name, gatewayJson(gateway, seconds())] as const);
				members.push(["gateways", jsonObject(...gateways)]);
			}
		}
		if (profile.running) {
			members.push(["info", infoJson(sofia, profile, key, url)]);
		}
		return [key, jsonObject(...members)] as const;
	});
	return `${printJson(jsonObject(["profiles", jsonObject(...profiles)]))}\n`;
}

function gatewayJson({ settings, state, retry }: Gateway, now: number): Json {
	const members: [string, Json][] = [
		["type", "gateway"],
		["data", settings.to],
		["state", state],
	];
	if (state === "FAILED" || state === "TRYING") {
		members.push(["retry", retry > now ? retry - now : "never"]);
	}
	return jsonObject(...members);
}

function infoJson({ ip }: Sofia, { name, configuration }: Profile, key: string, url: string): Json {
	return jsonObject(
		["domain-name", "N/A"],
		...(key === name ? [] : [["alias-of", name] as const]),
		["auto-nat", "false"],
		["db-name", `sofia_reg_${name}`],
		["pres-hosts", ""],
		["dialplan", "XML"],
		["context", configuration.context ?? "public"],
		["challenge-realm", "auto_to"],
		["rtp-ip", [ip]],
		["sip-ip", ip],
		["ext-sip-ip", ""],
		["url", url],
		["bind-url", `${url};transport=udp,tcp`],
		["hold-music", ""],
		["outbound-proxy", "N/A"],
	);
}

/** `sofia xmlstatus gateway` */
export function xmlStatus(context: Context): string {
	const gateways = runningGateways(context.sofia).map((gateway) => gatewayXml(context, gateway));
	return `${xmlHeader}\n<gateways>\n${gateways.join("")}</gateways>\n`;
}

/** `sofia xmlstatus gateway NAME` */
export function xmlStatusOfGateway(context: Context, gateway: Gateway): string {
	return `${xmlHeader}\n${gatewayXml(context, gateway)}`;
}

const xmlHeader = '<?xml version="1.0" encoding="ISO-8859-1"?>';

function gatewayXml({ seconds, clock }: Context, gateway: Gateway): string {
	const { settings, state, status, retry } = gateway;
	const fields: [string, string | number][] = [
		["name", settings.name],
		["profile", gateway.profile],
		["scheme", settings.scheme],
		["realm", settings.realm],
		["username", settings.username],
		["password", settings.password === "" ? "no" : "yes"],
		["from", escapeXml(settings.from)],
		["contact", escapeXml(settings.contact)],
		["exten", escapeXml(settings.extension)],
		["to", settings.to],
		["proxy", settings.proxy],
		["context", settings.context],
		["expires", settings.expires],
		["freq", settings.frequency],
		["ping", gateway.ping],
		["pingfreq", settings.pingSeconds],
		["pingmin", settings.pingMin],
		["pingcount", gateway.pingCount],
		["pingmax", settings.pingMax],
		["pingtime", gateway.pingTime.toFixed(2)],
		["pinging", gateway.pinging ? 1 : 0],
		["state", state],
		["status", status],
		["uptime-usec", status === "UP" ? Math.round((clock.now() - gateway.upSince) * 1_000) : 0],
		["calls-in", 0],
		["calls-out", 0],
		["failed-calls-in", 0],
		["failed-calls-out", 0],
	];
	if (isRetrying(gateway)) {
		fields.push(["retry", retry >= seconds() ? `${retry - seconds()}s` : "NEVER"]);
	}
	const lines = fields.map(([name, value]) => `    <${name}>${value}</${name}>\n`);
	return `  <gateway>\n${lines.join("")}  </gateway>\n`;
}

/** `sofia status gateway` */
export function statusOfGateways({ sofia, seconds }: Context): string {
	const gateways = runningGateways(sofia);
	const head = [
		"Profile::Gateway-Name".padStart(25),
		"    Data    ".padStart(32),
		"State",
		"Ping Time",
		"IB Calls(F/T)",
	];
	const lines = gateways.map((gateway) => {
		const { profile, name, settings, state, pingTime, timeout } = gateway;
		const columns = [
			`${profile}::${name}`.padStart(25),
			settings.to.padStart(32),
			state,
			pingTime.toFixed(2).padStart(6),
		];
		const left = timeout - seconds();
		const retry = !isRetrying(gateway) ? "" : left >= 0 ? ` (retry: ${left}s)` : " (retry: NEVER)";
		return `${columns.join("\t")}\t0/0\t0/0${retry}\n`;
	});
	const count = `${gateways.length} gateway${gateways.length === 1 ? "" : "s"}`;
	return (
		`${head.join("\t")}\tOB Calls(F/T)\n${rule}\n${lines.join("")}${rule}\n` +
		`${count}: Inbound(Failed/Total): 0/0,Outbound(Failed/Total):0/0\n`
	);
}

/** `sofia profile NAME gwlist`: what is alive, or what is not, each followed by a space. */
export function gatewayNames(profile: Profile, status: "UP" | "DOWN"): string {
	return profile.gateways
		.filter((gateway) => gateway.status === status)
		.map(({ name }) => `${name} `)
		.join("");
}

function runningGateways({ profiles }: Sofia): Gateway[] {
	return [...profiles].flatMap(([key, profile]) => (key === profile.name && profile.running ? profile.gateways : []));
}

function isRetrying({ state }: Gateway): boolean {
	return state === "FAILED" || state === "FAIL_WAIT" || state === "TRYING";
}

function escapeXml(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;")
		.replaceAll("'", "&apos;");
}
