/** The rooms that tests of harm use. */

export const fewRooms: readonly string[] = ["07974", "12345", "777"];

export function manyRooms(count: number): string[] {
	return Array.from({ length: count }, (_, index) => String(20_000 + index));
}
