import { describe, expect, it } from "vitest";
import { readCorpus } from "../../fuzz/lib/corpus.js";
import { mutate } from "../../fuzz/lib/mutators.js";
import { Random } from "../../fuzz/lib/random.js";
import { type FuzzTarget, toHex } from "../../fuzz/lib/target.js";
import { TARGETS } from "../../fuzz/targets/index.js";

const SEED = 20_260_101;
/** Fresh inputs of a target: enough to notice that it broke, not to find what is rare. */
const FRESH_RUNS = 3000;

/** Runs the target; names the input, and how to go on with it, when a property breaks. */
async function run(target: FuzzTarget, input: Uint8Array): Promise<void> {
  try {
    await target.run(input);
  } catch (error) {
    throw new Error(`${target.name} breaks on ${toHex(input)}: write it to a file, then see fuzz/README.md`, {
      cause: error,
    });
  }
}

describe.each(TARGETS.map((target) => [target.name, target] as const))("fuzz target %s", (name, target) => {
  const committed = readCorpus(name);
  const corpus = [...committed, ...(target.seeds?.() ?? [])];

  it("keeps its promises on the committed corpus and the target's own seeds", async () => {
    expect(committed.length).toBeGreaterThan(0);
    for (const input of corpus) await run(target, input);
  });

  it(`keeps its promises on fresh inputs of seed ${SEED}`, async () => {
    const random = new Random(SEED);
    for (let runs = 0; runs < (target.freshRuns ?? FRESH_RUNS); runs++) {
      await run(target, mutate(random.pick(corpus), { random, target, other: random.pick(corpus) }));
    }
  });
});
