/** The shipped generator script under every shell that may be a system's sh, killed at chosen moments, and as root. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { after, describeScript, modeOf, ours, room } from "../fixtures/generator-cases.ts";
import { atSite, isRoot, type Site, settings } from "../support/generator-site.ts";
import { adviceOn, itNeeding, itUnless, pathOf, type Tool } from "../support/needed-tool.ts";

const shells: readonly { tool: Tool; options: readonly string[] }[] = [
	{ tool: "dash", options: [] },
	{ tool: "bash", options: ["--posix"] },
	{ tool: "busybox", options: ["sh"] },
];

/** Runs shell commands that may mount, without anybody else seeing it. */
const ownMounts = ["unshare", "--mount", ...(isRoot ? [] : ["--user", "--map-root-user"]), "/bin/sh", "-c"];
const canMount = spawnSync("env", [...ownMounts, "mount -t tmpfs tiny /tmp"]).status === 0;

for (const { tool, options } of shells) {
	const name = [tool, ...options].join(" ");
	const path = pathOf(tool) ?? tool;
	// Where the shell is busybox, so are the tools.
	const shell = { command: [path, ...options], toolsOf: tool === "busybox" ? path : undefined };

	describeScript(name, shell, (title, test) => {
		itNeeding([tool], title, test);
	});

	describe(`a run, under ${name}`, () => {
		/** A test with a function that makes the command which runs the script under strace. */
		const itTraced = (title: string, test: (site: Site, traced: (...words: string[]) => string[]) => void) => {
			itNeeding([tool, "strace"], title, (_, strace = "") =>
				atSite(shell, (site) => {
					test(site, (...words) => [strace, "-qq", "-o", join(site.top, "strace"), ...words]);
				}),
			);
		};

		itTraced("ended by a signal takes its temporary file away", (site, traced) => {
			for (const [signal, status] of [
				["TERM", 143],
				["INT", 130],
				["HUP", 129],
			] as const) {
				const through = traced("-e", `inject=write,writev:signal=${signal}:when=1`);
				assert.equal(site.run([room], { through }).status, status, signal);
				assert.deepEqual(site.files(), [], signal);
			}
		});

		itTraced("whose mv is ended fails and takes its temporary file away", (site, traced) => {
			const through = traced("-f", "-e", "inject=rename,renameat,renameat2:error=EIO:signal=TERM");
			assert.notEqual(site.run([room], { through }).status, 0);
			assert.deepEqual(site.files(), []);
		});

		itTraced(
			"ended by SIGKILL leaves a file that FreeSWITCH and others do not see, and the next run clears",
			(site, traced) => {
				const through = [...after("umask 000"), ...traced("-e", "inject=write,writev:signal=KILL:when=1")];
				for (const args of [[room], [room, "del"]]) {
					assert.equal(site.run([room], { through }).status, null);
					const [left = "", ...others] = site.files();
					assert.match(left, /^\.conf_07974\.\d+\.tmp$/);
					assert.deepEqual(others, []);
					assert.equal(modeOf(site, left), 0o640);
					site.succeed(args);
					assert.deepEqual(site.files(), args.length === 1 ? [ours] : []);
					site.succeed([room, "del"]);
				}
			},
		);

		itTraced("starts one other process at most, and shows the password on no command line", (site, traced) => {
			for (const args of [[room], [room, "del"]]) {
				site.succeed(args, { through: traced("-f", "-s", "9999", "-e", "trace=process") });
				const calls = readFileSync(join(site.top, "strace"), "utf8");
				assert.equal(calls.match(/\b(?:v?fork|clone3?)\(/g)?.length, 1, calls);
				assert.equal(calls.match(/\bexecve(?:\(.*| resumed>\)) += 0$/gm)?.length, 2, calls);
				assert.ok(!calls.includes(settings.SIP_PASSWORD));
			}
		});
	});

	describe(`the removal of all rooms, under ${name}`, () => {
		itNeeding([tool, "strace"], "takes a handful of processes for a thousand", (_, strace = "") =>
			atSite(shell, (site) => {
				for (let number = 0; number < 1_000; number += 1) {
					const comment = "<!-- Written by sofia-generator.sh -->";
					writeFileSync(join(site.gateways, `conf_room-${number}.xml`), `<include>\n  ${comment}\n`);
				}
				const log = join(site.top, "strace");
				site.succeed(["--all", "del"], { through: [strace, "-qq", "-f", "-o", log, "-e", "trace=process"] });
				assert.deepEqual(site.files(), []);
				const forks = readFileSync(log, "utf8").match(/\b(?:v?fork|clone3?)\(/g)?.length ?? 0;
				assert.ok(forks > 0 && forks < 6, String(forks));
			}),
		);
	});

	describe(`a run where /proc hides other users' processes, under ${name}`, () => {
		const become = isRoot ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
		const advice =
			adviceOn([tool, "setpriv"]) || (canMount ? "" : "a file system cannot be mounted here (run it as root)");
		itUnless(advice, "leaves the temporary files of those alone, and clears those of runs that have ended", () =>
			atSite(shell, (site) => {
				const gone = `.conf_777.${spawnSync("/bin/sh", ["-c", ":"]).pid}.tmp`;
				const running = ".conf_777.1.tmp";
				for (const file of [gone, running]) {
					writeFileSync(join(site.gateways, file), "");
				}
				const commands = `mount -t tmpfs none /proc && exec ${become}"$@"`;
				site.succeed([room], { asRoot: true, env: { PATH: "/usr/bin:/bin" }, through: [...ownMounts, commands, "sh"] });
				assert.deepEqual(site.files(), [running, ours]);
			}),
		);
	});

	describe(`a disk that is full, under ${name}`, () => {
		const advice = adviceOn([tool]) || (canMount ? "" : "a file system cannot be mounted here (run it as root)");
		itUnless(advice, "is told in a sentence, and what was there stays", () =>
			atSite({ command: [] }, (site) => {
				const commands =
					`mount -t tmpfs -o size=4k tiny "$GATEWAY_DIR"; ${name} "$0" 1 || exit 1; ` +
					`${name} "$0" 2; echo "status $?"; ls -A "$GATEWAY_DIR"`;
				const options = { asRoot: true, env: { PATH: "/usr/bin:/bin" }, through: [...ownMounts, commands] };
				const { stdout, stderr } = site.run([], options);
				assert.match(stderr, /^[^\n]+its disk not full: [^\n]+\n$/);
				assert.equal(stdout, "status 1\nconf_1.xml\n");
			}),
		);
	});

	describe(`root that runs the script by hand, under ${name}`, () => {
		const advice = adviceOn([tool]) || (isRoot ? "" : "it takes root to give files away");
		itUnless(advice, "gives the snippet to the directory's owner", () =>
			atSite(shell, (site) => {
				chownSync(site.gateways, 4_321, 1_234);
				site.succeed([room], { asRoot: true });
				const { uid, gid } = statSync(join(site.gateways, ours));
				assert.deepEqual([uid, gid, modeOf(site, ours)], [4_321, 1_234, 0o640]);
			}),
		);
	});
}
