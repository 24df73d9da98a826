import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { BadSetting, type Config, help, readConfig } from "../../../src/config/command-line.ts";
import { type Setting, type SettingName, settings } from "../../../src/config/settings.ts";

const directory = mkdtempSync(join(tmpdir(), "config-"));

after(() => {
	rmSync(directory, { recursive: true, force: true });
});

function file(name: string, mode: number): string {
	const path = join(directory, name);
	writeFileSync(path, "#!/bin/sh\n");
	chmodSync(path, mode);
	return path;
}

const script = file("generator", 0o755);
const otherScript = file("other generator", 0o700);

/** An environment in which nothing is missing. */
const complete = { GENERATOR_SCRIPT: script };

function configOf(args: string[], environment: Record<string, string | undefined> = complete): Config {
	const request = readConfig(args, environment);
	assert.equal(request.kind, "run");
	return request.config;
}

/** The sentence that is said of what cannot be used. */
function complaintOf(args: string[], environment: Record<string, string | undefined> = complete): string {
	try {
		readConfig(args, environment);
	} catch (error) {
		assert.ok(error instanceof BadSetting, String(error));
		return error.message;
	}
	throw new assert.AssertionError({ message: "it was accepted" });
}

const all = Object.entries(settings) as [SettingName, Setting][];

/** A value for each setting, and what it becomes. */
const values: Record<SettingName, [value: string, becomes: unknown]> = {
	host: ["fs.example.org", "fs.example.org"],
	port: ["08022", 8_022],
	password: ["se cret", "se cret"],
	conf: [
		"/etc/fs.xml",
		{ file: "/etc/fs.xml", tells: new Set(["host", "port", "password"] as const) } satisfies Config["conf"],
	],
	script: [otherScript, otherScript],
	profile: ["internal", "internal"],
	rooms: ["x[0-9]", "x[0-9]"],
	linger: ["2.5", 2_500],
	resync: ["60", 60_000],
	timeout: ["0.1", 100],
	logLevel: ["debug", "debug"],
};

/** What a setting has become. */
function outcome(config: Config, name: SettingName): unknown {
	if (name === "rooms") {
		return ["x1", "12345"].filter((conference) => config.toRoom(conference) !== undefined).join() === "x1"
			? "x[0-9]"
			: "[0-9]+";
	}
	return config[name];
}

