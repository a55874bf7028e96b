import { describe, expect, it } from "vitest";
import { runSoak } from "./soak.js";

/** s. `npm run soak -- SECONDS` sets it. */
const SECONDS = Number(process.env["SORTIE_SOAK_SECONDS"] ?? 18);
const SEED = Number(process.env["SORTIE_SOAK_SEED"] ?? 20_261_122);

describe(`soak: churning bots over real UDP with faults, ${SECONDS} s (seed ${SEED})`, () => {
  it(
    "keeps memory flat, leaves nothing behind, and loses nothing reliable",
    async () => {
      const report = await runSoak({ seconds: SECONDS, bots: 12, seed: SEED });
      if (process.env["SORTIE_SOAK_SECONDS"] !== undefined) console.log(JSON.stringify(report));
      expect(report.faults).toEqual([]);
      expect(report.leftovers).toEqual([]);
      expect(report.lives).toBeGreaterThan(SECONDS * 2);
      expect(report.messages).toBeGreaterThan(SECONDS * 200);
      expect(report.heapGrowth).toBeLessThan(0.05);
    },
    (SECONDS + 60) * 1000,
  );
});
