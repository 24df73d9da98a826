/** The program: reads the configuration, runs the daemon, obeys signals, sets the exit code. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import manifest from "../package.json" with { type: "json" };
import { systemClock } from "./clock.ts";
import { BadSetting, type Config, help, readConfig } from "./config/command-line.ts";
import { settings } from "./config/settings.ts";
import { SettingsFile } from "./config/settings-file.ts";
import { settingsMark } from "./config/settings-mark.ts";
import { Daemon } from "./daemon.ts";
import { openEventSocket } from "./freeswitch/session.ts";
import { startScript } from "./generator/script-process.ts";
import { isJournal, logFormat, openLog } from "./log/log.ts";
import { lastWords, Notices, sendBy, watchdogLimit, withoutSystemd } from "./systemd/notify.ts";
import { Watchdog } from "./systemd/watchdog.ts";

/** The exit tells systemd whether a restart can be of use. */
const exitCode = { done: 0, failed: 1, badSetting: 2 } as const;

const stopped = "stopped; what is registered stays registered";

/** ms that the log may take to be read before the process ends. */
const logPatience = 1_000;

function main(): void {
	// Overwrites the command line that `ps` shows: a unit file of the Go daemon has the password in it.
	process.title = "fsconfregger";
	try {
		const file = process.env["SETTINGS_FILE"];
		if (file && !existsSync(file)) {
			throw new BadSetting(`there are no settings: ${file} is missing`);
		}
		const request = readConfig(process.argv.slice(2), process.env);
		if (typeof request === "string") {
			process.stdout.write(request === "help" ? help() : `fsconfregger ${manifest.version}\n`);
		} else {
			run(request);
		}
	} catch (error) {
		if (!(error instanceof BadSetting)) {
			throw error;
		}
		lastWords(process.env, error.message);
		const priority = isJournal(process.env["JOURNAL_STREAM"], 2) ? "<3>" : "";
		process.stderr.write(`${priority}fsconfregger: ${error.message}\n`);
		process.exitCode = exitCode.badSetting;
	}
}

function run(config: Config): void {
	const { log, end } = openLog(config.logLevel, logFormat(process.env, process.stdout.isTTY));
	config.toRoom.tooSlow = (name) =>
		log.warn(
			`${settings.toRoom.variable} takes too long for the name ${name}, so neither that is a room nor others for which it does; write it without repetitions in repetitions, such as (a+)+`,
		);
	const path = process.env["SETTINGS_FILE"];
	const file = path ? new SettingsFile(path, process.env, log) : undefined;
	const notices = new Notices(sendBy(process.env), systemClock, log);
	const daemon = new Daemon({
		config,
		environment: forScripts(process.env),
		markOf: (environment) => settingsMark(environment, file?.names ?? []),
		places: 2 * availableParallelism(),
		startScript,
		openSession: openEventSocket,
		clock: systemClock,
		log,
		random: Math.random,
		refused: (error) => {
			log.fatal(error.message);
			void exit(exitCode.failed);
		},
		ready: () => notices.ready(),
		status: (sentence) => notices.status(sentence),
	});
	const watchdog = new Watchdog({
		limit: watchdogLimit(process.env, process.pid),
		deadline: () => daemon.deadline,
		alive: () => notices.alive(),
		hangs: () =>
			log.fatal("a fault of the program, please report it: it hangs, and waits for systemd's watchdog to end it"),
		clock: systemClock,
	});
	let exiting = false;
	const exit = async (code: number): Promise<void> => {
		if (exiting) {
			return;
		}
		exiting = true;
		await Promise.all([daemon.stop(), notices.stopping()]);
		log.info(stopped);
		process.exitCode = code;
		if (!(await end(logPatience))) {
			// A thread hangs in writing to a reader that does not read, and a regular exit would wait for it.
			process.kill(process.pid, "SIGKILL");
		}
		process.exit();
	};
	const reload = () => {
		log.info("SIGHUP received, reloading");
		if (file === undefined) {
			log.info("SETTINGS_FILE names no file, so the script's settings are those of the start");
		}
		file?.read();
		daemon.reload(forScripts(file?.environment ?? process.env));
	};
	for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
		process.on(signal, () => {
			// A terminal that is closed sends SIGHUP, and means the end.
			if (signal === "SIGHUP" && !process.stdout.isTTY) {
				reload();
				return;
			}
			log.info(`${signal} received, stopping`);
			notices.status(() => stopped);
			void exit(exitCode.done);
		});
	}
	process.on("uncaughtException", (error) => {
		// Not the error itself: what esl throws bears the command, and that can be the one with the password.
		log.fatal(`a fault of the program, please report it: ${error.stack ?? error.message}`);
		notices.status(() => "a fault of the program; the journal shows it");
		void exit(exitCode.failed);
	});
	log.info({ version: manifest.version }, `fsconfregger ${manifest.version} started, for profile ${config.profile}`);
	file?.warn();
	daemon.start();
	watchdog.start();
}

/** What of an environment scripts get to see. */
function forScripts(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return { ...withoutSystemd(environment), [settings.password.variable]: undefined };
}

main();
