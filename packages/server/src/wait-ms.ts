import { describeValue } from "@sortie/connection";

/** ms. An hour: the longest round of a game that an end waits for. */
const MAX_WAIT_MS = 3_600_000;

/** How long an end may wait, in ms. Throws RangeError. */
export function checkWaitMs(label: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value <= MAX_WAIT_MS) return;
  throw new RangeError(`"${label}" expected a number in 0..${MAX_WAIT_MS}, got ${describeValue(value)}`);
}
