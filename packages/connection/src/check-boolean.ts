import { describeValue } from "./describe-value.js";

/** Throws TypeError, which names the option, for anything but true, false and undefined. */
export function checkBoolean(label: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`"${label}" expected a boolean, got ${describeValue(value)}`);
}
