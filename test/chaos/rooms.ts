/** The rooms that tests of harm use, and what chance is drawn from. */

/** A run that failed is repeated, as far as its moments can be, with CHAOS_SEED. */
export const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);

export const fewRooms: readonly string[] = ["07974", "12345", "777"];

export function manyRooms(count: number): string[] {
	return Array.from({ length: count }, (_, index) => String(20_000 + index));
}
