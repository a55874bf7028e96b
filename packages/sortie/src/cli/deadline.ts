/**
 * Does `work` with a signal that aborts when `signal` does, or after `timeoutMs` with a "TimeoutError". By a timer of
 * its own: Node 20 may collect what `AbortSignal.any` made of an `AbortSignal.timeout` together with its timer, and the
 * deadline never comes (nodejs/node#57736).
 */
export async function withDeadline<Result>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  const onTimeout = (): void => controller.abort(new DOMException(`${timeoutMs} ms are over`, "TimeoutError"));
  const timer = setTimeout(onTimeout, timeoutMs);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