describe("the configuration", () => {
	it("has the defaults where nothing is set", () => {
		const { toRoom, ...others } = configOf([]);
		assert.deepEqual(others, {
			host: "localhost",
			port: 8_021,
			password: "ClueCon",
			profile: "external",
			linger: 5_000,
			resync: 30_000,
			timeout: 10_000,
			logLevel: "info",
			script,
		});
		assert.deepEqual(["07974", "echo-1"].map(toRoom), ["07974", undefined]);
	});

	for (const [name, { flag, variable }] of all) {
		const [value, becomes] = values[name];
		const forms: string[][] = [
			[`-${flag}`, value],
			[`-${flag}=${value}`],
			[`--${flag}`, value],
			[`--${flag}=${value}`],
		];
		for (const form of forms) {
			it(`takes ${name} from ${form.join(" ")}`, () => {
				assert.deepEqual(outcome(configOf(form), name), becomes);
			});
		}

		it(`takes ${name} from ${variable}`, () => {
			assert.deepEqual(outcome(configOf([], { ...complete, [variable]: value }), name), becomes);
		});

		it(`takes ${name} from its flag before ${variable}, whatever that is`, () => {
			assert.deepEqual(outcome(configOf([`-${flag}`, value], { ...complete, [variable]: "\n" }), name), becomes);
		});

		it(`counts ${name} as not set where its flag or ${variable} is empty`, () => {
			assert.deepEqual(outcome(configOf([`-${flag}`, ""], { ...complete, [variable]: value }), name), becomes);
			assert.deepEqual(outcome(configOf([`-${flag}=`], { ...complete, [variable]: value }), name), becomes);
			if (name !== "script") {
				const empty = configOf([`-${flag}`, ""], { ...complete, [variable]: "" });
				assert.deepEqual(outcome(empty, name), outcome(configOf([]), name));
			}
		});
	}

	it("is the same as before for the command line of an old unit file", () => {
		const config = configOf(["-eshost", "192.0.2.7", "-esport", "8022", "-espw", "secret", "-script", otherScript], {});
		assert.deepEqual(
			[config.host, config.port, config.password, config.script],
			["192.0.2.7", 8_022, "secret", otherScript],
		);
	});

	it("asks FreeSWITCH's own file for what neither a flag nor a variable tells, and for nothing else", () => {
		const told = (args: string[], environment: Record<string, string> = {}) =>
			[...(configOf(["-esconf", "/etc/fs.xml", ...args], { ...complete, ...environment }).conf?.tells ?? [])].join();
		assert.equal(told([]), "host,port,password");
		assert.equal(told(["-eshost", "192.0.2.7"]), "port,password");
		assert.equal(told(["-espw", ""], { EVENTSOCKET_PASSWORD: "secret", EVENTSOCKET_PORT: "" }), "host,port");
		assert.equal(told(["-esport", "8021"], { EVENTSOCKET_PASSWORD: "secret", EVENTSOCKET_HOST: "localhost" }), "");
	});

	it("finds FreeSWITCH's own file from where it was started", () => {
		assert.equal(configOf(["-esconf", "fs.xml"]).conf?.file, join(process.cwd(), "fs.xml"));
	});

	it("bears an old unit file whose variables are not set", () => {
		const config = configOf(["-eshost", "", "-esport", "", "-espw", "", "-script", ""]);
		assert.deepEqual(
			[config.host, config.port, config.password, config.script],
			["localhost", 8_021, "ClueCon", script],
		);
	});

	for (const password of [
		"-",
		"--",
		"-h",
		"-help",
		"--version",
		"-espw",
		"-eshost=x",
		"=",
		"a=b",
		"--espw=x",
		" ",
		"a b",
		"a\u2028b",
	]) {
		it(`can have ${JSON.stringify(password)} as its password, in all forms`, () => {
			for (const form of [["-espw", password], [`-espw=${password}`], ["--espw", password], [`--espw=${password}`]]) {
				assert.equal(configOf(form).password, password);
				assert.equal(configOf([...form, "-esport", "8022"]).port, 8_022);
			}
		});
	}

	it("takes any one line as a value, in all forms", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary", minLength: 1 }), (password) => {
				fc.pre(settings.password.objection(password) === undefined);
				for (const form of [["-espw", password], [`-espw=${password}`], ["--espw", password], [`--espw=${password}`]]) {
					assert.equal(configOf(form).password, password);
				}
				assert.equal(configOf([], { ...complete, EVENTSOCKET_PASSWORD: password }).password, password);
			}),
		);
	});

	it("takes the last of two flags, as before", () => {
		assert.equal(configOf(["-esport", "1", "-esport=2"]).port, 2);
	});

	it("makes the script's path absolute", () => {
		assert.equal(configOf(["-script", relative(process.cwd(), script)]).script, script);
	});

	it("finds the script through a link", () => {
		const link = join(directory, "link");
		symlinkSync(script, link);
		assert.equal(configOf(["-script", link]).script, link);
	});
});

