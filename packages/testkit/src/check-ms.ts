import { describeValue } from "@sortie/connection";

/**
 * Throws RangeError for anything but a finite number of ms from `min` on. Virtual time that is no number, or does not
 * go on, never comes to its end; and as nothing waits meanwhile, no time limit of a test would end it either.
 */
export function checkMs(label: string, value: number, min: number): void {
  if (Number.isFinite(value) && value >= min) return;
  throw new RangeError(`"${label}" expected a finite number of ms, ${min} or more, got ${describeValue(value)}`);
}
