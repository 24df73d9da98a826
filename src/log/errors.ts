/** The sentence that says what went wrong, of whatever was thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : JSON.stringify(error);
}
