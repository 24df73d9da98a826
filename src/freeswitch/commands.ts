/**
 * FreeSWITCH's commands and what its answers to them mean. Pure.
 * The wording was recorded from FreeSWITCH 1.10.12 and 1.11.2; test/fixtures/transcripts holds the recordings.
 */
import { excerpt } from "../log/text.ts";

/** A command and how to read its answer. `read` throws UnexpectedAnswer for an answer that says nothing sure. */
export interface Question<T> {
	readonly command: string;
	read(answer: string): T;
}

/** FreeSWITCH answered something from which nothing may be concluded, least of all that a list is empty. */
export class UnexpectedAnswer extends Error {
	override readonly name = "UnexpectedAnswer";

	constructor(command: string, answer: string, cause?: unknown) {
		super(`FreeSWITCH answered "${command}" with "${excerpt(answer)}"`, { cause });
	}
}

/** The profile does not exist or is not running, so its gateways are not known. */
export class ProfileNotRunning extends Error {
	override readonly name = "ProfileNotRunning";

	constructor(profile: string) {
		super(`SIP profile "${profile}" is not running in FreeSWITCH`);
	}
}

/** A gateway as `sofia jsonstatus` lists it. While one is dying, another of the same name may be listed beside it. */
export interface ListedGateway {
	readonly name: string;
	readonly state: string;
	/** The mark of the settings that it was written with, where its snippet bears one. */
	readonly mark?: string;
}

/** All gateways, dying ones included, in FreeSWITCH's order; a name can be there twice (recording 16). */
export interface Gateways {
	/** Those of the profile that was asked for. */
	readonly own: readonly ListedGateway[];
	/** Those of other profiles: FreeSWITCH finds a gateway by its name alone. */
	readonly others: readonly { readonly name: string; readonly profile: string }[];
}

/** Whether FreeSWITCH did what it was told, and its own words. */
export interface Outcome {
	readonly done: boolean;
	readonly words: string;
}

/** FreeSWITCH's version, such as `1.10.12-release~64bit`; undefined where it does not say. */
export const version: Question<string | undefined> = {
	command: "version",
	read: (answer) => /^FreeSWITCH Version (\S+)/.exec(answer)?.[1],
};

/** What names this run of FreeSWITCH: every start has another. undefined before FreeSWITCH has loaded the command. */
export const coreUuid: Question<string | undefined> = {
	command: "global_getvar core_uuid",
	read: (answer) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.exec(answer.trim())?.[0],
};

/**
 * The names of all running conferences. A conference is listed from before its create event until before its destroy event.
 * The summary has a line for each, where the list as JSON has half a kilobyte for every participant. Its words for running
 * conferences are those of FreeSWITCH 1.11; `conferencesAsJson` asks the versions that have others.
 */
export const conferences: Question<string[]> = {
	command: "conference list summary",
	read(answer) {
		if (answer === "+OK No active conferences.\n") {
			return [];
		}
		const lines = answer.split("\n");
		if (lines.pop() !== "" || lines.length === 0) {
			throw new UnexpectedAnswer(this.command, answer);
		}
		return lines.map((line) => {
			const name = /^\+OK Conference (.*) \(\d+ members? rate: \d+[^()]* flags: [^()]*\)$/.exec(line)?.[1];
			return known(name, this.command, answer);
		});
	},
};

/** As `conferences`, from an answer that has the same form in all versions. */
export const conferencesAsJson: Question<string[]> = {
	command: "conference json_list compact",
	read(answer) {
		const list = parse(this.command, answer);
		if (!Array.isArray(list)) {
			throw new UnexpectedAnswer(this.command, answer);
		}
		return list.map((conference: unknown) => known(textIn(conference, "conference_name"), this.command, answer));
	},
};

/**
 * The gateways of all profiles.
 * @param profile the name of a profile, or an alias of one
 * @throws ProfileNotRunning, besides UnexpectedAnswer
 */
export function gateways(profile: string): Question<Gateways> {
	return {
		command: "sofia jsonstatus",
		read(answer) {
			const all = known(objectIn(parse(this.command, numberMembers(answer)), "profiles"), this.command, answer);
			const status = objectIn(objectIn(all, profile), "status");
			const name = textIn(status, "state") === "ALIASED" ? textIn(status, "data") : profile;
			const listed = objectIn(all, name ?? profile);
			if (textIn(objectIn(listed, "status"), "state") !== "RUNNING") {
				throw new ProfileNotRunning(profile);
			}
			const listIn = (one: Record<string, unknown> | undefined): [name: string, gateway: unknown][] => {
				const gateways = objectIn(one, "gateways");
				if (gateways === undefined && one?.["gateways"] !== undefined) {
					throw new UnexpectedAnswer(this.command, answer);
				}
				return Object.entries(gateways ?? {}).map(([name, gateway]) => [unnumbered(name), gateway]);
			};
			return {
				own: listIn(listed).map(([name, gateway]) => ({
					name,
					state: known(textIn(gateway, "state"), this.command, answer),
					...markIn(textIn(gateway, "data")),
				})),
				others: Object.entries(all)
					.filter(([, other]) => isRecord(other) && other !== listed)
					.flatMap(([profile, other]) =>
						listIn(other as Record<string, unknown>).map(([name]) => ({ name, profile: unnumbered(profile) })),
					),
			};
		},
	};
}

