import { defineConfig } from "vitest/config";

const conditions = ["@sortie/source", "node", "import", "module", "default"];

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
