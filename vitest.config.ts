import { defineConfig } from "vitest/config";

// "module" is for bundlers: what Node itself loads must not get files that only a bundler can read.
const conditions = ["@sortie/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 20_000,
    // the library that encrypts, for a run with another one than usual
    setupFiles: process.env["SORTIE_AEAD"] === undefined ? [] : ["tests/support/chosen-aead.ts"],
    reporters: process.env["CI"] ? ["default"] : ["dot"],
    pool: "threads",
    isolate: false,
    maxWorkers: 2,
  },
});
