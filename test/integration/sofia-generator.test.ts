/**
 * The shipped generator script, run for real under every shell that may be a system's sh. What FreeSWITCH reads from a
 * snippet is told by test/support/snippet-reader.ts.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { badRooms, badSettings, marker, passwords } from "../fixtures/generator-values.ts";
import { isRoot, Site, settings, unprivileged } from "../support/generator-site.ts";
import { itNeeding, pathOf, type Tool } from "../support/needed-tool.ts";
import { eventually } from "../support/processes.ts";

const room = "07974";
const ours = `conf_${room}.xml`;

const shells: readonly { tool: Tool; options: readonly string[] }[] = [
	{ tool: "dash", options: [] },
	{ tool: "bash", options: ["--posix"] },
	{ tool: "busybox", options: ["sh"] },
];

let site: Site;
beforeEach(() => {
	site = new Site();
});
afterEach(() => {
	chmodSync(site.gateways, 0o755);
	site.remove();
});

/** Runs shell commands that may mount, without anybody else seeing it. */
const ownMounts = ["unshare", "--mount", ...(isRoot ? [] : ["--user", "--map-root-user"]), "/bin/sh", "-c"];
const canMount = spawnSync("env", [...ownMounts, "mount -t tmpfs tiny /tmp"]).status === 0;

/** The number of a process that has ended. */
const endedProcess = () => spawnSync("/bin/sh", ["-c", ":"]).pid;

const modeOf = (name: string) => statSync(join(site.gateways, name)).mode & 0o777;

