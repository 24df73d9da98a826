/**
 * FreeSWITCH's XML configuration: the SIP profiles and their gateways. It is one document, so one broken snippet makes the
 * whole fail, and the configuration read before stays (recording 08).
 */
import { readSnippets } from "./snippet-directory.ts";
import { attribute, child, childrenOf, parseXml, type XmlElement, XmlRefused } from "./xml.ts";

export interface ProfileConfiguration {
	readonly name: string;
	/** The directory of snippets that define its gateways. */
	readonly directory?: string;
	/** XML of the gateways in the profile's own file. */
	readonly gateways?: string;
}

export class Configuration {
	readonly profiles: readonly ProfileConfiguration[];
	#root: XmlElement | undefined;

	constructor(profiles: readonly ProfileConfiguration[]) {
		this.profiles = profiles;
	}

	/**
	 * Reads it anew. A configuration that cannot be read changes nothing.
	 * @returns "Success", or FreeSWITCH's words for what is wrong
	 */
	reload(): string {
		try {
			this.#root = parseXml(this.#document());
			return "Success";
		} catch (error) {
			if (error instanceof XmlRefused) {
				return error.message;
			}
			throw error;
		}
	}

	/** The `<gateway>` elements of a profile as last read, in document order. */
	gatewaysOf(profile: string): XmlElement[] {
		const profiles = this.#root === undefined ? [] : childrenOf(this.#root, "profile");
		const found = profiles.find((element) => attribute(element, "name") === profile);
		const gateways = found && child(found, "gateways");
		return gateways === undefined ? [] : childrenOf(gateways, "gateway");
	}

	#document(): string {
		const profiles = this.profiles.map(({ name, gateways = "", directory }) => {
			const snippets = directory === undefined ? "" : readSnippets(directory);
			return `<profile name="${name}">\n<gateways>\n${gateways}\n${snippets}</gateways>\n</profile>\n`;
		});
		return `<document type="freeswitch/xml">\n${profiles.join("")}</document>\n`;
	}
}
