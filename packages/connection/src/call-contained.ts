/**
 * Calls what an application gave, and gives its answer: undefined where it throws. That goes to `onError`, and so does
 * what a promise that it returns rejects with: a callback may well be async, and a rejection that nobody takes ends
 * the process.
 */
export function callContained<Result>(work: () => Result, onError: (error: unknown) => void): Result | undefined {
  try {
    const result = work();
    if (isThenable(result)) Promise.resolve(result).catch(onError);
    return result;
  } catch (error) {
    onError(error);
    return undefined;
  }
}

/** Whether something is a promise, of another realm or a library too. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
