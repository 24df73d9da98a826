/** What a room is: a conference that callers dial by its number, and the name of the gateway that registers it. */
import { createContext, Script } from "node:vm";

declare const brand: unique symbol;

/**
 * The name of a conference that is a room: safe in a command line, a file's name and a command of the event socket. Text, never
 * a number: leading zeros are real (`07974`).
 */
export type Room = string & { readonly [brand]: "Room" };

/** Tells a room's name from any other text. */
export interface ToRoom {
	(name: string): Room | undefined;
	/** Called with the first name for which the pattern takes too long, which is no room then. */
	tooSlow?: (name: string) => void;
}

/** Every room's name is of this form, whatever pattern an administrator sets: no space, slash, option or control character. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const gatewayPrefix = "conf_";

/** Patterns that cannot take long: two quantifiers at most, and none for a group. */
const quick = /^(?:[^(*+?{]*[*+?{]){0,2}[^(*+?{]*$/;

/** ms that any other pattern may take for a name. */
const patience = 100;

/** How many names are remembered for such a pattern, whose matching costs 0.1 ms. */
const mostRemembered = 10_000;

/**
 * Makes the function that recognises rooms.
 * @param pattern which conferences are rooms; it must match the whole name
 * @throws SyntaxError if `pattern` is not a regular expression
 */
export function roomsMatching(pattern: string): ToRoom {
	// Checked by itself first: "a)|(b" is no expression, but would become one between brackets.
	const whole = new RegExp(`^(?:${new RegExp(pattern).source})$`);
	const matches = quick.test(pattern)
		? (name: string) => whole.test(name)
		: inTime(whole, (name) => toRoom.tooSlow?.(name));
	const toRoom: ToRoom = (name) => (safeName.test(name) && matches(name) ? (name as Room) : undefined);
	return toRoom;
}

/** Matches names with a pattern that may take a time exponential in their length, such as `(a+)+`. */
function inTime(whole: RegExp, tooSlow: (name: string) => void): (name: string) => boolean {
	const context = createContext({ whole, name: "" });
	const script = new Script("whole.test(name)");
	const remembered = new Map<string, boolean>();
	let told = false;
	const isMatch = (name: string): boolean | undefined => {
		context["name"] = name;
		try {
			return script.runInContext(context, { timeout: patience }) === true;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
				return undefined;
			}
			throw error;
		}
	};
	return (name) => {
		const known = remembered.get(name);
		if (known !== undefined) {
			return known;
		}
		// Once more, because the process may have been stopped meanwhile.
		const found = isMatch(name) ?? isMatch(name);
		if (found === undefined && !told) {
			told = true;
			tooSlow(name);
		}
		if (remembered.size >= mostRemembered) {
			remembered.clear();
		}
		remembered.set(name, found === true);
		return found === true;
	};
}

/** The name of a room's first gateway, which the generator must give it. Further ones end in `.2` to `.9`. */
export function gatewayOf(room: Room): string {
	return gatewayPrefix + room;
}

/** The room that a gateway belongs to; undefined for a gateway that is not ours to touch. */
export function roomOf(gateway: string, toRoom: ToRoom): Room | undefined {
	if (!gateway.startsWith(gatewayPrefix)) {
		return undefined;
	}
	const name = gateway.slice(gatewayPrefix.length);
	return toRoom(name) ?? toRoom(name.replace(/\.[2-9]$/, ""));
}

/** Whether a gateway is named like a room's, whatever names rooms have today. */
export function isNamedLikeRooms(gateway: string): boolean {
	return gateway.startsWith(gatewayPrefix) && safeName.test(gateway.slice(gatewayPrefix.length));
}
