import { TransportError, type TransportErrorCode } from "@sortie/transport";

/** Throws Error with the message unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws Error unless both are the same; arrays are compared by their elements. */
export function checkEqual(label: string, actual: unknown, expected: unknown): void {
  const shown = show(actual);
  const wanted = show(expected);
  check(shown === wanted, `${label}: expected ${wanted}, got ${shown}`);
}

/** Throws Error unless the promise rejects with a TransportError of this code. */
export async function checkRejects(
  label: string,
  promise: Promise<unknown>,
  code: TransportErrorCode,
): Promise<TransportError> {
  let caught: unknown;
  try {
    await promise;
  } catch (error) {
    caught = error;
  }
  check(caught !== undefined, `${label}: expected a rejection with "${code}", but it resolved`);
  check(caught instanceof TransportError, `${label}: expected a TransportError, got ${String(caught)}`);
  checkEqual(`${label}: code`, caught.code, code);
  return caught;
}

function show(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map(show).join(", ")}]`
    : typeof value === "string"
      ? `"${value}"`
      : `${value}`;
}
