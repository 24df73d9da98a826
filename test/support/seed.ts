/** What chance is drawn from in this run of the tests; test/run.ts chooses it and prints it. */
export const testSeed = Number(process.env["TEST_SEED"] ?? 1);
