// Rounds of several systems under the same load.
import { Pair } from "./pair.mjs";

/** One system under one load, by processes of its own (see `Pair`): its figures. */
export async function runRound(setup) {
  const pair = await Pair.open(setup);
  try {
    return await pair.measure();
  } finally {
    await pair.close();
  }
}

/** Rounds of several cases, interleaved (A B A B): what the machine does meanwhile meets all of them. */
export async function interleave(cases, rounds, run) {
  const runs = cases.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of cases.entries()) runs[i].push(await run(one));
  }
  return runs;
}

/**
 * The same with one pair of processes for each case, which is warmed up once and stands still while the others have
 * their turns: most of a round would be warming up otherwise.
 * @param setupOf what `Pair.open` takes for a case
 */
export async function interleavePairs(cases, rounds, setupOf) {
  const pairs = [];
  try {
    for (const one of cases) {
      const pair = await Pair.open(setupOf(one));
      pairs.push(pair);
      if (cases.length > 1) await pair.rest();
    }
    return await interleave(pairs, rounds, async (pair) => {
      if (cases.length === 1) return pair.measure();
      await pair.resume();
      const measured = await pair.measure();
      await pair.rest();
      return measured;
    });
  } finally {
    for (const pair of pairs) await pair.close();
  }
}
