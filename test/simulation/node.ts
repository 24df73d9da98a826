/**
 * A node in the simulation: FreeSWITCH, the directory of snippets, the network between FreeSWITCH and the daemon, and the
 * daemon, all on simulated time. What is broken mends itself after a while, or when everything is mended at once. Schedules are
 * played on one node or on two beside one registrar; tests of the whole controller use one by hand.
 */

import type { EventRecord } from "../stand-in/freeswitch/events.ts";
import { BrokenConfiguration, FreeSwitch, type FreeSwitchOptions } from "../stand-in/freeswitch/freeswitch.ts";
import { defaultIp } from "../stand-in/freeswitch/gateway-settings.ts";
import { Random } from "../stand-in/freeswitch/random.ts";
import type { Registrar, SipPeer } from "../stand-in/registrar/registrar.ts";
import { recordingLog } from "../support/recording-log.ts";
import type { SimulatedClock } from "../support/simulated-clock.ts";
import { snippet } from "../support/snippets.ts";
import { type Bindings, Claims } from "./claims.ts";
import { Cluster } from "./cluster.ts";
import { CommandFaults } from "./command-faults.ts";
import { SimulatedDirectory, secondHost } from "./directory.ts";
import { EventFaults } from "./event-faults.ts";
import type { History } from "./history.ts";
import { SimulatedProcess } from "./process.ts";
import type { Schedule } from "./schedule.ts";
import { ScriptFaults } from "./script-faults.ts";
import type { ScriptRecord } from "./scripts.ts";

/** Times are in ms. */
export interface NodeOptions
	extends Partial<
		Pick<Schedule, "cleared" | "second" | "takes" | "phase" | "latency" | "chunked" | "modules" | "seed">
	> {
	readonly linger?: number;
	readonly resync?: number;
	/** Snippets that lie there when FreeSWITCH starts: their text by their name without `.xml`. */
	readonly snippets?: Readonly<Record<string, string>>;
	/** Gateways that an administrator has put there, by their users. */
	readonly admins?: Readonly<Record<string, string>>;
	readonly freeswitch?: Partial<FreeSwitchOptions>;
	/** Its name in the history. */
	readonly name?: string;
	/** FreeSWITCH's address. */
	readonly ip?: string;
}

/** ms between looks at claims that have a time limit. */
const lookEvery = 500;

const byDefault = {
	linger: 5_000,
	resync: 30_000,
	takes: 5,
	latency: 0,
	chunked: false,
	cleared: false,
	second: false,
	modules: 0,
	seed: 1,
	name: "",
	ip: defaultIp,
	admins: {},
};

export class SimulatedNode {
	readonly cluster: Cluster;
	readonly clock: SimulatedClock;
	readonly history: History;
	readonly log = recordingLog();
	readonly directory = new SimulatedDirectory();
	/** The cluster's. */
	readonly registrar: Registrar;
	/** What the registrar holds that leads to this node. */
	readonly bindings: Bindings;
	readonly faults = { commands: new CommandFaults(), events: new EventFaults(), scripts: new ScriptFaults() };
	readonly claims: Claims;
	readonly options: typeof byDefault & NodeOptions;
	/** Every run of the script, and every command sent, on whatever connection. */
	readonly runs: ScriptRecord[] = [];
	readonly commands: string[] = [];
	/** Called before a command is carried out. */
	onCommand: (command: string) => void = () => {};
	/** Whether an event reaches the daemon. */
	passes: (event: EventRecord) => boolean = () => true;
	/** Replaces an answer. */
	answers: (command: string, answer: string) => string = (_, answer) => answer;
	/** Whether nothing but a start of FreeSWITCH has gone wrong since the last rest. */
	isUndisturbed = true;
	network: "up" | "refused" | "silent" | "flapping" = "up";
	freeswitch: FreeSwitch;
	process: SimulatedProcess;
	readonly random: Random;
	/** What mends that which is broken now. */
	readonly #repairs = new Set<() => void>();
	#starts = 0;
	/** The number of the script's settings that the settings file holds. */
	settings = 0;
	/** ms on the clock from which FreeSWITCH can have conferences. */
	#conferencesFrom = 0;
	/** Until when FreeSWITCH comes back too early for the daemon to have removed the snippets, in ms on the clock. */
	#hastyUntil = 0;
	/** ms in which the next FreeSWITCH loads its modules, once it is to be started. */
	#startWanted: number | undefined;

