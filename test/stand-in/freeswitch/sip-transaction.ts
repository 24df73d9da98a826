/** One request and its answer: the registrar's, or the one that FreeSWITCH's SIP stack makes up when none comes. */
import type { Clock } from "../../../src/clock.ts";
import type { SipAnswer, SipPeer } from "../registrar/registrar.ts";

/** ms without an answer after which the stack gives up. */
const patience = 32_000;

/**
 * Sends a request and passes on the first answer.
 * @returns ends it: no answer is passed on any more
 */
export function transact(
	clock: Clock,
	send: (reply: (answer: SipAnswer) => void) => void,
	answered: (answer: SipAnswer) => void,
): () => void {
	let open = true;
	const cancel = clock.after(patience, () => {
		end({ status: 408, phrase: "Request Timeout" });
	});
	const end = (answer: SipAnswer) => {
		if (open) {
			open = false;
			cancel();
			answered(answer);
		}
	};
	send(end);
	return () => {
		open = false;
		cancel();
	};
}

/** A peer whose answers are heard only while `alive` is true. */
export function heardWhile(alive: () => boolean, peer: SipPeer): SipPeer {
	const ifAlive = (reply: (answer: SipAnswer) => void) => (answer: SipAnswer) => {
		if (alive()) {
			reply(answer);
		}
	};
	return {
		register: (request, reply) => {
			peer.register(request, ifAlive(reply));
		},
		ping: (host, reply) => {
			peer.ping(host, ifAlive(reply));
		},
	};
}
