import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { BadSetting, type Config, help, readConfig } from "../../../src/config/command-line.ts";
import { type Setting, type SettingName, settings } from "../../../src/config/settings.ts";
import "../../support/seed.ts";

const directory = mkdtempSync(join(tmpdir(), "config-"));
const [script, otherScript] = ["generator", "other generator"].map((name) => {
	writeFileSync(join(directory, name), "#!/bin/sh\n", { mode: 0o700 });
	return join(directory, name);
}) as [string, string];

after(() => rmSync(directory, { recursive: true, force: true }));

/** An environment in which nothing is missing. */
const complete = { GENERATOR_SCRIPT: script };

function configOf(args: string[], environment: NodeJS.ProcessEnv = complete): Config {
	const request = readConfig(args, environment);
	assert.ok(typeof request === "object");
	return request;
}

/** The sentence that is said of what cannot be used, or "accepted". */
function complaintOf(args: string[], environment: NodeJS.ProcessEnv = complete): string {
	try {
		readConfig(args, environment);
		return "accepted";
	} catch (error) {
		assert.ok(error instanceof BadSetting, String(error));
		return error.message;
	}
}

const all = Object.entries(settings) as [SettingName, Setting][];

/** All ways to write a flag with its value. */
const forms = (flag: string, value: string) =>
	["-", "--"].flatMap((dashes) => [[`${dashes}${flag}`, value], [`${dashes}${flag}=${value}`]]);

/** A value for each setting that is not its default, and what it becomes. */
const values: Record<SettingName, [value: string, becomes: unknown]> = {
	...{ host: ["fs.example.org", "fs.example.org"], port: ["08022", 8_022], password: ["se cret", "se cret"] },
	...{ conf: ["/etc/fs.xml", "/etc/fs.xml"], script: [otherScript, otherScript], profile: ["internal", "internal"] },
	...{ toRoom: ["x[0-9]", "x1"], linger: ["2.5", 2_500], resync: ["60", 60_000], timeout: ["0.1", 100] },
	logLevel: ["debug", "debug"],
};

/** What a setting has become. */
const outcome = (config: Config, name: SettingName) =>
	name === "toRoom" ? ["x1", "12345"].map(config.toRoom).join("") : config[name];

describe("the configuration", () => {
	it("has the defaults where nothing is set", () => {
		const { toRoom, unset, ...others } = configOf([]);
		assert.deepEqual(others, {
			...{ host: "localhost", port: 8_021, password: "ClueCon", conf: "", script, profile: "external" },
			...{ linger: 5_000, resync: 30_000, timeout: 10_000, logLevel: "info" },
		});
		assert.deepEqual(["07974", "echo-1"].map(toRoom), ["07974", undefined]);
		assert.deepEqual(Object.keys(unset), ["host", "port", "password"]);
	});

	for (const [name, { flag, variable }] of all) {
		const [value, becomes] = values[name];

		it(`takes ${name} from -${flag} in all its forms, then from ${variable}, then the default; empty is not set`, () => {
			for (const form of forms(flag, value)) {
				for (const environment of [complete, { ...complete, [variable]: "\n" }]) {
					assert.deepEqual(outcome(configOf(form, environment), name), becomes, form.join(" "));
				}
			}
			for (const args of [[], ...forms(flag, "")]) {
				assert.deepEqual(outcome(configOf(args, { ...complete, [variable]: value }), name), becomes, args.join(" "));
				if (name !== "script") {
					const empty = configOf(args, { ...complete, [variable]: "" });
					assert.deepEqual(outcome(empty, name), outcome(configOf([]), name), args.join(" "));
				}
			}
		});
	}

	it("is the same as before for the command line of an old unit file", () => {
		const args = ["-eshost", "192.0.2.7", "-esport", "8022", "-espw", "secret", "-script", otherScript];
		const { host, port, password, script } = configOf(args, {});
		assert.deepEqual([host, port, password, script], ["192.0.2.7", 8_022, "secret", otherScript]);
	});

	it("leaves to FreeSWITCH's own file what neither a flag nor a variable sets", () => {
		const unset = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
			Object.keys(configOf(args, { ...complete, ...environment }).unset).join();
		assert.equal(unset(["-eshost", "192.0.2.7"]), "port,password");
		assert.equal(unset(["-espw", ""], { EVENTSOCKET_PASSWORD: "secret", EVENTSOCKET_PORT: "" }), "host,port");
		assert.equal(unset(["-esport", "8021"], { EVENTSOCKET_PASSWORD: "secret", EVENTSOCKET_HOST: "localhost" }), "");
	});

	it("takes any one line as a value, in all forms, and the next flag as a flag", () => {
		const odd = ["-", "--", "-h", "-help", "--version", "-espw", "-eshost=x", "=", "a=b", "--espw=x", " ", "a\u2028b"];
		fc.assert(
			fc.property(fc.string({ unit: "binary", minLength: 1 }), (password) => {
				fc.pre(/^[^\x00-\x1f]+$/.test(password));
				for (const form of forms("espw", password)) {
					const config = configOf([...form, "-esport", "8022"]);
					assert.deepEqual([config.password, config.port], [password, 8_022]);
				}
				assert.equal(configOf([], { ...complete, EVENTSOCKET_PASSWORD: password }).password, password);
			}),
			{ examples: odd.map((password) => [password]) },
		);
	});

	it("takes the last of two flags, as before", () => assert.equal(configOf(["-esport", "1", "-esport=2"]).port, 2));
});