describe("a bad value", () => {
	/** For each setting a value that it cannot have, and words of what it can. */
	const bad: [name: Exclude<SettingName, "script">, value: string, allowed: RegExp][] = [
		["host", "a b", /host name or an address/],
		["port", "65536", /1 to 65535/],
		["password", "hunter2\nexit", /one line/],
		["profile", "external rescan", /letters, digits, dots, underscores and dashes/],
		["rooms", "[0-9", /regular expression/],
		["linger", "-1", /seconds from 0 to 3600/],
		["resync", "0", /seconds from 1 to 3600/],
		["timeout", "601", /seconds from 0\.1 to 600/],
		["logLevel", "verbose", /trace, debug, info, warn, error/],
	];
	for (const [name, value, allowed] of bad) {
		const { flag, variable } = settings[name];

		it(`of -${flag} is answered with the flag and what is allowed`, () => {
			for (const form of [[`-${flag}`, value], [`--${flag}=${value}`]]) {
				const complaint = complaintOf(form);
				assert.ok(complaint.startsWith(`-${flag} must be `), complaint);
				assert.match(complaint, allowed);
				assert.equal(complaint.includes(JSON.stringify(value)), name !== "password");
			}
		});

		it(`of ${variable} is answered with the variable and what is allowed`, () => {
			const complaint = complaintOf([], { ...complete, [variable]: value });
			assert.ok(complaint.startsWith(`${variable} must be `), complaint);
			assert.match(complaint, allowed);
			assert.ok(!complaint.includes("hunter2"));
		});
	}

	it("is answered in one line", () => {
		assert.ok(!complaintOf(["-eshost", "a\nb"]).includes("\n"));
	});

	const scripts: [what: string, path: () => string, reason: string][] = [
		["that is not there", () => join(directory, "missing"), "does not exist"],
		["that is a directory", () => directory, "is not a file"],
		["that is not executable", () => file("text", 0o644), "may not be executed by this user"],
		["below a file", () => join(script, "generator"), "ENOTDIR"],
		[
			"that is a link to itself",
			() => {
				const loop = join(directory, "loop");
				symlinkSync(loop, loop);
				return loop;
			},
			"ELOOP",
		],
		[
			"that is a link to nothing",
			() => {
				const dangling = join(directory, "dangling");
				symlinkSync(join(directory, "nothing"), dangling);
				return dangling;
			},
			"does not exist",
		],
	];
	for (const [what, path, reason] of scripts) {
		it(`is a script ${what}`, () => {
			const found = path();
			for (const complaint of [complaintOf(["-script", found]), complaintOf([], { GENERATOR_SCRIPT: found })]) {
				for (const part of ["-script", "GENERATOR_SCRIPT", "executable file", found, reason]) {
					assert.ok(complaint.includes(part), complaint);
				}
			}
		});
	}

	it("is a default script that is not there", () => {
		mkdirSync(join(directory, "empty"));
		const before = process.cwd();
		process.chdir(join(directory, "empty"));
		try {
			assert.match(complaintOf([], {}), /sofia-generator\.sh does not exist/);
		} finally {
			process.chdir(before);
		}
	});
});

