/**
 * Which file may not import what, and why. It is a rule of its own, since ESLint's no-restricted-imports sees how an import is
 * written and not which file is meant, and obeys only the last of two blocks that meet in a file.
 */
import { isBuiltin } from "node:module";
import { posix, relative } from "node:path";

const top = `${import.meta.dirname}/..`;

/** A package that one file knows, which could be replaced there. */
function known(name, file, why) {
	const path = file.replaceAll(".", "\\.");
	return {
		files: new RegExp(`^(?!${path}$)`),
		not: new RegExp(`^${name}$`),
		why: `only ${file} knows ${name}: ${why}`,
	};
}

/**
 * `files` may import nothing that matches `not`. Both are paths from the repository's top, or the names of packages and of
 * Node's modules. `types`: what vanishes when the types are stripped may be imported.
 */
export const importRules = [
	{
		files: /^src\/(clock|backoff|controller\/plan)\.ts$/,
		not: /./,
		why: "clock, backoff and plan import nothing, so that each can be read alone",
	},
	{
		files: /^src\/room\.ts$/,
		not: /^(?!node:vm$)/,
		why: "room imports nothing of ours, and what ends a slow pattern",
	},
	{
		files: /^src\/(freeswitch\/(commands|events|frames)|systemd\/status|log\/text)\.ts$/,
		not: /^(?!src\/)|^src\/(clock|log\/(log|troubles))\.ts$/,
		why: "a pure file makes one text or value of another: it needs no package, no clock and no log",
	},
	{
		files: /^src\/log\//,
		not: /^src\/(?!log\/|clock\.ts)/,
		why: "log/ is what all others stand on: it imports nothing else of the program but the clock",
	},
	{
		files: /^src\/config\//,
		not: /^src\/(controller|freeswitch|generator)\//,
		why: "config/ reads settings, and does not know what they are for",
	},
	{
		files: /^src\/freeswitch\//,
		not: /^src\/(config|controller|generator|systemd)\//,
		why: "freeswitch/ talks to FreeSWITCH, and does not know what for",
	},
	{
		files: /^src\/generator\//,
		not: /^src\/(controller|freeswitch)\//,
		why: "generator/ runs the script, and knows neither FreeSWITCH nor when a script is due",
	},
	{
		files: /^src\/controller\//,
		not: /^src\/(config|systemd)\/|^src\/freeswitch\/(access|connection|session)\.ts|^src\/generator\/(script|script-process|script-run|places)\.ts/,
		why: "controller/ is given an event socket and a generator, so that it can be run on simulated ones",
	},
	{
		files: /^src\/systemd\//,
		not: /^src\/(?!(systemd|log|controller|freeswitch)\/|(clock|backoff)\.ts)/,
		why: "systemd/ needs the log, the clock and the back-off only",
	},
	{
		files: /^src\/systemd\//,
		not: /^src\/(controller|freeswitch)\//,
		types: true,
		why: "systemd/ tells of the controller and of FreeSWITCH by their types only, so that either can change how it works",
	},
	{
		files: /^src\/(?!main\.ts)/,
		not: /^src\/(main|daemon)\.ts/,
		why: "only main.ts imports daemon.ts, where all parts come together",
	},
	{
		files: /^src\//,
		not: /^(test|packaging)\//,
		why: "the program knows neither its tests nor its package",
	},
	known("esl", "src/freeswitch/session.ts", "its author has superseded it"),
	known("htmlparser2", "src/freeswitch/access.ts", "nothing else is XML"),
	known("commander", "src/config/command-line.ts", "all else is given settings that are read"),
	known("execa", "src/generator/script-process.ts", "a process that is started elsewhere may not end in time"),
	known("pino", "src/log/log.ts", "all else needs the type Log only"),
	known("pino-pretty", "src/log/log.ts", "a line's form is nobody else's matter"),
	{
		files: /^src\/(?!systemd\/notify\.ts)/,
		not: /^node:child_process$/,
		types: true,
		why: "processes are started by script-process.ts, with execa, and by systemd/notify.ts only",
	},
	{
		files: /^src\/(?!generator\/script-process\.ts)/,
		not: /^node:process$/,
		why: "only main.ts touches this process, and only script-process.ts signals others",
	},
	{
		files: /^test\/stand-in\//,
		not: /^src\/(?!clock\.ts)/,
		why: "the stand-in is made of recordings: an error that it shared with the program could not be seen",
	},
	{
		files: /^test\/unit\//,
		not: /^node:(child_process|cluster|dgram|http|http2|https|net|tls|worker_threads)$/,
		why: "unit tests need no socket and no process; integration tests may",
	},
	{
		files: /^test\/(unit|stand-in|support|fixtures)\//,
		not: /^test\/(integration|chaos|system|bench)\//,
		why: "what all tests stand on, and the quick ones, need nothing of the slow ones",
	},
];

/** A file by its path from the top, a package or a module of Node's by its name. */
function targetOf(importer, specifier) {
	if (specifier.startsWith(".")) {
		return posix.join(posix.dirname(importer), specifier);
	}
	if (isBuiltin(specifier)) {
		return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
	}
	return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

const imports = {
	meta: { type: "problem", schema: [] },
	create(context) {
		const importer = relative(top, context.filename).replaceAll("\\", "/");
		const rules = importRules.filter(({ files }) => files.test(importer));
		const check = (source, isType) => {
			if (source?.type === "Literal") {
				const target = targetOf(importer, source.value);
				for (const { why } of rules.filter(({ not, types }) => not.test(target) && !(types && isType))) {
					context.report({ node: source, message: `${target}: ${why}` });
				}
			}
		};
		return {
			ImportDeclaration: ({ source, importKind }) => check(source, importKind === "type"),
			ExportNamedDeclaration: ({ source, exportKind }) => check(source, exportKind === "type"),
			ExportAllDeclaration: ({ source, exportKind }) => check(source, exportKind === "type"),
			ImportExpression: ({ source }) => check(source, false),
			TSImportType: ({ source }) => check(source, true),
		};
	},
};

/** The table as a rule of ESLint's, and the same for what needs no import: the global `process`, and a cast. */
export default [
	{ files: ["**/*.ts"], plugins: { ours: { rules: { imports } } }, rules: { "ours/imports": "error" } },
	{
		files: ["src/**/*.ts"],
		ignores: ["src/main.ts"],
		rules: {
			"no-restricted-globals": [
				"error",
				{ checkGlobalObject: true, globals: [{ name: "process", message: "only main.ts touches this process" }] },
			],
		},
	},
	{
		files: ["src/**/*.ts"],
		ignores: ["src/room.ts"],
		rules: {
			"no-restricted-syntax": [
				"error",
				{
					selector: ":matches(TSAsExpression, TSTypeAssertion) > TSTypeReference[typeName.name='Room']",
					message: "only room.ts makes a Room: its name is safe in a command",
				},
			],
		},
	},
];
