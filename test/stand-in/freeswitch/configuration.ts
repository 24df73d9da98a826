/**
 * FreeSWITCH's XML configuration, all of it that matters: the SIP profiles and their gateways. It is one document; a broken
 * snippet anywhere makes all of it fail, and what was loaded before stays (recording 08).
 */
import { attribute, child, childrenOf, parseXml, type XmlElement, XmlRefused } from "./lenient-xml.ts";
import { readSnippets, type Variables } from "./snippet-directory.ts";

export interface ProfileConfiguration {
	readonly name: string;
	/** Where the snippets with its gateways lie. */
	readonly directory?: string;
	/** XML of gateways that stand in the profile's own file. */
	readonly gateways?: string;
	readonly aliases?: readonly string[];
	readonly port?: number;
	/** The dialplan context that its calls arrive in. */
	readonly context?: string;
}

/** The lines of the configuration that stand before the profiles: what error messages count from. */
const linesBefore = 2_915;

export class Configuration {
	readonly profiles: readonly ProfileConfiguration[];
	readonly #variables: Variables;
	#root: XmlElement | undefined;

	constructor(profiles: readonly ProfileConfiguration[], variables: Variables = {}) {
		this.profiles = profiles;
		this.#variables = variables;
	}

	/**
	 * Reads it anew; what cannot be read changes nothing.
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

	/** Whether it has ever been read. */
	get loaded(): boolean {
		return this.#root !== undefined;
	}

	/** The `<gateway>` elements of a profile as last read, in their order. */
	gatewaysOf(profile: string): XmlElement[] {
		const found =
			this.#root && childrenOf(this.#root, "profile").find((element) => attribute(element, "name") === profile);
		const gateways = found && child(found, "gateways");
		return gateways === undefined ? [] : childrenOf(gateways, "gateway");
	}

	#document(): string {
		const profiles = this.profiles.map(({ name, gateways = "", directory }) => {
			const snippets = directory === undefined ? "" : readSnippets(directory, this.#variables);
			return `<profile name="${name}">\n<gateways>\n${gateways}\n${snippets}</gateways>\n</profile>\n`;
		});
		return `<document type="freeswitch/xml">\n${"\n".repeat(linesBefore)}${profiles.join("")}</document>\n`;
	}
}
