/** What a room is: a conference that callers dial by its number, and the name of the gateway that registers it. */

declare const brand: unique symbol;

/**
 * The name of a conference that is a room: safe in a command line, a file's name and a command of the event socket. Text, never
 * a number: leading zeros are real (`07974`).
 */
export type Room = string & { readonly [brand]: "Room" };

/** Tells a room's name from any other text. */
export type ToRoom = (name: string) => Room | undefined;

/** Every room's name is of this form, whatever pattern an administrator sets: no space, slash, option or control character. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const gatewayPrefix = "conf_";

/**
 * Makes the function that recognises rooms.
 * @param pattern which conferences are rooms; it must match the whole name
 * @throws SyntaxError if `pattern` is not a regular expression
 */
export function roomsMatching(pattern: string): ToRoom {
	// Checked by itself first: "a)|(b" is no expression, but would become one between brackets.
	const whole = new RegExp(`^(?:${new RegExp(pattern).source})$`);
	return (name) => (safeName.test(name) && whole.test(name) ? (name as Room) : undefined);
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
