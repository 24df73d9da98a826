/** The stand-in reads snippets as leniently, and as strictly, as FreeSWITCH. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { snippet, TemporaryDirectory } from "../../support/snippets.ts";
import { Configuration } from "./configuration.ts";
import { type GatewaySettings, readGateway } from "./gateway-settings.ts";
import { attribute } from "./lenient-xml.ts";
import { preprocess } from "./snippet-directory.ts";

describe("a directory of snippets", () => {
	let directory: TemporaryDirectory;
	let configuration: Configuration;

	const names = () => configuration.gatewaysOf("external").map((element) => attribute(element, "name"));
	/** Reloads with one file of that text and returns FreeSWITCH's words. */
	const outcomeOf = (text: string) => {
		directory.write("12345", text);
		return configuration.reload().replace(/\d+/, "#");
	};
	const settingsOf = (text: string): GatewaySettings | undefined => {
		assert.equal(outcomeOf(text), "Success");
		const [element] = configuration.gatewaysOf("external");
		return element && readGateway(element, { ip: "127.0.0.2", port: 5080, context: "public" });
	};

	beforeEach(() => {
		directory = new TemporaryDirectory();
		configuration = new Configuration([{ name: "external", directory: directory.path }], { local_ip: "10.0.0.1" });
	});

	afterEach(() => {
		directory.remove();
	});

	it("is read in the order of the names, without hidden files and others than .xml", () => {
		for (const name of ["b.xml", "a.xml", ".hidden.xml", "c.xml.new", "C.xml"]) {
			writeFileSync(join(directory.path, name), snippet("1", {}, `gw_${name}`));
		}
		mkdirSync(join(directory.path, "directory.xml"));
		assert.equal(configuration.reload(), "Success");
		assert.deepEqual(names(), ["gw_C.xml", "gw_a.xml", "gw_b.xml"]);
	});

	it("need not exist", () => {
		directory.remove();
		assert.equal(configuration.reload(), "Success");
		assert.deepEqual(names(), []);
	});

	it("loses a snippet on one line without a word", () => {
		assert.equal(outcomeOf(snippet("12345").replaceAll("\n", "")), "Success");
		assert.deepEqual(names(), []);
	});

	it("loses whatever stands on a line with <include> or <?xml", () => {
		const text = `<?xml version="1.0"?><gateway name="conf_1"></gateway>\n<include><gateway name="conf_2"></gateway>\n`;
		assert.equal(outcomeOf(`${text}<gateway name="conf_3"></gateway>\n</include>\n`), "Success");
		assert.deepEqual(names(), ["conf_3"]);
	});

	it("takes attributes in any order and either quotes, comments, entities and no line ends at all", () => {
		const settings = settingsOf(
			`<!-- a comment -->\n<gateway class='x' name='conf_1'><param value="1" name="username"/><!-- <param> -->` +
				`<param\n name = "password"\n value = 'a&amp;b&lt;c&#x64;&quot;&unknown;' /><param value='127.0.0.100' name="proxy"></param></gateway>`,
		);
		assert.equal(settings?.password, 'a&b<cd"&unknown;');
		assert.equal(settings.to, "sip:1@127.0.0.100");
	});

	it("takes parameters within <params>, and only those then", () => {
		const settings = settingsOf(
			`<gateway name="conf_1">\n<param name="username" value="1"/>\n<params><param name="username" value="2"/>` +
				`<param name="password" value="x"/></params></gateway>`,
		);
		assert.equal(settings?.username, "2");
	});

	it("fills in variables and leaves out preprocessor instructions", () => {
		assert.equal(preprocess("a $${local_ip} b $${nosuch} c\n", { local_ip: "10.0.0.1" }), "a 10.0.0.1 b  c\n");
		assert.equal(preprocess('<X-PRE-PROCESS cmd="set" data="a=b"/>\nx\n'), "x\n");
		assert.equal(preprocess("a<!--#set b=c-->d\n"), "ad\n");
		assert.equal(preprocess("a<!--#set\nb\nc-->d\ne"), "ad\ne");
	});

	const broken: readonly (readonly [what: string, text: string, words: string])[] = [
		["a tag that does not end", '<gateway name="conf_1"', "missing >"],
		["an attribute that does not end", '<gateway name="conf_1>\n', 'missing "'],
		["a parameter cut off after its slash", '<gateway name="a">\n<param name="b" value="c"/', "missing >"],
		["an element that is not closed", '<gateway name="conf_1">\n', "unexpected closing tag </gateways>"],
		["an element that was never opened", "</gateway>\n", "unexpected closing tag </gateway>"],
		["elements that overlap", "<a><b></a></b>\n", "unexpected closing tag </a>"],
		["an ampersand's sign in the wrong place", "<gateway name='a'>< </gateway>\n", "unexpected <"],
		["a comment that does not end", "<!-- open\n", "unclosed <!--"],
		["a comment with dashes in it", "<!-- one -- two -->\n", "unclosed <!--"],
		["a CDATA section that does not end", "<a><![CDATA[ x </a>\n", "unclosed <![CDATA["],
	];

	for (const [what, text, words] of broken) {
		it(`is refused for ${what}, and what was loaded stays`, () => {
			directory.write("11111");
			assert.equal(configuration.reload(), "Success");
			assert.equal(outcomeOf(text), `[error near line #]: ${words}`);
			assert.deepEqual(names(), ["conf_11111"]);
		});
	}

	const harmless: readonly (readonly [what: string, text: string])[] = [
		["an empty file", ""],
		["a snippet without its last line", snippet("1").replace("</include>\n", "")],
		["an unquoted attribute", "<gateway name=conf_1></gateway>\n"],
		["an ampersand by itself", "<a b='x & y'>z & z</a>\n"],
		["text where none belongs", "hello\n"],
		["a processing instruction that does not end", "<? hello\n"],
		["a byte order mark", `\ufeff${snippet("1")}`],
	];

	for (const [what, text] of harmless) {
		it(`lets pass ${what}`, () => {
			assert.equal(outcomeOf(text), "Success");
		});
	}

	it("has a file that is cut off refused, unless it is cut in its first tag or after its gateway", () => {
		const whole = snippet("12345");
		const firstTagEnds = whole.indexOf(">", whole.indexOf("<gateway"));
		const gatewayEnds = whole.indexOf("</gateway>") + "</gateway>".length;
		const loaded = new Set<string>();
		directory.write("99999");
		for (let cut = 0; cut <= whole.length; cut += 1) {
			if (outcomeOf(whole.slice(0, cut)) === "Success") {
				assert.ok(cut <= firstTagEnds || cut >= gatewayEnds, whole.slice(0, cut));
				loaded.add(
					names()
						.filter((name) => /^[\w.-]+$/.test(name ?? ""))
						.join(" "),
				);
			}
		}
		// Cut in its first tag it makes one tag with the first one of the next file, and FreeSWITCH says [Success]: that
		// does no harm, or leaves a name that is no name and no gateway, or gives the next file's gateway this one's name.
		assert.deepEqual([...loaded].sort(), ["", "conf_12345", "conf_12345 conf_99999", "conf_99999"]);
	});
});
