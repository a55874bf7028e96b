import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// "module" is for bundlers: what Node itself loads must not get files that only a bundler can read.
const conditions = ["@sortie/source", "node", "import", "default"];

/**
 * What takes longest, in the order of beginning: any of them begun last would be waited for by itself. Those that wait
 * for processes and those that work take turns, so that both cores have work. Of the others vitest begins with those
 * that took longest when they ran last, which a fresh checkout does not know.
 */
const LONGEST: readonly string[] = [
  "tests/soak/soak",
  "tests/connection/crowded-path",
  "packages/cluster/test/faults",
  "tests/connection/standing-queue",
  "tests/agones/agones",
  "tests/connection/held-up",
  "packages/cluster/test/recursion",
  "packages/sortie/test/bots",
  "packages/cluster/test/cluster",
  "tests/scenarios/large-message",
  "packages/cluster/test/orphans",
  "tests/connection/shared-path",
  "packages/cluster/test/backlog",
  "packages/sortie/test/bundle",
  "tests/scenarios/scenarios",
  "packages/transport-mmsg/test/end",
  "packages/reliability/test/credit-losses",
  "tests/readme/cluster",
  "tests/threats/keys",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 60_000,
    setupFiles: [
      "tests/support/loaded-first.ts",
      // the library that encrypts, for a run with another one than usual
      ...(process.env["SORTIE_AEAD"] === undefined ? [] : ["tests/support/chosen-aead.ts"]),
    ],
    reporters: process.env["CI"] ? ["default"] : ["dot"],
    pool: "threads",
    isolate: false,
    // On two cores: soak, cluster and others wait more than they work.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
  },
});
