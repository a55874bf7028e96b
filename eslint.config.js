import { builtinModules } from "node:module";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { repositoryRules } from "./scripts/lib/eslint-rules.mjs";

/** Sources that run in any JavaScript host: time and randomness come in as arguments and providers. */
const PORTABLE_CORES = [
  "packages/{wire,capture,handshake,reliability,connection,transport,client,server,transport-memory}/src/**/*.ts",
];
const HOST_FILES = ["packages/handshake/src/{node,openssl,sodium}/**", "packages/transport/src/host-timers.ts"];

const CONFIG_FILES = ["*.{js,cjs,ts}", "**/tsup.config.ts", "scripts/count-reporter.mjs"];

const HOST_GLOBALS = [
  ...["Date", "performance", "crypto"],
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "queueMicrotask"],
  ...["Buffer", "process", "global", "require", "__dirname", "__filename", "navigator", "window", "self"],
];
const PORTABLE_MESSAGE = "Portable core: time is an argument, randomness and host features are injected providers.";

const noDefaultExport = ["ExportDefaultDeclaration", "ExportSpecifier[exported.name='default']"].map((selector) => ({
  selector,
  message: "Named exports only.",
}));

export default defineConfig(
  globalIgnores(["**/dist/**", "**/node_modules/**", "**/coverage/**", ".turbo/**", ".demo/**", "docs/**"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.{ts,js,mjs,cjs}"],
    extends: [tseslint.configs.recommended],
    plugins: { sortie: repositoryRules },
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: false, skipComments: false }],
      "max-len": [
        "error",
        {
          code: 120,
          ignoreUrls: true,
          ignoreRegExpLiterals: true,
          ignoreTemplateLiterals: true,
          ignorePattern: "[0-9a-f]{64}",
        },
      ],
      eqeqeq: "error",
      "prefer-const": "error",
      "no-var": "error",
      "no-restricted-syntax": ["error", ...noDefaultExport],
      "sortie/no-own-index": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: CONFIG_FILES,
    rules: { "no-restricted-syntax": "off" },
  },
  {
    files: ["**/*.cjs"],
    languageOptions: { sourceType: "commonjs" },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    // a command line, and what is there to write to the console
    ignores: ["packages/sortie/src/cli/**", "packages/sortie/src/console-logger.ts"],
    rules: { "no-console": "error" },
  },
  {
    files: PORTABLE_CORES,
    ignores: HOST_FILES,
    rules: {
      "no-restricted-globals": ["error", ...HOST_GLOBALS.map((name) => ({ name, message: PORTABLE_MESSAGE }))],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: PORTABLE_MESSAGE },
        { object: "AbortSignal", property: "timeout", message: PORTABLE_MESSAGE },
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: builtinModules.map((name) => ({ name, message: PORTABLE_MESSAGE })),
          patterns: [{ group: ["node:*"], message: PORTABLE_MESSAGE }],
        },
      ],
      "no-restricted-syntax": [
        "error",
        ...noDefaultExport,
        { selector: "ImportExpression", message: "Portable core: static imports only." },
        {
          selector: `MemberExpression[object.name='globalThis'][property.name=/^(${HOST_GLOBALS.join("|")})$/]`,
          message: PORTABLE_MESSAGE,
        },
        {
          selector: "VariableDeclarator[init.name='globalThis']",
          message: PORTABLE_MESSAGE,
        },
        {
          selector: "MemberExpression[object.name='globalThis'][computed=true]",
          message: PORTABLE_MESSAGE,
        },
        { selector: "VariableDeclarator[init.name='Math']", message: "Math is used by its members." },
      ],
    },
  },
  {
    files: ["**/*.{test,spec}.{ts,js,mjs}"],
    ignores: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "Program", message: "Tests are test/**/*.test.ts of their package, or below tests/." },
      ],
    },
  },
);
