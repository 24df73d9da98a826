/** The shipped generator script, run for real under the machine's own sh; test/system runs it under others. */
import { it } from "node:test";
import { describeScript } from "../fixtures/generator-cases.ts";

// The script's own first line chooses the shell.
describeScript("the machine's own sh", { command: [] }, (title, test) => {
	void it(title, test);
});
