import { containRejection } from "@sortie/handshake";
import { describeKind } from "./describe-value.js";

/**
 * Throws TypeError unless `value` has all these methods. By its parts: what another copy of a package made, or another
 * realm, is an instance of no class here.
 * @param expected what the option takes, for the message
 */
export function checkMethods(label: string, value: unknown, expected: string, methods: readonly string[]): void {
  const parts = value as Readonly<Record<string, unknown>> | null | undefined;
  const missing = methods.filter((name) => typeof parts?.[name] !== "function");
  if (missing.length === 0) return;
  containRejection(value);
  throw new TypeError(`"${label}" expected ${expected}, got ${withoutParts(value, missing)}`);
}

/** What came, for messages: of an object which parts it lacks, of all else what it is. Never its contents. */
export function withoutParts(value: unknown, missing: readonly string[]): string {
  const kind = describeKind(value);
  return kind === "an object" ? `an object without ${missing.join(", ")}` : kind;
}
