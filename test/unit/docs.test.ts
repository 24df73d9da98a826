/** The documents say what the program does: log lines, settings, defaults; and their links lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";
import { type Setting, settings } from "../../src/config/settings.ts";

const top = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(top, path), "utf8");
const filesIn = (folder: string) =>
	(readdirSync(join(top, folder), { recursive: true }) as string[]).map((path) => join(folder, path));
const operating = text("docs/operating.md");
const readme = text("README.md");

/** What stands under a heading of the second level. */
function section(document: string, title: string): string {
	const [, found] = new RegExp(`\\n## ${title}\\n([^]*?)(?=\\n## |$)`).exec(document) ?? [];
	assert.ok(found !== undefined, `there is a section "${title}"`);
	return found;
}

/** The items of its lists, each on one line. */
function items(markdown: string): string[] {
	return markdown.split(/^- |\n\n/m).map((item) => item.replaceAll(/\s+/g, " ").trim());
}

/** What is code in an item before the colon that ends its term. */
function quoted(item: string): string[] {
	const [term = ""] = /^`[^`]*`(?:[^`:]|`[^`]*`)*(?=: )/.exec(item) ?? [];
	return [...term.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code);
}

/** The literal parts of all texts of the program: a template has one before, between and after its values. */
function literals(): ReadonlySet<string> {
	const parts = new Set<string>();
	const collect = (node: ts.Node) => {
		if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
			parts.add(node.text);
		}
		ts.forEachChild(node, collect);
	};
	for (const path of [...filesIn("src").filter((path) => path.endsWith(".ts")), ".ci/build.js"]) {
		collect(ts.createSourceFile(path, text(path), ts.ScriptTarget.Latest));
	}
	parts.delete("");
	return parts;
}

const parts = literals();

/** Whether words are a piece of one literal part, or of several that follow each other, each whole but the outer two. */
function isSaid(words: string): boolean {
	const some = (what: (part: string) => boolean) => [...parts].some(what);
	const cuts = Array.from(words, (_, index) => index).slice(1);
	const goesOn = (rest: string): boolean =>
		some((part) => part.startsWith(rest)) ||
		cuts.some((cut) => cut < rest.length && parts.has(rest.slice(0, cut)) && goesOn(rest.slice(cut)));
	return (
		some((part) => part.includes(words)) ||
		cuts.some((cut) => some((part) => part.endsWith(words.slice(0, cut))) && goesOn(words.slice(cut)))
	);
}

/** What stands for a value in a quoted line: dots, a registrar's answer, a number, address, room or gateway, the profile. */
const example = /…|\d{3}(?: [A-Z][a-z]+)+|(?:conf_)?\d[\d.:]*|\bexternal\b/;

/** The words of a line that the program does not say. */
const unsaid = (line: string) => line.split(example).filter((words) => !isSaid(words));

describe("the log lines of the documents", () => {
	for (const [document, title] of [
		[operating, "Reading the log"],
		[operating, "What to do when"],
		[readme, "When something is wrong"],
	] as const) {
		const lines = items(section(document, title)).flatMap(quoted);

		it(`are the program's own, under "${title}"`, () => {
			assert.ok(lines.length > 2);
			assert.deepEqual(
				lines.filter((line) => unsaid(line).length > 0),
				[],
			);
		});
	}

	it("would be missed if the program said something else", () => {
		assert.deepEqual(unsaid("room 12345 is enrolled, after 1.1 s"), [" is enrolled, after "]);
		assert.deepEqual(unsaid("room 12345 ended; it remains registered for 5 s"), [" ended; it remains registered for "]);
	});
});

describe("the settings of the documents", () => {
	const [daemon, script] = section(operating, "Settings").split("### Settings of the shipped script");
	const all: readonly Setting[] = Object.values(settings);

	const terms = (markdown = "") => items(markdown).flatMap((item) => /^`.*?\)(?=: )/.exec(item)?.[0] ?? []);
	const term = (names: string, byDefault: string) =>
		`${names} (${["not set", "required"].includes(byDefault) ? byDefault : `\`${byDefault}\``})`;

	it("are the daemon's, with flag and default, and no others", () => {
		assert.deepEqual(
			terms(daemon).sort(),
			all.map(({ variable, flag, byDefault }) => term(`\`${variable}\`, \`-${flag}\``, byDefault || "not set")).sort(),
		);
	});

	it("are those of the script's head and of its code, with their defaults", () => {
		const code = text("sofia-generator.sh");
		const head = [...code.matchAll(/^# {3}([A-Z_]+) +(\S+)/gm)];
		assert.ok(head.length > 2);
		assert.deepEqual(
			terms(script),
			head.map(([, variable = "", byDefault = ""]) => term(`\`${variable}\``, byDefault)),
		);
		for (const [, variable = "", byDefault = ""] of head) {
			assert.ok(code.includes(`=\${${variable}:-${byDefault === "required" ? "" : byDefault}}\n`), variable);
		}
	});

	it("have the same defaults in the README", () => {
		const rows = [...section(readme, "Settings").matchAll(/^\| `(\w+)` +\| (\S+) +\|/gm)];
		assert.ok(rows.length > 2);
		for (const [, variable = "", byDefault = ""] of rows) {
			assert.match(operating, new RegExp(`^- \`${variable}\`.* \\(${byDefault}\\): `, "m"));
		}
	});
});

describe("the documents", () => {
	const documents = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...filesIn("docs")];

	it("begin with a README of at most 200 lines", () => {
		assert.ok(readme.split("\n").length <= 201, "a last line end included");
	});

	/** As the hosting page makes them of headings. */
	const anchors = (path: string) =>
		[...text(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
			heading
				.toLowerCase()
				.replaceAll(/[^\w\- ]/g, "")
				.replaceAll(" ", "-"),
		);

	for (const document of documents) {
		it(`link to files and headings that exist, in ${document}`, () => {
			const links = [...text(document).matchAll(/\]\(([^)]*)\)/g)].map(([, link = ""]) => link);
			const dead = links.filter((link) => {
				const [file = "", anchor] = link.split("#");
				const path = file === "" ? document : relative(top, join(top, dirname(document), file));
				return (
					!link.startsWith("https://") &&
					!(existsSync(join(top, path)) && (anchor === undefined || anchors(path).includes(anchor)))
				);
			});
			assert.deepEqual(dead, []);
		});
	}
});
