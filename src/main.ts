/** The program: reads the configuration, runs the daemon, obeys signals, sets the exit code. Only this file touches `process`. */
import manifest from "../package.json" with { type: "json" };
import { systemClock } from "./clock.ts";
import { BadSetting, help, type Request, readConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import { isJournal, logFormat, openLog } from "./log.ts";
import { settings } from "./settings.ts";

/** What the exit tells systemd: whether a restart can be of use. */
const exitCode = { done: 0, failed: 1, badSetting: 2 } as const;

/** ms that the log may take to be read before the process ends. */
const logPatience = 1_000;

function main(): void {
	// Overwrites the command line that `ps` shows: a unit file of the Go daemon has the password in it.
	process.title = "fsconfregger";
	let request: Request;
	try {
		request = readConfig(process.argv.slice(2), process.env);
	} catch (error) {
		if (!(error instanceof BadSetting)) {
			throw error;
		}
		const priority = isJournal(process.env["JOURNAL_STREAM"], 2) ? "<3>" : "";
		process.stderr.write(`${priority}fsconfregger: ${error.message}\n`);
		process.exitCode = exitCode.badSetting;
		return;
	}
	switch (request.kind) {
		case "help":
			process.stdout.write(help());
			return;
		case "version":
			process.stdout.write(`fsconfregger ${manifest.version}\n`);
			return;
		case "run":
			run(request);
	}
}

function run({ config }: Request & { kind: "run" }): void {
	const { log, end } = openLog(config.logLevel, logFormat(process.env, process.stdout.isTTY));
	const environment = { ...process.env, [settings.password.variable]: undefined };
	const daemon = new Daemon({
		config,
		environment,
		clock: systemClock,
		log,
		refused: (error) => {
			log.fatal(error.message);
			void exit(exitCode.failed);
		},
	});
	let exiting = false;
	const exit = async (code: number): Promise<void> => {
		if (exiting) {
			return;
		}
		exiting = true;
		await daemon.stop();
		log.info("stopped; what is registered stays registered");
		process.exitCode = code;
		if (!(await end(logPatience))) {
			// A thread hangs in writing to a reader that does not read, and a regular exit would wait for it.
			process.kill(process.pid, "SIGKILL");
		}
		process.exit();
	};
	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		process.on(signal, () => {
			log.info(`${signal} received, stopping`);
			void exit(exitCode.done);
		});
	}
	process.on("uncaughtException", (error) => {
		// Not the error itself: what esl throws bears the command, and that can be the one with the password.
		log.fatal(`a fault of the program, please report it: ${error.stack ?? error.message}`);
		void exit(exitCode.failed);
	});
	log.info({ version: manifest.version }, `fsconfregger ${manifest.version} started, for profile ${config.profile}`);
	daemon.start();
}

main();
