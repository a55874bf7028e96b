import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// "module" is for bundlers: what Node itself loads must not get files that only a bundler can read.
const conditions = ["@sortie/source", "node", "import", "default"];

/** The soak takes half a minute, whatever else there is to do: begun last, it would be waited for by itself. */
class SoakFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSoak = (file: TestSpecification) => file.moduleId.includes("/tests/soak/");
    return [...sorted.filter(isSoak), ...sorted.filter((file) => !isSoak(file))];
  }
}

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
    // On two cores: soak, cluster and others wait more than they work.
    maxWorkers: 3,
    sequence: { sequencer: SoakFirst },
  },
});
