/**
 * Calls what an application gave. What it throws goes to `onError`, and so does what a promise that it returns rejects
 * with: a callback may well be async, and a rejection that nobody takes ends the process.
 */
export function callContained(work: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(onError);
  } catch (error) {
    onError(error);
  }
}