describe("a bad value", () => {
	it("is answered with its flag or variable, what is allowed and what came unless that is secret, in one line", () => {
		const complaints: [args: string[], environment: NodeJS.ProcessEnv, sentence: string][] = [
			[["-esport", "65536"], {}, '-esport must be a port from 1 to 65535, not "65536"'],
			[["--esport=65536"], { EVENTSOCKET_PORT: "1" }, '-esport must be a port from 1 to 65535, not "65536"'],
			[[], { EVENTSOCKET_PORT: "65536" }, 'EVENTSOCKET_PORT must be a port from 1 to 65535, not "65536"'],
			[["-eshost", "a\nb"], {}, '-eshost must be a host name or an address, not "a\\nb"'],
			[["-espw", "hunter2\nexit"], {}, "-espw must be one line of text"],
			[[], { EVENTSOCKET_PASSWORD: "hunter2\nexit" }, "EVENTSOCKET_PASSWORD must be one line of text"],
		];
		for (const [args, environment, sentence] of complaints) {
			assert.equal(complaintOf(args, { ...complete, ...environment }), sentence);
		}
		assert.match(complaintOf([], { GENERATOR_SCRIPT: join(directory, "none") }), /^GENERATOR_SCRIPT must be/);
	});

	it("can be a default script that is not there, for which both the flag and the variable are named", () => {
		const before = process.cwd();
		process.chdir(directory);
		try {
			assert.match(
				complaintOf([], {}),
				/^-script \(GENERATOR_SCRIPT\) must be an executable file, but \/.*sofia-generator\.sh does not exist$/,
			);
		} finally {
			process.chdir(before);
		}
	});
});

