/**
 * Begins `work` when `keep` has its promise: what the work calls may ask for the same again, and must find it begun.
 */
export function promiseFirst(keep: (promise: Promise<void>) => void, work: () => Promise<void>): void {
  let settle: (outcome: Promise<void>) => void = () => undefined;
  keep(new Promise((resolve) => (settle = resolve)));
  settle(work());
}
