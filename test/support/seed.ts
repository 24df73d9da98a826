/** What chance is drawn from in this run of the tests; test/run.ts chooses it and prints it. Properties are drawn from it, too. */
import fc from "fast-check";

export const testSeed = Number(process.env["TEST_SEED"] ?? 1);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: testSeed });