	constructor(options: NodeOptions, cluster = new Cluster()) {
		this.options = { ...byDefault, ...options };
		this.cluster = cluster;
		this.clock = cluster.clock;
		this.history = cluster.history.of(this.options.name);
		this.registrar = cluster.registrar;
		const leadingHere = (registrar: Registrar): Bindings => ({
			bindingsOf: (user) => registrar.bindingsOf(user).filter(({ contact }) => this.#isOwn(contact)),
		});
		this.bindings = leadingHere(cluster.registrar);
		this.random = new Random(this.options.seed);
		this.registrar.latency = this.options.latency;
		for (const [user, gateway] of Object.entries(this.options.admins)) {
			this.directory.write(`admin_${gateway}`, snippet(user, {}, gateway));
		}
		for (const [name, text] of Object.entries(options.snippets ?? {})) {
			this.directory.write(name, text);
		}
		this.claims = new Claims({
			clock: this.clock,
			directory: this.directory,
			registrar: this.bindings,
			second: leadingHere(cluster.second),
			name: this.options.name,
			freeswitch: () => this.freeswitch,
			linger: this.options.linger,
			runsElsewhere: (room) => (cluster.nodeOf(room) ?? this) !== this,
			isCounting: cluster.isCounting,
			foreign: Object.keys(this.options.admins),
			broken: () => cluster.broken(),
		});
		if (this.options.cleared) {
			this.directory.clear();
		}
		this.freeswitch = this.#newFreeSwitch(this.options.modules);
		this.process = new SimulatedProcess(this);
		cluster.nodes.push(this);
	}

	/** The node to which rooms move. */
	get next(): SimulatedNode {
		return this.cluster.after(this);
	}

	/** The users whom a registrar of the cluster has bound to this node. */
	usersAt(registrar: Registrar): string[] {
		const isHere = (user: string) => registrar.bindingsOf(user).some(({ contact }) => this.#isOwn(contact));
		return registrar.bindings().filter(isHere);
	}

	/** What the script gets to see: the password stands for all of its settings. */
	get environment(): Readonly<Record<string, string>> {
		return { SIP_PASSWORD: `settings ${this.settings}` };
	}

	/** Starts the first daemon, and the regular looks at claims that have a time limit. */
	start(): void {
		this.#look();
		this.history.deed("the daemon starts");
		this.process.start();
	}

	/** Has `repair` done after `ms`, or when everything is mended. */
	mendAfter(ms: number, repair: () => void): void {
		const now = () => {
			this.#repairs.delete(now);
			cancel();
			repair();
		};
		const cancel = this.clock.after(ms, now);
		this.#repairs.add(now);
	}

	/** Ends all faults. A half-open connection stays half open until the daemon notices. */
	mendAll(): void {
		for (const armed of Object.values(this.faults)) {
			armed.clear();
		}
		for (const repair of [...this.#repairs]) {
			repair();
		}
		this.removeBroken();
	}

	/**
	 * The administrator removes the broken snippets of rooms that do not run, of which the daemon need not know.
	 * @returns whether there were any
	 */
	removeBroken(): boolean {
		return this.#removeBroken((room) => !this.claims.running.includes(room));
	}

	/** Starts a room, unless it runs on some node. */
	startRoom(room: string): void {
		if (this.#holdsConferences && this.cluster.nodeOf(room) === undefined) {
			this.freeswitch.conferences.create(room);
		}
	}

	endRoom(room: string): void {
		if (this.#holdsConferences && this.freeswitch.conferences.get(room) !== undefined) {
			this.claims.ended(room);
			this.freeswitch.conferences.destroy(room);
		}
	}

	/** Replaces a running conference by another of its name; the old one's destroy event comes `late` ms after that. */
	replaceRoom(room: string, late: number): void {
		const { freeswitch } = this;
		if (this.#holdsConferences && freeswitch.conferences.get(room) !== undefined) {
			const tell = freeswitch.conferences.unlist(room);
			freeswitch.conferences.create(room);
			this.clock.after(late, () => {
				if (freeswitch.alive) {
					tell();
				}
			});
		}
	}

	/** Ends FreeSWITCH, and starts it again after `down` ms, or as soon as it has ended. */
	endFreeSwitch(how: "killed" | "shut down", down: number, modules: number): void {
		const { freeswitch } = this;
		if (!freeswitch.alive) {
			return;
		}
		const first = this.#conferencesFrom !== Number.POSITIVE_INFINITY;
		this.#conferencesFrom = Number.POSITIVE_INFINITY;
		if (how === "shut down") {
			if (first) {
				freeswitch.shutdown(() => this.#freeSwitchEnded());
			}
		} else {
			freeswitch.kill();
			this.#freeSwitchEnded();
		}
		if (first) {
			this.mendAfter(down, () => {
				this.#startWanted = modules;
				this.#startFreeSwitch();
			});
		}
	}

	/** Whether FreeSWITCH is there and neither starting nor stopping. */
	get #holdsConferences(): boolean {
		return this.clock.now() >= this.#conferencesFrom;
	}

	#freeSwitchEnded(): void {
		this.history.outcome("FreeSWITCH has ended, and all conferences with it");
		this.claims.allEnded();
		this.#hastyUntil = this.clock.now() + this.#removalTakes;
		this.process.session?.cut("in order");
		this.#startFreeSwitch();
	}

	/** ms within which the daemon has removed all snippets after FreeSWITCH's end; infinite if something hinders it. */
	get #removalTakes(): number {
		const { session } = this.process;
		if (!this.isUndisturbed || session === undefined) {
			return Number.POSITIVE_INFINITY;
		}
		const waits = this.clock.now() - session.since < 5_000 ? 8_000 : 2_500;
		return waits + this.options.takes * this.directory.snippets.length;
	}

	/** Starts FreeSWITCH, if it is to be started and the former one has ended. */
	#startFreeSwitch(): void {
		const modules = this.#startWanted;
		if (modules === undefined || this.freeswitch.alive) {
			return;
		}
		this.#startWanted = undefined;
		this.history.deed(`FreeSWITCH starts${modules > 0 ? `, and loads its modules within ${modules} ms` : ""}`);
		this.#starts += 1;
		if (this.options.cleared) {
			this.directory.clear();
		}
		this.claims.ownership.freeSwitchStarts(!this.options.cleared && this.clock.now() < this.#hastyUntil);
		try {
			this.freeswitch = this.#newFreeSwitch(modules);
		} catch (error) {
			if (!(error instanceof BrokenConfiguration)) {
				throw error;
			}
			this.#removeBroken(() => true);
			this.freeswitch = this.#newFreeSwitch(modules);
		}
		this.claims.storms.newConnection();
	}

	/** The administrator changes the script's settings, and reloads the daemon. */
	reload(): void {
		this.settings += 1;
		this.process.reload(this.settings);
	}

	startDaemon(): void {
		this.history.deed("the daemon starts");
		this.process = new SimulatedProcess(this);
		this.process.start();
	}

	/** Everything ends. */
	close(): void {
		this.process.kill(false);
		this.freeswitch.kill();
		this.cluster.registrar.close();
		this.cluster.second.close();
	}

	/** FreeSWITCH does not start with broken snippets, and the log tells the administrator to look for them. */
	#removeBroken(which: (room: string) => boolean): boolean {
		const rooms = this.directory.broken.filter(which);
		for (const room of rooms) {
			this.history.deed(`the administrator removes the broken snippet of room ${room}`);
			this.directory.delete(room);
		}
		return rooms.length > 0;
	}

