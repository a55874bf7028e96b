import { containRejection, isThenable } from "@sortie/connection";

/** What came, for messages: `typeof`, but "null" for null. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/** Throws TypeError for what is no object. */
export function checkObject(label: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`"${label}" expected an object, got ${kindOf(value)}`);
  }
}

/** Throws TypeError for a promise, and takes its rejection. */
export function checkNoPromise(label: string, value: unknown, expected: string): void {
  if (!isThenable(value)) return;
  containRejection(value);
  throw new TypeError(`"${label}" expected ${expected}, got a promise`);
}

/** Throws TypeError that names the first of these options that is there and no function. */
export function checkFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${kindOf(value)}`);
    }
  }
}

/** What a clock tells. Throws TypeError for what is no time: comparisons with NaN would let every token pass. */
export function timeOf(name: "now" | "monotonicNow", clock: () => number): number {
  const time: unknown = clock();
  if (typeof time === "number" && Number.isFinite(time)) return time;
  throw new TypeError(`"${name}" expected to give a finite number of ms, got ${String(time)}`);
}
