import tseslint from "typescript-eslint";

export default tseslint.config({ ignores: ["dist/", "node_modules/", ".ci/"] }, ...tseslint.configs.strictTypeChecked, {
	languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: `${import.meta.dirname}/..` } },
	rules: {
		// Numbers and counts in log sentences and protocol lines are meant to be printed.
		"@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
		// node:test's describe() and it() return promises that the runner itself awaits.
		"@typescript-eslint/no-floating-promises": [
			"error",
			{ allowForKnownSafeCalls: [{ from: "package", name: ["describe", "it", "test"], package: "node:test" }] },
		],
	},
});
