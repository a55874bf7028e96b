import { describe, expect, it } from "vitest";
import { SCENARIOS } from "./index.js";
import { jobsOf, runJob } from "./lib/run-scenarios.js";

const SEED = 1;
/** ms. They take a second or two each; on a machine with other work more. */
const TIMEOUT_MS = 60_000;

describe(`short scenarios (seed ${SEED})`, () => {
  for (const job of jobsOf(SCENARIOS, [SEED], "default", true)) {
    const scenario = SCENARIOS.find(({ id }) => id === job.scenario);
    const name = `${job.scenario} ${scenario?.variants(true)[job.variantIndex]?.name}`;
    it(
      `${name}: ${scenario?.title}`,
      async () => {
        const { outcome } = await runJob(job, SCENARIOS);
        expect(outcome.checks.filter(({ pass }) => !pass)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});
