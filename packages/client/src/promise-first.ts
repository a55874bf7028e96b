/**
 * Begins `work` when `keep` has its promise: what the work calls may ask for the same again, and must find it begun.
 * Returns that promise.
 */
export function promiseFirst(keep: (promise: Promise<void>) => void, work: () => Promise<void>): Promise<void> {
  let settle: (outcome: Promise<void>) => void = () => undefined;
  const promise = new Promise<void>((resolve) => (settle = resolve));
  keep(promise);
  settle(work());
  return promise;
}
