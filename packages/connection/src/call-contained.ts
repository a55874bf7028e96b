/**
 * Calls what an application gave. What it throws goes to `onError`, and so does what a promise that it returns rejects
 * with: a callback may well be async, and a rejection that nobody takes ends the process.
 */
export function callContained(work: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = work();
    if (isThenable(result)) Promise.resolve(result).catch(onError);
  } catch (error) {
    onError(error);
  }
}

/** Also of promises that are not this realm's, or of a library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