/**
 * The mark behind the room, in a gateway's `sip:ROOM:MARK@PROXY`. FreeSWITCH lists that, and uses it as the To of an un-REGISTER whose
 * registration has failed before: so the mark stands where a SIP address has a password, which registrars do not look at.
 */
function markIn(data = ""): { mark?: string } {
	const [, mark] = /^sip:[^@:]*:([0-9a-z.]+)@/.exec(data) ?? [];
	return mark === undefined ? {} : { mark };
}

/** A command that FreeSWITCH has carried out if its answer matches. */
function order(command: string, done: RegExp): Question<Outcome> {
	return { command, read: (answer) => ({ done: done.test(answer), words: answer.trim() }) };
}

/** Loads the configuration. It never answers `-ERR`: for broken XML it says `+OK [[error near line …]…]` (recording 08). */
export const reloadXml = order("reloadxml", /\[Success\]/);

/**
 * Loads the gateways that are new in the profile's configuration. It loads the XML itself, and if that is broken, still says
 * `+OK scan complete` after having scanned the old one (recording 08).
 */
export const rescan = (profile: string) => order(`sofia profile ${profile} rescan`, /^Reload XML \[Success\]\n\+OK/);

/**
 * Marks a gateway for deletion: the profile un-REGISTERs it at its next tick and deletes it one tick later. FreeSWITCH does not
 * find a gateway that is dying (recording 04), and that is what was wanted.
 */
export const killGateway = (profile: string, gateway: string) =>
	order(`sofia profile ${profile} killgw ${gateway}`, /^(\+OK|-ERR no such gateway)/);

/**
 * Makes a gateway REGISTER at the next tick, whatever FreeSWITCH believes of it (recording 17).
 * It does not find a gateway that is dying: then `done` is false.
 */
export const registerGateway = (profile: string, gateway: string) =>
	order(`sofia profile ${profile} register ${gateway}`, /^\+OK/);

/**
 * Makes a gateway un-REGISTER at the next tick, and leaves it loaded: it registers no more, and a rescan finds it there already.
 */
export const unregisterGateway = (profile: string, gateway: string) =>
	order(`sofia profile ${profile} unregister ${gateway}`, /^(\+OK|Invalid gateway)/);

/** Whether a listed gateway is on its way out, or was un-registered by hand; both look alike in a list. */
export const isLeaving = (state: string): boolean => state === "UNREGISTER" || state === "DOWN";

/**
 * Whether a gateway in this state has `register` = `false`. It must not be told to register: FreeSWITCH 1.11 answers with an
 * error, keeps the profile locked for good, and cannot restart that profile any more.
 */
export const neverRegisters = (state: string): boolean => state === "NOREG";

/**
 * Whether a gateway in this state waits for the registrar's answer. FreeSWITCH skips the un-REGISTER of a killed gateway while an
 * answer is out, and the binding stays.
 */
export const isTrying = (state: string): boolean => state === "TRYING";

/**
 * Whether a gateway in this state REGISTERs at the next tick: a new one, or one whose refresh or next try is due. Killed until
 * then, it sends no REGISTER any more.
 */
export const isAboutToRegister = (state: string): boolean => state === "UNREGED";

/** Whether the registrar has accepted a gateway in this state. */
export const isRegistered = (state: string): boolean => state === "REGISTER" || state === "REGED";

/** Whether the last REGISTER of a gateway in this state has failed. */
export const isFailed = (state: string): boolean => ["FAILED", "FAIL_WAIT", "TIMEOUT"].includes(state);

function parse(command: string, json: string): unknown {
	try {
		return JSON.parse(json);
	} catch (error) {
		throw new UnexpectedAnswer(command, json, error);
	}
}

/** @throws UnexpectedAnswer if an answer does not hold what it should */
function known<T>(found: T | undefined, command: string, answer: string): T {
	if (found === undefined) {
		throw new UnexpectedAnswer(command, answer);
	}
	return found;
}

/**
 * Puts a running number before the name of every member whose value is an object: of two members with one name, JSON.parse
 * would keep only the last. A name cannot hold the NUL that ends the number, since FreeSWITCH ends every text there.
 */
function numberMembers(json: string): string {
	let count = 0;
	return json.replace(/"(?=(?:[^"\\]|\\.)*"\s*:\s*\{)/g, () => {
		count += 1;
		return `"${count}\\u0000`;
	});
}

/** The name of a member out of a numbered JSON text. */
function unnumbered(name: string): string {
	return name.slice(name.indexOf("\0") + 1);
}

/** The member of that name, out of a numbered JSON text, if it is an object. */
function objectIn(value: unknown, name: string): Record<string, unknown> | undefined {
	const member = isRecord(value) ? Object.entries(value).find(([found]) => unnumbered(found) === name)?.[1] : undefined;
	return isRecord(member) ? member : undefined;
}

/** The member of that name if it is a text: such a member has no number. */
function textIn(value: unknown, name: string): string | undefined {
	const member = isRecord(value) ? value[name] : undefined;
	return typeof member === "string" ? member : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
