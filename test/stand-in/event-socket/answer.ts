/** Sending an answer, or what a fault makes of it. */
import type { Clock } from "../../../src/clock.ts";
import type { Answer } from "./commands.ts";
import type { CommandFault } from "./faults.ts";
import { apiResponse, commandReply } from "./frames.ts";
import type { Output } from "./output.ts";

/** How the connection stands after that: it goes on, it is taken up with that command for ever, or it is over. */
export type Outcome = "sent" | "stuck" | "over";

export async function sendAnswer(
	output: Output,
	clock: Clock,
	answer: Answer,
	fault: CommandFault | undefined,
): Promise<Outcome> {
	switch (fault?.kind) {
		case undefined:
			output.write(answer.frame);
			return "sent";
		case "swallow":
			return "sent";
		case "late":
			await new Promise<void>((resolve) => {
				clock.after(fault.ms, resolve);
			});
			output.write(answer.frame);
			return "sent";
		case "text": {
			const text = typeof fault.text === "string" ? fault.text : fault.text(answer.text);
			output.write(answer.kind === "api" ? apiResponse(text) : commandReply(text));
			return "sent";
		}
		case "bytes":
			output.write(fault.bytes);
			return "sent";
		case "cut":
			if (fault.when === "middle") {
				const bytes = Buffer.from(answer.frame);
				output.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
			}
			output.cut(fault.how);
			return "over";
		case "hang":
		case "freeze":
			return "stuck";
	}
}
