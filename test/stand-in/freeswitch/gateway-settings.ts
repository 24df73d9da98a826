/** The settings in a `<gateway>` element, with FreeSWITCH's defaults for missing and senseless values. */
import { childrenOf, type XmlElement } from "./xml.ts";

/** FreeSWITCH's address in contacts and listings, unless it is given another. */
export const defaultIp = "127.0.0.2";

export interface GatewaySettings {
	readonly name: string;
	/** All parameters as written; FreeSWITCH skips those that it does not know. */
	readonly params: ReadonlyMap<string, string>;
	readonly password: string;
	/** `sip:USER@HOST`, the gateway's data in listings. */
	readonly to: string;
	/** The registered user: the one in the To header. */
	readonly registeredUser: string;
	/** Where the REGISTER goes, without the port. */
	readonly host: string;
	readonly contact: string;
	/** `expire-seconds` as sent to the registrar. */
	readonly requestedSeconds: number;
	/** `expire-seconds` as the gateway's own timer takes it: 3600 for values below 5. */
	readonly frequency: number;
	readonly retrySeconds: number;
	/** Seconds in TRYING after which it is a TIMEOUT. */
	readonly timeoutSeconds: number;
	/** Seconds between pings; 0 without. */
	readonly pingSeconds: number;
}

/** What FreeSWITCH takes for true. */
const truth = /^(yes|on|true|t|enabled|active|allow|-?[1-9]\d*)$/i;

/** Reads a gateway. @returns undefined for one that FreeSWITCH skips, with a line in its log */
export function readGateway(element: XmlElement, ip = defaultIp): GatewaySettings | undefined {
	const name = element.attributes.get("name") ?? "";
	const params = new Map(
		childrenOf(element, "param").map(({ attributes }) => [attributes.get("name") ?? "", attributes.get("value") ?? ""]),
	);
	const text = (param: string) => params.get(param) || undefined;
	const seconds = (param: string, otherwise: number, least: number) => {
		const written = params.get(param);
		// The number at the beginning of a text, or 0.
		const value = written === undefined ? otherwise : Number.parseInt(written, 10) || 0;
		return value < least ? otherwise : value;
	};
	const username = text("username");
	const password = text("password");
	if (!/^[\w.-]+$/.test(name) || username === undefined || password === undefined) {
		return undefined;
	}
	const proxy = text("proxy") ?? text("realm") ?? name;
	const user = truth.test(params.get("extension-in-contact") ?? "") ? (text("extension") ?? username) : `gw+${name}`;
	return {
		name,
		params,
		password,
		to: `sip:${username}@${proxy.replace(/^sip:/i, "")}`,
		registeredUser: text("from-user") ?? username,
		host: proxy.replace(/^sip:/i, "").replace(/[;:].*$/, ""),
		contact: `sip:${user}@${ip}:5080;transport=${text("register-transport") ?? "udp"};gw=${name}`,
		requestedSeconds: seconds("expire-seconds", 3_600, Number.NEGATIVE_INFINITY),
		frequency: seconds("expire-seconds", 3_600, 5),
		retrySeconds: seconds("retry-seconds", 30, 5),
		timeoutSeconds: seconds("timeout-seconds", 60, 5),
		pingSeconds: seconds("ping", 0, 5),
	};
}
