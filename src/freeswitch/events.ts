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
 * What to send for getting those events. Filters are OR-ed, so each kind of event needs one that lets it pass; without
 * filters conference::maintenance brings an event each time that anybody starts or stops to talk.
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
	const subclass = text("Event-Subclass") ?? "";
	const conference = text("Conference-Name");
	const gateway = text("Gateway");
	const state = text("State");
	const status = text("Status");
	const phrase = text("Phrase");
	switch (subclass === "conference::maintenance" ? `${subclass} ${text("Action") ?? ""}` : subclass) {
		case "conference::maintenance conference-create":
			return conference === undefined ? undefined : { kind: "conference-created", conference };
		case "conference::maintenance conference-destroy":
			return conference === undefined ? undefined : { kind: "conference-destroyed", conference };
		case "sofia::gateway_add":
			return gateway === undefined ? undefined : { kind: "gateway-added", gateway };
		case "sofia::gateway_delete":
			return gateway === undefined ? undefined : { kind: "gateway-deleted", gateway };
		case "sofia::gateway_state":
			return gateway === undefined || state === undefined
				? undefined
				: { kind: "gateway-state", gateway, state, ...(status && { status }), ...(phrase && { phrase }) };
		default:
			return undefined;
	}
}
