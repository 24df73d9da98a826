/**
 * FreeSWITCH's XML configuration: its one SIP profile, `external`, and that profile's gateways. It is one document, so one
 * broken snippet makes the whole fail, and the configuration read before stays (recording 08).
 */
import { child, childrenOf, parseXml, type XmlElement, XmlRefused } from "./xml.ts";

export class Configuration {
	readonly #snippets: () => string;
	#root: XmlElement | undefined;

	/** @param snippets the preprocessed text of all snippets */
	constructor(snippets: () => string) {
		this.#snippets = snippets;
	}

	/**
	 * Reads it anew. A configuration that cannot be read changes nothing.
	 * @returns "Success", or FreeSWITCH's words for what is wrong
	 */
	reload(): string {
		const profile = `<profile name="external">\n<gateways>\n${this.#snippets()}\n</gateways>\n</profile>\n`;
		try {
			this.#root = parseXml(`<document type="freeswitch/xml">\n${profile}</document>\n`);
			return "Success";
		} catch (error) {
			if (error instanceof XmlRefused) {
				return error.message;
			}
			throw error;
		}
	}

	/** The `<gateway>` elements as last read, in document order. */
	gateways(): XmlElement[] {
		const profile = this.#root && child(this.#root, "profile");
		const gateways = profile && child(profile, "gateways");
		return gateways === undefined ? [] : childrenOf(gateways, "gateway");
	}
}