describe("a bad command line", () => {
	for (const flag of ["x", "foo", "ESHOST", "espassword", "no-version", "e"]) {
		for (const form of [`-${flag}`, `--${flag}`, `-${flag}=1`, `--${flag}=1`]) {
			it(`with ${form} is answered with the flag that is unknown`, () => {
				assert.match(complaintOf([form]), new RegExp(`^unknown flag -${flag}; fsconfregger -help `));
			});
		}
	}

	for (const [, { flag }] of all) {
		it(`that ends with -${flag} is told that it needs a value`, () => {
			assert.equal(complaintOf([`-${flag}`]), `-${flag} needs a value`);
			assert.equal(complaintOf(["-esport", "1", `--${flag}`]), `-${flag} needs a value`);
		});
	}

	for (const args of [
		["word"],
		["-esport", "8022", "word"],
		["--", "-esport"],
		["-"],
		["-espw", "my", "secret"],
		[""],
	]) {
		it(`with more than flags, such as ${JSON.stringify(args.join(" "))}, is told so`, () => {
			assert.match(complaintOf(args), /^only flags are allowed/);
		});
	}

	const slips: string[][] = [
		["-espassword=hunter"],
		["--espassword=hunter"],
		["-password", "hunter"],
		["-espw", "my", "hunter"],
		["hunter"],
		["--", "hunter"],
		["--", "-hunter"],
		["-", "hunter"],
		["-help=hunter"],
		["-version=hunter"],
		["-h=hunter"],
		["-x=hunter"],
		["---espw=hunter"],
		["-=hunter"],
		["-=my-hunter"],
		["--=my-hunter"],
		["-x=my-hunter"],
		["-es_pw=my-hunter"],
		["-espw2=my-hunter"],
		["-espw2", "-hunter"],
		["-mot de passe=my -hunter"],
		["-es'pw=my -hunter'"],
		["-pässword=my--hunter "],
		["-p", "-hunter"],
		["-no-espw=hunter"],
		["-espw-=hunter"],
		["-espw =hunter"],
		["-es'pw=hunter"],
		["-espwhunter"],
		["--espwhunter"],
		["-eshost", "-espw", "hunter"],
		["-esport", "-espw=hunter", "-loglevel"],
	];
	for (const args of slips) {
		it(`such as ${args.join(" ")} does not show the password`, () => {
			assert.ok(!complaintOf(args).includes("hunter"));
		});
	}

	it("does not show the password, whatever flag that was meant for and however that is written", () => {
		const flag = fc.string({ unit: "grapheme-ascii", maxLength: 5 }).filter((text) => !text.includes("q"));
		const prefix = fc.string({ unit: fc.constantFrom("-", "=", "'", " ", "a", "<") });
		fc.assert(
			fc.property(flag, prefix, fc.constantFrom("", "'", " ", "=", "-"), fc.boolean(), (name, before, after, glued) => {
				const password = `${before}qqqq${after}`;
				// A word of its own that begins with a dash is a flag, whatever it was meant to be.
				fc.pre(glued || !password.startsWith("-"));
				const args = glued ? [`-${name}=${password}`] : [`-${name}`, password];
				try {
					readConfig(args, complete);
				} catch (error) {
					assert.ok(error instanceof BadSetting && !error.message.includes("qqqq"), String(error));
				}
			}),
			{ numRuns: 1_000 },
		);
	});

	it("is always answered with a sentence, never with a crash", () => {
		const flags = all.flatMap(([, { flag }]) => [`-${flag}`, `--${flag}`, `-${flag}=`]);
		const arg = fc.oneof(
			fc.constantFrom(...flags, "-h", "-help", "-version", "--", "-", "", "__proto__", "-__proto__", "-constructor=x"),
			fc.string({ unit: "binary" }),
			fc.string({ unit: "binary" }).map((text) => `-${text}`),
		);
		fc.assert(
			fc.property(fc.array(arg, { maxLength: 6 }), (args) => {
				try {
					readConfig(args, complete);
				} catch (error) {
					assert.ok(error instanceof BadSetting, String(error));
					assert.notEqual(error.message, "");
				}
			}),
			{ numRuns: 300 },
		);
	});
});

describe("help and version", () => {
	for (const [kind, flags] of [
		["help", ["-h", "-help", "--help", "--h"]],
		["version", ["-version", "--version"]],
	] as const) {
		for (const flag of flags) {
			it(`are asked for by ${flag}, and then nothing needs to be right`, () => {
				assert.equal(readConfig([flag], {}).kind, kind);
				assert.equal(readConfig(["-esport", "0", flag], { GENERATOR_SCRIPT: "/missing" }).kind, kind);
			});
		}
	}

	it("say help if both are asked for", () => {
		assert.equal(readConfig(["-version", "-h"], {}).kind, "help");
	});

	it("list every flag, what it is for, its default and its variable, in Go's form", () => {
		const text = help();
		for (const [, setting] of all) {
			const { flag, value, help: purpose, byDefault, variable } = setting;
			assert.ok(
				text.includes(
					`\n  -${flag} ${value}\n    \t${purpose} (${byDefault === "" ? "" : `default "${byDefault}", `}variable ${variable})\n`,
				),
				flag,
			);
		}
		assert.match(text, /\n {2}-version\n {4}\t/);
		assert.match(text, /\n {2}-h, -help\n {4}\t/);
		assert.ok(text.endsWith("\n"));
	});
});
