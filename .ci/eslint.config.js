import tseslint from "typescript-eslint";
import importRules from "./import-rules.js";

export default tseslint.config(
	{ ignores: ["dist/", "coverage/", "node_modules/", ".ci/"] },
	...tseslint.configs.strictTypeChecked,
	{
		languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: `${import.meta.dirname}/..` } },
		rules: {
			// A callback that only calls something is one line.
			"@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
			// Numbers and counts in log sentences and protocol lines are meant to be printed.
			"@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
			// node:test's describe() and it() return promises that the runner itself awaits.
			"@typescript-eslint/no-floating-promises": [
				"error",
				{ allowForKnownSafeCalls: [{ from: "package", name: ["describe", "it", "test"], package: "node:test" }] },
			],
		},
	},
	...importRules,
);