describe("a bad command line", () => {
	it("with a flag that is unknown is answered with its name", () => {
		for (const flag of ["x", "foo", "ESHOST", "espassword", "no-version", "e"]) {
			for (const arg of [`-${flag}`, `--${flag}`, `-${flag}=1`, `--${flag}=1`]) {
				assert.equal(complaintOf([arg]), `unknown flag -${flag}; fsconfregger -help lists what there is`);
			}
		}
	});

	it("that ends with a flag is told that it needs a value", () => {
		for (const [, { flag }] of all) {
			assert.equal(complaintOf([`-${flag}`]), `-${flag} needs a value`);
			assert.equal(complaintOf(["-esport", "1", `--${flag}`]), `-${flag} needs a value`);
		}
	});

	it("with more than flags is told so", () => {
		const words = [["word"], ["-esport", "8022", "word"], ["--", "-esport"], ["-"], ["-espw", "my", "secret"], [""]];
		for (const args of words) {
			assert.match(complaintOf(args), /^only flags are allowed/, args.join(" "));
		}
	});

	it("does not show the password in slips that people make", () => {
		// A dot stands for a space within an argument.
		const slips = `-espassword=hunter | --espassword=hunter | -password hunter | -espw my hunter | hunter | -- hunter |
			-- -hunter | - hunter | -help=hunter | -version=hunter | -h=hunter | -x=hunter | ---espw=hunter | -=hunter |
			-=my-hunter | --=my-hunter | -x=my-hunter | -es_pw=my-hunter | -espw2=my-hunter | -espw2 -hunter |
			-mot·de·passe=my·-hunter | -es'pw=my·-hunter' | -pässword=my--hunter· | -p -hunter | -no-espw=hunter |
			-espw-=hunter | -espw·=hunter | -es'pw=hunter | -espwhunter | --espwhunter | -eshost -espw hunter |
			-esport -espw=hunter -loglevel`;
		for (const slip of slips.split("|")) {
			const args = slip.trim().split(" ");
			assert.doesNotMatch(complaintOf(args.map((arg) => arg.replaceAll("·", " "))), /hunter|^accepted$/, slip);
		}
	});

	it("does not show the password, whatever flag that was meant for and however that is written", () => {
		const flag = fc.string({ unit: "grapheme-ascii", maxLength: 5 }).filter((text) => !text.includes("q"));
		const prefix = fc.string({ unit: fc.constantFrom("-", "=", "'", " ", "a", "<") });
		fc.assert(
			fc.property(flag, prefix, fc.constantFrom("", "'", " ", "=", "-"), fc.boolean(), (name, before, after, glued) => {
				const password = `${before}qqqq${after}`;
				// A word of its own that begins with a dash is a flag, whatever it was meant to be.
				fc.pre(glued || !password.startsWith("-"));
				const args = glued ? [`-${name}=${password}`] : [`-${name}`, password];
				assert.ok(!complaintOf(args).includes("qqqq"));
			}),
			{ numRuns: 1_000 },
		);
	});

	it("is always answered with a sentence, never with a crash", () => {
		const flags = all.flatMap(([, { flag }]) => [`-${flag}`, `--${flag}`, `-${flag}=`]);
		const odd = ["-h", "-help", "-version", "--", "-", "", "__proto__", "-__proto__", "-constructor=x"];
		const text = fc.string({ unit: "binary" });
		const dashed = text.map((word) => `-${word}`);
		const args = fc.array(fc.oneof(fc.constantFrom(...flags, ...odd), text, dashed), { maxLength: 6 });
		fc.assert(
			fc.property(args, (some) => assert.notEqual(complaintOf(some), "")),
			{ numRuns: 300 },
		);
	});
});

describe("help and version", () => {
	it("are printed whatever else is wrong, and help if both are asked for", () => {
		for (const arg of ["-h", "-help", "--help", "--h", "-version", "--version"]) {
			const kind = arg.endsWith("version") ? "version" : "help";
			assert.equal(readConfig([arg], {}), kind);
			assert.equal(readConfig(["-esport", "0", arg], { GENERATOR_SCRIPT: "/missing" }), kind);
		}
		assert.equal(readConfig(["-version", "-h"], {}), "help");
	});

	it("list every flag in Go's form, with what it is for, its default and its variable, in 80 columns", () => {
		for (const [, { flag, value, help: purpose, byDefault, variable }] of all) {
			const end = `(${byDefault === "" ? "" : `default "${byDefault}", `}variable ${variable})`;
			const lines = [`  -${flag} ${value}`, ...[...purpose.split("\n"), end].map((line) => `    \t${line}`)];
			assert.ok(help().includes(`\n${lines.join("\n")}\n`), flag);
		}
		assert.match(help(), /\n {2}-version\n {4}\t.*\n {2}-h, -help\n {4}\t/);
		assert.doesNotMatch(help().replaceAll("    \t", " ".repeat(8)), /.{81}/);
	});

	it("list the shipped script's variables with their defaults, and where the manual is", () => {
		const shipped = readFileSync(join(import.meta.dirname, "../../../sofia-generator.sh"), "utf8");
		const variables = [...shipped.matchAll(/^# {3}([A-Z_]+) +(\S+)/gm)];
		assert.equal(variables.length, 5);
		for (const [, name = "", byDefault = ""] of variables) {
			const [line = ""] = new RegExp(`^  ${name} .*(\\n {10}.*)?`, "m").exec(help()) ?? [];
			assert.ok(line.includes(byDefault), name);
		}
		assert.match(help(), /man fsconfregger/);
	});
});
