/** FreeSWITCH's events: which ones to ask for, and what they say. Pure. */

/** An event that the daemon acts on. */
export type Event =
	| { readonly kind: "conference-created"; readonly conference: string }
	| { readonly kind: "conference-destroyed"; readonly conference: string }
	| { readonly kind: "gateway-added"; readonly gateway: string }
	| { readonly kind: "gateway-deleted"; readonly gateway: string }
	| {
			readonly kind: "gateway-state";
			readonly gateway: string;
			readonly state: string;
			/** SIP status of the registrar's answer, where this change came from one. */
			readonly status?: string;
			readonly phrase?: string;
	  };

/**
 * What to send for getting those events. Positive filters are OR-ed, so each kind of event needs one that lets it pass;
 * without them conference::maintenance brings an event for every time that anybody starts or stops to talk.
 */
export const subscription: readonly string[] = [
	"event json CUSTOM conference::maintenance sofia::gateway_add sofia::gateway_state sofia::gateway_delete",
	"filter Action conference-create",
	"filter Action conference-destroy",
	"filter Event-Subclass sofia::gateway_add",
	"filter Event-Subclass sofia::gateway_state",
	"filter Event-Subclass sofia::gateway_delete",
];

/** What an event says, or undefined if it is none that the daemon acts on. */
export function readEvent(fields: Readonly<Record<string, unknown>>): Event | undefined {
	const text = (name: string): string | undefined => {
		const value = fields[name];
		return typeof value === "string" ? value : undefined;
	};
	if (text("Event-Subclass") === "conference::maintenance") {
		const conference = text("Conference-Name");
		const action = text("Action");
		if (conference === undefined) {
			return undefined;
		}
		if (action === "conference-create") {
			return { kind: "conference-created", conference };
		}
		return action === "conference-destroy" ? { kind: "conference-destroyed", conference } : undefined;
	}
	const gateway = text("Gateway");
	if (gateway === undefined) {
		return undefined;
	}
	switch (text("Event-Subclass")) {
		case "sofia::gateway_add":
			return { kind: "gateway-added", gateway };
		case "sofia::gateway_delete":
			return { kind: "gateway-deleted", gateway };
		case "sofia::gateway_state": {
			const state = text("State");
			const status = text("Status");
			const phrase = text("Phrase");
			return state === undefined
				? undefined
				: {
						kind: "gateway-state",
						gateway,
						state,
						...(status !== undefined && { status }),
						...(phrase !== undefined && { phrase }),
					};
		}
		default:
			return undefined;
	}
}
