/**
 * XML as FreeSWITCH reads it: what its parser lets pass passes here, and what it refuses is refused in its words. It looks at
 * one long text, so an element left open in one file is closed, or not, by the next.
 */

export interface XmlElement {
	readonly name: string;
	/** In the order of the text; of two with one name the first counts. */
	readonly attributes: readonly (readonly [name: string, value: string])[];
	readonly children: readonly XmlElement[];
}

/** The text is refused. */
export class XmlRefused extends Error {
	override readonly name = "XmlRefused";
}

/** The first attribute of that name. */
export function attribute(element: XmlElement, name: string): string | undefined {
	return element.attributes.find(([found]) => found === name)?.[1];
}

/** The first child of that name. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
	return element.children.find((found) => found.name === name);
}

/** All children of that name. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
	return element.children.filter((found) => found.name === name);
}

/**
 * Reads a whole document and returns its root.
 * @throws XmlRefused, whose message is FreeSWITCH's: `[error near line 3]: missing >`
 */
export function parseXml(document: string): XmlElement {
	return new Parser(document).parse();
}

interface OpenElement {
	name: string;
	attributes: (readonly [string, string])[];
	children: OpenElement[];
}

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const space = /[\t-\r ]*/y;
const spaceOrEquals = /[\t\n\r =]*/y;
const tagName = /[^\t\n\r />]*/y;
const closingName = /[^\t\n\r >]*/y;
const attributeName = /[^\t\n\r =/>]*/y;

/** References are replaced, unknown ones left alone; in an attribute every white space becomes a space. */
function decodeAttribute(value: string): string {
	return value
		.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(lt|gt|quot|apos|amp));/g, (whole, decimal, hexadecimal, name) => {
			if (typeof name === "string") {
				return named[name] ?? whole;
			}
			const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
			return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
		})
		.replace(/[\t-\r]/g, " ");
}

class Parser {
	/** Without the last character: the parser takes a document's end for a `>` if that is what it ends with. */
	readonly #text: string;
	readonly #last: string;
	readonly #open: OpenElement[] = [];
	#root: OpenElement | undefined;
	#at = 0;

	constructor(document: string) {
		this.#text = document.slice(0, -1);
		this.#last = document.slice(-1);
	}

	parse(): XmlElement {
		for (let start = this.#text.indexOf("<"); start !== -1; start = this.#text.indexOf("<", this.#at + 1)) {
			this.#at = start + 1;
			this.#markup(this.#at);
		}
		const unclosed = this.#open.at(-1);
		if (unclosed !== undefined) {
			throw this.#refusal(this.#text.length, `unclosed tag <${unclosed.name}>`);
		}
		if (this.#root === undefined) {
			throw this.#refusal(this.#text.length, "root tag missing");
		}
		return this.#root;
	}

	/** Reads what a `<` has begun, and stops at its `>`. */
	#markup(start: number): void {
		const startsWith = (token: string) => this.#text.startsWith(token, start);
		if (/^[A-Za-z_:\u0080-\uffff]/.test(this.#text.charAt(start))) {
			this.#openTag(start);
		} else if (startsWith("/")) {
			this.#closeTag(start);
		} else if (startsWith("!--")) {
			// The first `--` must be the comment's end: a comment with dashes in it is refused.
			this.#at = this.#text.indexOf("--", start + 3) + 2;
			if (this.#at === 1 || !this.#isEnd()) {
				throw this.#refusal(start, "unclosed <!--");
			}
		} else if (startsWith("![CDATA[")) {
			this.#at = this.#text.indexOf("]]>", start) + 2;
			if (this.#at === 1) {
				throw this.#refusal(start, "unclosed <![CDATA[");
			}
		} else {
			throw this.#refusal(start, "unexpected <");
		}
	}

	#openTag(start: number): void {
		if (this.#root !== undefined && this.#open.length === 0) {
			throw this.#refusal(start, "markup outside of root element");
		}
		const element: OpenElement = { name: this.#take(tagName), attributes: [], children: [] };
		this.#take(space);
		while (this.#at < this.#text.length && !"/>".includes(this.#char())) {
			element.attributes.push([this.#take(attributeName), this.#attributeValue(start)]);
			this.#take(space);
		}
		const selfClosing = this.#char() === "/";
		if (selfClosing) {
			this.#at += 1;
		}
		if (!this.#isEnd()) {
			throw this.#refusal(start, "missing >");
		}
		const parent = this.#open.at(-1);
		if (parent === undefined) {
			this.#root = element;
		} else {
			parent.children.push(element);
		}
		if (!selfClosing) {
			this.#open.push(element);
		}
	}

	/** A value in quotes; one without quotes counts as an attribute of its own. */
	#attributeValue(start: number): string {
		if (!/[=\t-\r ]/.test(this.#char())) {
			return "";
		}
		this.#take(spaceOrEquals);
		const quote = this.#char();
		if (quote !== '"' && quote !== "'") {
			return "";
		}
		const end = this.#text.indexOf(quote, this.#at + 1);
		if (end === -1) {
			throw this.#refusal(start, `missing ${quote}`);
		}
		const value = this.#text.slice(this.#at + 1, end);
		this.#at = end + 1;
		return decodeAttribute(value);
	}

	#closeTag(start: number): void {
		this.#at = start + 1;
		const name = this.#take(closingName);
		if (this.#at >= this.#text.length && this.#last !== ">") {
			throw this.#refusal(start, "missing >");
		}
		if (this.#open.at(-1)?.name !== name) {
			throw this.#refusal(this.#at, `unexpected closing tag </${name}>`);
		}
		this.#open.pop();
		this.#take(space);
	}

	#char(): string {
		return this.#text.charAt(this.#at);
	}

	/** Whether a `>` stands here, or the end of a document that ends with one. */
	#isEnd(): boolean {
		return this.#at < this.#text.length ? this.#char() === ">" : this.#last === ">";
	}

	#take(pattern: RegExp): string {
		pattern.lastIndex = this.#at;
		const found = pattern.exec(this.#text)?.[0] ?? "";
		this.#at += found.length;
		return found;
	}

	#refusal(index: number, words: string): XmlRefused {
		const line = this.#text.slice(0, index).split("\n").length;
		return new XmlRefused(`[error near line ${line}]: ${words}`.slice(0, 127));
	}
}
