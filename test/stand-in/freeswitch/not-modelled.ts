/** FreeSWITCH has an answer here that the stand-in does not know. A loud failure is better than an invented answer. */
export class NotModelled extends Error {
	override readonly name = "NotModelled";

	constructor(what: string) {
		super(`the stand-in for FreeSWITCH does not do "${what}"`);
	}
}