for (const { tool, options } of shells) {
	const name = [tool, ...options].join(" ");
	const test = (title: string, body: (shell: string[]) => void | Promise<void>) => {
		itNeeding([tool], title, (path = "") => body([path, ...options]));
	};
	const testTraced = (title: string, body: (shell: string[], strace: string) => void) => {
		itNeeding([tool, "strace"], title, (path = "", strace = "") => {
			body([path, ...options], strace);
		});
	};

	describe(`the snippet, written under ${name}`, () => {
		test("has the room's gateway, which registers the room at the registrar and sends its calls to it", (shell) => {
			site.succeed({ shell, args: [room] });
			assert.deepEqual(site.files(), [ours]);
			assert.deepEqual(site.snippet(room), {
				gateway: "conf_07974",
				params: {
					username: "07974",
					password: "ke3Pwd8x",
					realm: "registrar.test",
					"from-domain": "registrar.test",
					proxy: "registrar.test",
					register: "true",
					"register-transport": "tcp",
					"expire-seconds": "60",
					"retry-seconds": "5",
					ping: "30",
					extension: "07974",
					"extension-in-contact": "true",
					"caller-id-in-from": "true",
				},
			});
		});

		test("takes empty settings for unset ones", (shell) => {
			site.succeed({ shell, args: [room], env: { SIP_TRANSPORT: "", SIP_EXPIRES: "" } });
			const { params } = site.snippet(room);
			assert.deepEqual([params["register-transport"], params["expire-seconds"]], ["tcp", "60"]);
		});

		test("names the host without the port, but sends to host and port", (shell) => {
			for (const [registrar, host, acl] of [
				["sip-x-1.test:5061", "sip-x-1.test"],
				["localhost", "localhost"],
				["10.0.0.255:5060", "10.0.0.255"],
				["[2001:db8::1]:5061", "[2001:db8::1]", "2001:db8::1/128"],
				["[::1]", "[::1]", "::1/128"],
				["[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", "1:2:3:4:5:6:7:8/128"],
				["x-pre-process.test", "x-pre-process.test"],
			] as const) {
				site.succeed({ shell, args: [room], env: { SIP_REGISTRAR: registrar, SIP_TRANSPORT: "tls" } });
				const { params } = site.snippet(room);
				assert.equal(params["proxy"], registrar);
				assert.equal(params["from-domain"], host);
				assert.equal(params["realm"], host);
				assert.equal(params["register-transport"], "tls");
				assert.equal(params["gw-auth-acl"], acl, "without it FreeSWITCH answers no challenge from an IPv6 address");
			}
		});

		test("lets a registration last as long as it is told", (shell) => {
			for (const expires of ["5", "120", "86400"]) {
				site.succeed({ shell, args: [room], env: { SIP_EXPIRES: expires } });
				assert.equal(site.snippet(room).params["expire-seconds"], expires);
			}
		});

		test("carries every password unchanged through FreeSWITCH's preprocessor and parser", (shell) => {
			const examples: [string][] = [
				["$${domain}"],
				["a$$${b}"],
				["<include>"],
				["X-PRE-PROCESS"],
				["'\"&<>`\\"],
				[" x "],
			];
			fc.assert(
				fc.property(passwords, (password) => {
					site.succeed({ shell, args: [room], env: { SIP_PASSWORD: password } });
					assert.equal(site.snippet(room).params["password"], password);
				}),
				{ numRuns: 60, examples },
			);
		});

		test("is made for every name that a room may have", (shell) => {
			for (const name of ["0", "1.2", "a_b-c.d", "x-pre-process", "X-PRE-PROCESS", "del", "Z".repeat(64)]) {
				site.succeed({ shell, args: [name] });
				const { gateway, params } = site.snippet(name);
				assert.deepEqual([gateway, params["username"], params["extension"]], [`conf_${name}`, name, name]);
				site.succeed({ shell, args: [name, "del"] });
			}
			assert.deepEqual(site.files(), []);
		});

		test("is replaced by the next run and leaves other files alone", (shell) => {
			writeFileSync(join(site.gateways, `${room}.xml`), "an administrator's own");
			site.succeed({ shell, args: [room] });
			site.succeed({ shell, args: [room], env: { SIP_REGISTRAR: "other.test" } });
			assert.equal(site.snippet(room).params["proxy"], "other.test");
			site.succeed({ shell, args: [room, "del"] });
			assert.deepEqual(site.files(), [`${room}.xml`]);
		});

		test("may be read by its group and not by others, whatever the umask", (shell) => {
			for (const umask of ["000", "077"]) {
				site.succeed({ shell, args: [room], through: ["/bin/sh", "-c", `umask ${umask}; exec "$@"`, "sh"] });
				assert.equal(modeOf(ours), 0o640);
			}
		});

		test("does not depend on the caller's PATH, IFS, CDPATH and ENV", (shell) => {
			for (const program of ["mv", "rm", "chown", "printf"]) {
				writeFileSync(join(site.top, program), "#!/bin/sh\nexit 9\n", { mode: 0o755 });
			}
			writeFileSync(join(site.top, "env"), "exit 9\n");
			const env = { PATH: `.:${site.top}`, IFS: "c0_/ ", CDPATH: "/", ENV: join(site.top, "env") };
			site.succeed({ shell, args: ["12345"], env });
			assert.deepEqual(site.files(), ["conf_12345.xml"]);
			site.succeed({ shell, args: ["12345", "del"], env });
			assert.deepEqual(site.files(), []);
		});
	});

	describe(`removal under ${name}`, () => {
		test("needs no SIP settings, and a snippet that is gone already is no error", (shell) => {
			const broken = { SIP_REGISTRAR: undefined, SIP_PASSWORD: undefined, SIP_TRANSPORT: "x", SIP_EXPIRES: "x" };
			site.succeed({ shell, args: [room] });
			site.succeed({ shell, args: [room, "del"], env: broken });
			assert.deepEqual(site.files(), []);
			site.succeed({ shell, args: [room, "del"], env: broken });
		});

		test("takes away a link and not what it leads to", (shell) => {
			const other = join(site.top, "other");
			writeFileSync(other, "kept");
			symlinkSync(other, join(site.gateways, ours));
			site.succeed({ shell, args: [room, "del"] });
			assert.deepEqual(site.files(), []);
			assert.equal(readFileSync(other, "utf8"), "kept");
		});
	});

	describe(`refusals under ${name}`, () => {
		test("name the setting and what is allowed, repeat no value, and change nothing", (shell) => {
			site.succeed({ shell, args: [room] });
			const before = site.text(room);
			for (const [setting, value, sentence] of badSettings) {
				const run = { shell, args: [room], env: { [setting]: value } };
				site.fail(run, 2, sentence);
				const { stderr } = site.run(run);
				for (const password of [settings.SIP_PASSWORD, marker]) {
					assert.ok(!stderr.includes(password), `${setting}: a password in ${stderr}`);
				}
			}
			assert.deepEqual(site.files(), [ours]);
			assert.equal(site.text(room), before);
		});

		test("meet names that are no room, and any other arguments", (shell) => {
			for (const name of badRooms) {
				site.fail({ shell, args: [name] }, 2, /ROOM must begin with a letter or digit and hold only/);
				site.fail({ shell, args: [name, "del"] }, 2, /ROOM must begin with a letter or digit and hold only/);
			}
			site.fail({ shell, args: ["1".repeat(65)] }, 2, /ROOM must not be longer than 64/);
			for (const args of [[], [room, ""], [room, "delete"], [room, "del", "x"], [room, "del\n"], ["del", room]]) {
				site.fail({ shell, args }, 2, /the arguments must be ROOM, or ROOM and the word del/);
			}
			assert.deepEqual(site.files(), []);
		});

		test("meet a directory that is missing, is a file, or must not be written to", (shell) => {
			const file = join(site.top, "file");
			writeFileSync(file, "");
			for (const args of [[room], [room, "del"]]) {
				site.fail(
					{ shell, args, env: { GATEWAY_DIR: join(site.top, "gone") } },
					1,
					/GATEWAY_DIR is not a directory.*gone/,
				);
				site.fail({ shell, args, env: { GATEWAY_DIR: file } }, 1, /GATEWAY_DIR is not a directory.*file/);
				chmodSync(site.gateways, 0o555);
				site.fail({ shell, args }, 1, /GATEWAY_DIR must be writable for this user: .*gateway dir/);
				chmodSync(site.gateways, 0o755);
			}
			assert.deepEqual(site.files(), []);
		});

		test("meet a directory in the snippet's place", (shell) => {
			mkdirSync(join(site.gateways, ours));
			for (const args of [[room], [room, "del"]]) {
				site.fail({ shell, args }, 1, /a directory is in the way.*conf_07974\.xml/);
			}
			assert.deepEqual(site.files(), [ours]);
		});
	});

	describe(`what goes wrong in the middle, under ${name}`, () => {
		test("a file that cannot be written whole leaves the old snippet as it was, and nothing else", (shell) => {
			site.succeed({ shell, args: [room] });
			const before = site.text(room);
			// A file size limit whose signal is ignored makes write() fail just as a full disk does.
			const through = ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh"];
			site.fail({ shell, args: [room], env: { SIP_EXPIRES: "90" }, through }, 1, /its disk not full: .*gateway dir/);
			assert.deepEqual(site.files(), [ours]);
			assert.equal(site.text(room), before);
			site.succeed({ shell, args: [room, "del"], through });
		});

		testTraced("a run ended by a signal takes its temporary file away", (shell, strace) => {
			for (const [signal, status] of [
				["TERM", 143],
				["INT", 130],
				["HUP", 129],
			] as const) {
				const through = [strace, "-qq", "-o", "/dev/null", "-e", `inject=write,writev:signal=${signal}:when=1`];
				assert.equal(site.run({ shell, args: [room], through }).status, status, signal);
				assert.deepEqual(site.files(), [], signal);
			}
		});

		testTraced("a run whose mv is ended fails and takes its temporary file away", (shell, strace) => {
			const calls = "rename,renameat,renameat2";
			const through = [strace, "-f", "-qq", "-o", "/dev/null", "-e", `inject=${calls}:error=EIO:signal=TERM`];
			assert.notEqual(site.run({ shell, args: [room], through }).status, 0);
			assert.deepEqual(site.files(), []);
		});

		testTraced(
			"what a killed run left is hidden from FreeSWITCH and from others, and cleared by the next",
			(shell, strace) => {
				const killed = () => {
					const kill = [strace, "-qq", "-o", "/dev/null", "-e", "inject=write,writev:signal=KILL:when=1"];
					const umask = ["/bin/sh", "-c", 'umask 000; exec "$@"', "sh"];
					assert.equal(site.run({ shell, args: [room], through: [...umask, ...kill] }).status, undefined);
					const [left, ...others] = site.files();
					assert.match(left ?? "", /^\.conf_07974\.\d+\.tmp$/);
					assert.deepEqual(others, []);
					assert.equal(modeOf(left ?? ""), 0o640);
				};
				killed();
				site.succeed({ shell, args: [room] });
				assert.deepEqual(site.files(), [ours]);
				site.succeed({ shell, args: [room, "del"] });
				killed();
				site.succeed({ shell, args: [room, "del"] });
				assert.deepEqual(site.files(), []);
			},
		);

		test("any run clears what killed ones left, for whatever rooms, and nothing else", async (shell) => {
			const running = spawn("/bin/cat", { stdio: ["pipe", "ignore", "ignore"], ...unprivileged });
			try {
				const gone = endedProcess();
				const live = running.pid ?? 0;
				const left = [room, "777", "1.2", "a.7", `1.${live}`, "x-y_z", "0", "Z".repeat(64)].map(
					(name) => `.conf_${name}.${gone}.tmp`,
				);
				const kept = [
					...[room, "777", "1.2", `1.${gone}`].map((name) => `.conf_${name}.${live}.tmp`),
					// Named like none that a run makes.
					...[".x", "-x", "a b", "é", "Z".repeat(65)].map((name) => `.conf_${name}.${gone}.tmp`),
					...[`.conf_.${gone}.tmp`, `.conf_${gone}.tmp`, ".conf_1..tmp", ".conf_1.0.tmp", ".conf_1.2x.tmp"],
					...[`conf_1.${gone}.tmp`, `.conf_1.${gone}.xml`, `.conf_1.0${gone}.tmp`, `.conf_1.${gone}.tmp.tmp`],
				];
				for (const args of [[room], [room, "del"]]) {
					for (const file of [...left, ...kept]) {
						writeFileSync(join(site.gateways, file), "");
					}
					site.succeed({ shell, args });
					assert.deepEqual(site.files(), [...kept, ...(args.length === 1 ? [ours] : [])].sort());
				}
			} finally {
				running.stdin.end();
				await once(running, "exit");
			}
		});

		test("another user's run is not taken for one that has ended", (shell) => {
			// Process 1 is root's.
			const live = ".conf_777.1.tmp";
			writeFileSync(join(site.gateways, live), "");
			site.succeed({ shell, args: [room] });
			assert.deepEqual(site.files(), [live, ours]);
		});

		test("a run that was killed, and whose parent has not taken note of that, has ended", async (shell) => {
			// The child ends when its parent has become one that waits for nobody.
			const commands = "{ until grep -q cat /proc/$$/comm; do :; done; } & echo $!; exec cat";
			const parent = spawn("/bin/sh", ["-c", commands], { stdio: ["pipe", "pipe", "ignore"] });
			try {
				const [pid] = (await once(parent.stdout.setEncoding("utf8"), "data")) as [string];
				const isZombie = () => readFileSync(`/proc/${pid.trim()}/stat`, "utf8").includes(") Z ");
				await eventually(isZombie, "it has ended");
				writeFileSync(join(site.gateways, `.conf_777.${pid.trim()}.tmp`), "");
				site.succeed({ shell, args: [room] });
				assert.deepEqual(site.files(), [ours]);
			} finally {
				parent.stdin.end();
				await once(parent, "exit");
			}
		});

		test("what a killed run left and cannot be cleared holds up nobody", (shell) => {
			const left = `.conf_777.${endedProcess()}.tmp`;
			mkdirSync(join(site.gateways, left));
			for (const args of [[room], [room, "del"]]) {
				const { status, stderr } = site.run({ shell, args });
				assert.deepEqual([status, stderr.includes(left)], [0, true]);
			}
			assert.deepEqual(site.files(), [left]);
		});

		test("fifty runs at once, for fifty rooms and for one, all succeed", async (shell) => {
			const rooms = Array.from({ length: 50 }, (_, index) => String(10_000 + index));
			assert.deepEqual(
				new Set(await Promise.all(rooms.map((name) => site.start({ shell, args: [name] })))),
				new Set([0]),
			);
			assert.deepEqual(
				site.files(),
				rooms.map((name) => `conf_${name}.xml`),
			);
			for (const name of rooms) {
				assert.equal(site.snippet(name).gateway, `conf_${name}`);
				rmSync(join(site.gateways, `conf_${name}.xml`));
			}
			const same = await Promise.all(rooms.map(() => site.start({ shell, args: [room] })));
			assert.deepEqual(new Set(same), new Set([0]));
			assert.deepEqual(site.files(), [ours]);
			assert.equal(site.snippet(room).gateway, "conf_07974");
		});
	});

	describe(`what a run costs and shows, under ${name}`, () => {
		testTraced("it starts one other process at most, and no command line ever holds the password", (shell, strace) => {
			const log = join(site.top, "strace");
			for (const args of [[room], [room, "del"]]) {
				site.succeed({ shell, args, through: [strace, "-f", "-qq", "-s", "9999", "-e", "trace=process", "-o", log] });
				const calls = readFileSync(log, "utf8");
				assert.equal(calls.match(/\b(?:v?fork|clone3?)\(/g)?.length, 1, calls);
				assert.equal(calls.match(/\bexecve(?:\(.*| resumed>\)) += 0$/gm)?.length, 2, calls);
				assert.ok(!calls.includes(settings.SIP_PASSWORD));
			}
		});
	});
}

describe("the generator script", () => {
	it("can be run as it is", () => {
		site.succeed({ shell: [], args: [room] });
		assert.deepEqual(site.files(), [ours]);
	});

	it("writes through no link that lies where its temporary file is to be", () => {
		const other = join(site.top, "other");
		writeFileSync(other, "kept");
		// The process number stays the same when the shell becomes the script.
		const plant = 'ln -s ../other "$GATEWAY_DIR/.conf_$0.$$.tmp"; exec "$@"';
		site.succeed({ shell: ["/bin/sh", "-c", plant, room], args: [room] });
		assert.deepEqual(site.files(), [ours]);
		assert.equal(readFileSync(other, "utf8"), "kept");
	});

	it("gives the snippet to the directory's owner when root runs it by hand", { skip: !isRoot && "not root" }, () => {
		chownSync(site.gateways, 4_321, 1_234);
		site.succeed({ shell: [], args: [room], asRoot: true });
		const { uid, gid } = statSync(join(site.gateways, ours));
		assert.deepEqual([uid, gid, modeOf(ours)], [4_321, 1_234, 0o640]);
	});

	const small = { skip: !canMount && "mounts are forbidden here; the limit on a file's size covers the same lines" };
	it("survives a disk that is really full, under any shell", small, () => {
		for (const { tool, options } of shells) {
			const shell = [tool, ...options].join(" ");
			const commands =
				`mount -t tmpfs -o size=4k tiny "$GATEWAY_DIR"; ${shell} "$0" 1 || exit 1; ` +
				`${shell} "$0" 2; echo "status $?"; ls -A "$GATEWAY_DIR"`;
			if (pathOf(tool) !== undefined) {
				const run = { shell: [], args: [], asRoot: true, env: { PATH: "/usr/bin:/bin" } };
				const { stdout, stderr } = site.run({ ...run, through: [...ownMounts, commands] });
				assert.match(stderr, /^[^\n]+its disk not full: [^\n]+\n$/, tool);
				assert.equal(stdout, "status 1\nconf_1.xml\n", tool);
			}
		}
	});

	itNeeding(["shellcheck"], "has nothing that shellcheck would remark on", (shellcheck = "") => {
		const { status, stdout } = spawnSync(shellcheck, ["--shell=sh", site.script], { encoding: "utf8" });
		assert.equal(stdout, "");
		assert.equal(status, 0);
	});
});
