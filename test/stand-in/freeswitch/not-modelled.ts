/** FreeSWITCH would do something here that the stand-in does not do: better a loud failure than an answer made up. */
export class NotModelled extends Error {
	override readonly name = "NotModelled";

	constructor(what: string) {
		super(`the stand-in for FreeSWITCH does not do "${what}"`);
	}
}
