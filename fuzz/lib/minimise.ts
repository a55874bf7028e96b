/**
 * A smaller input that `keeps` still says yes to: cuts out ever smaller pieces, then sets bytes to zero. Asks at most
 * `maxTries` times. `keeps(input)` itself is taken for granted.
 */
export async function minimise(
  input: Uint8Array,
  keeps: (candidate: Uint8Array) => Promise<boolean>,
  maxTries: number,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  const accept = async (candidate: Uint8Array): Promise<boolean> => {
    tries += 1;
    if (!(await keeps(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < maxTries; size = size === 1 ? 0 : size >> 1) {
    for (let end = best.length; end > 0 && tries < maxTries; end -= size) {
      const from = Math.max(0, end - size);
      const candidate = new Uint8Array(best.length - (end - from));
      candidate.set(best.subarray(0, from));
      candidate.set(best.subarray(end), from);
      await accept(candidate);
    }
  }
  for (let at = 0; at < best.length && tries < maxTries; at++) {
    if (best[at] === 0) continue;
    const candidate = best.slice();
    candidate[at] = 0;
    await accept(candidate);
  }
  return best;
}
