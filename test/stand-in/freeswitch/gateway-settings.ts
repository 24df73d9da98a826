/** What a `<gateway>` element sets, with FreeSWITCH's defaults and its ways of making do with what makes no sense. */
import { attribute, child, childrenOf, type XmlElement } from "./lenient-xml.ts";

export interface GatewaySettings {
	readonly name: string;
	/** false: it is only there for outgoing calls. */
	readonly registers: boolean;
	readonly scheme: string;
	readonly realm: string;
	readonly username: string;
	readonly password: string;
	/** `<sip:USER@HOST>` */
	readonly from: string;
	/** `sip:USER@HOST`, which listings show as the gateway's data. */
	readonly to: string;
	/** The user that is registered: the registrar goes by the To header. */
	readonly registeredUser: string;
	readonly contact: string;
	readonly extension: string;
	/** `sip:HOST` */
	readonly proxy: string;
	readonly context: string;
	/** `expire-seconds` as written, and the number in it, which the registrar is asked for. */
	readonly expires: string;
	readonly requestedSeconds: number;
	/** Seconds after which it registers anew, less some: 3600 where what is written is below 5. */
	readonly frequency: number;
	readonly retrySeconds: number;
	/** Seconds until a new try after a TIMEOUT, if that is set apart. */
	readonly retrySecondsAfterTimeout: number | undefined;
	/** Seconds in TRYING after which it is a TIMEOUT. */
	readonly timeoutSeconds: number;
	/** Seconds between pings; 0 without. */
	readonly pingSeconds: number;
	readonly pingMin: number;
	readonly pingMax: number;
	/** Whether every ping's result makes an event. */
	readonly pingMonitoring: boolean;
}

/** What a gateway takes from its profile. */
export interface ProfileAddress {
	readonly ip: string;
	readonly port: number;
	readonly context: string;
}

/** The settings of a gateway; undefined for one that FreeSWITCH passes over, with no more than a line in its log. */
export function readGateway(element: XmlElement, profile: ProfileAddress): GatewaySettings | undefined {
	const name = attribute(element, "name") ?? "";
	if (!/^[\w.-]+$/.test(name)) {
		return undefined;
	}
	const params = paramsOf(element);
	const text = (param: string): string | undefined => params.get(param) || undefined;
	const registers = isTrue(params.get("register") ?? "true");
	const username = text("username") ?? (registers ? undefined : "FreeSWITCH");
	const password = text("password") ?? (registers ? undefined : "");
	const transport = (params.get("register-transport") ?? "udp").toLowerCase();
	if (username === undefined || password === undefined || !/^(udp|tcp|sctp)$/.test(transport)) {
		return undefined;
	}
	const realm = text("realm") ?? text("proxy") ?? name;
	const proxy = text("proxy") ?? realm;
	const host = text("from-domain") ?? proxy;
	const fromUser = text("from-user") ?? username;
	const extension = text("extension") ?? username;
	const user = isTrue(params.get("extension-in-contact") ?? "") ? extension : `gw+${name}`;
	const contactParams = text("contact-params");
	const extra = contactParams === undefined ? "" : contactParams.startsWith(";") ? contactParams : `;${contactParams}`;
	const seconds = (param: string, otherwise: number) => {
		const written = params.get(param);
		const value = written === undefined ? otherwise : leadingNumber(written);
		return value < 5 ? otherwise : value;
	};
	const ping = leadingNumber(params.get("ping") ?? "0");
	const pingSeconds = ping >= 5 ? ping : 0;
	const after908 = params.get("908-retry-seconds");
	return {
		name,
		registers,
		scheme: params.get("scheme") ?? "Digest",
		realm,
		username,
		password,
		from: `<sip:${fromUser}@${host}>`,
		to: `sip:${username}@${proxy.replace(/^sip:/i, "")}`,
		registeredUser: isTrue(params.get("distinct-to") ?? "") ? username : fromUser,
		contact: `<sip:${user}@${profile.ip}:${profile.port}${extra};transport=${transport};gw=${name}>`,
		extension,
		proxy: /^sip:/i.test(proxy) ? proxy : `sip:${proxy}`,
		context: params.get("context") ?? profile.context,
		expires: params.get("expire-seconds") ?? "3600",
		requestedSeconds: leadingNumber(params.get("expire-seconds") ?? "3600"),
		frequency: seconds("expire-seconds", 3_600),
		retrySeconds: seconds(params.has("retry-seconds") ? "retry-seconds" : "retry_seconds", 30),
		retrySecondsAfterTimeout: after908 === undefined ? undefined : leadingNumber(after908),
		timeoutSeconds: seconds("timeout-seconds", 60),
		pingSeconds,
		pingMin: pingSeconds === 0 ? 0 : leadingNumber(params.get("ping-min") ?? "1"),
		pingMax: pingSeconds === 0 ? 0 : leadingNumber(params.get("ping-max") ?? "1"),
		pingMonitoring: isTrue(params.get("ping-monitoring") ?? ""),
	};
}

/** The gateway's own `<param>`s, or those within `<params>`; of two with one name the last counts. */
function paramsOf(gateway: XmlElement): ReadonlyMap<string, string> {
	const params = childrenOf(child(gateway, "params") ?? gateway, "param");
	return new Map(params.map((param) => [attribute(param, "name") ?? "", attribute(param, "value") ?? ""]));
}

function isTrue(value: string): boolean {
	return /^(yes|on|true|t|enabled|active|allow)$/i.test(value) || (/^-?\d+$/.test(value) && Number(value) !== 0);
}

/** The number that a text begins with; 0 without one. */
function leadingNumber(value: string): number {
	const number = Number.parseInt(value, 10);
	return Number.isNaN(number) ? 0 : number;
}