	#look(): void {
		this.claims.promptness.look();
		this.clock.after(lookEvery, () => this.#look());
	}

	#newFreeSwitch(modules: number): FreeSwitch {
		const freeswitch = new FreeSwitch({
			clock: this.clock,
			peer: this.#peer(),
			snippets: () => this.directory.text,
			seed: this.options.seed + this.#starts,
			...(this.options.phase !== undefined && { timing: { firstTick: this.options.phase } }),
			latencies: { reloadxml: 25, rescan: 25, rescanPerGateway: 0.05, list: 1 },
			...(modules > 0 && { modulesAfter: modules }),
			ip: this.options.ip,
			...this.options.freeswitch,
		});
		this.#conferencesFrom = this.clock.now() + modules;
		freeswitch.events.listen((event) => this.claims.fired(event));
		return freeswitch;
	}

	#isOwn(contact: string): boolean {
		return contact.includes(`@${this.options.ip}:`);
	}

	/** The registrar, whose requests are noted. */
	#peer(): SipPeer {
		return {
			register: (request, reply) => {
				const { user, contact, callId, expires, host } = request;
				const { registrar, second, nodes } = this.cluster;
				const to = host === secondHost ? second : registrar;
				const words = `REGISTER of ${user} is sent${to === second ? " to the second registrar" : ""}`;
				const bound = to.bindingsOf(user).some((binding) => binding.contact === contact);
				if (expires === 0) {
					this.history.outcome(`un-${words}`);
					this.claims.promptness.unregistered(user);
				} else {
					if (!bound) {
						this.history.outcome(words);
					}
					const gateways = this.freeswitch.sofia.external?.gateways ?? [];
					const sender = gateways.find((gateway) => gateway.callId === callId);
					if (sender !== undefined && !Object.hasOwn(this.options.admins, user)) {
						this.claims.ownership.registers(user, sender);
					}
					if (to === registrar) {
						const { promptness, comebacks } = this.claims;
						const hasFile = comebacks.planted.has(user) || comebacks.restored.has(user);
						promptness.registers(user, callId, hasFile);
						if (hasFile) {
							promptness.cameBack(user);
						}
						for (const { claims } of nodes.filter((node) => node !== this)) {
							claims.robbed(user);
						}
					}
				}
				to.register(request, reply);
			},
			ping: (host, reply) => this.registrar.ping(host, reply),
		};
	}
}
