/**
 * A reader for the XML of FreeSWITCH's configuration: elements and attributes, no text. Errors are worded like those of
 * FreeSWITCH (recording 08), which is more lenient: it accepts attributes without quotes, for example.
 */

export interface XmlElement {
	readonly name: string;
	readonly attributes: ReadonlyMap<string, string>;
	readonly children: XmlElement[];
}

/** The document cannot be read. */
export class XmlRefused extends Error {
	override readonly name = "XmlRefused";
}

/** The first child of that name. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
	return element.children.find((found) => found.name === name);
}

/** All children of that name. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
	return element.children.filter((found) => found.name === name);
}

/** A comment, or a tag. Groups: the slash of a closing tag, name, attributes, the slash of an empty element. */
const markup = /<(?:!--(?:(?!--)[^])*-->|(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>)/y;
const pair = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const references: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/**
 * Reads a whole document and returns its root.
 * @throws XmlRefused with a message such as `[error near line 3]: missing >`
 */
export function parseXml(document: string): XmlElement {
	const top: XmlElement = { name: "", attributes: new Map(), children: [] };
	const open = [top];
	const refusal = (index: number, words: string) =>
		new XmlRefused(`[error near line ${document.slice(0, index).split("\n").length}]: ${words}`);
	for (let at = document.indexOf("<"); at !== -1; at = document.indexOf("<", markup.lastIndex)) {
		markup.lastIndex = at;
		const found = markup.exec(document);
		if (found === null) {
			throw refusal(at, "missing >");
		}
		const [, closes, name, attributes = "", empty] = found;
		if (name !== undefined && closes !== "") {
			if (open.pop()?.name !== name) {
				throw refusal(at, `unexpected closing tag </${name}>`);
			}
		} else if (name !== undefined) {
			const element = { name, attributes: readAttributes(attributes), children: [] };
			open.at(-1)?.children.push(element);
			if (empty === "") {
				open.push(element);
			}
		}
	}
	const [root] = top.children;
	if (open.length !== 1 || root === undefined) {
		throw refusal(document.length, `unclosed tag <${open.at(-1)?.name ?? ""}>`);
	}
	return root;
}

function readAttributes(text: string): Map<string, string> {
	return new Map(
		[...text.matchAll(pair)].map(([, name = "", double, single]) => [name, decode(double ?? single ?? "")]),
	);
}

/** Replaces references, except unknown ones. */
function decode(value: string): string {
	return value.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
		code === undefined ? (references[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
	);
}
