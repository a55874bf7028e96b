import type { Clock } from "@sortie/transport";
import { abortedError, ConnectError } from "./connect-error.js";
import type { ClientOptions } from "./options.js";

/**
 * What `work` gives, unless the deadline or the signal comes first: then it rejects with ConnectError "timeout", whose
 * message is `late`, or "aborted", and nobody hears any more of what becomes of `work`.
 * @param deadlineMs of the clock
 */
export function withinLimits<T>(
  work: Promise<T>,
  options: Pick<ClientOptions, "host" | "port" | "signal">,
  clock: Clock,
  deadlineMs: number,
  late: string,
): Promise<T> {
  const { signal } = options;
  let end = (): void => {};
  const outcome = new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(deadlineMs, () => reject(new ConnectError("timeout", late)));
    const onAbort = (): void => reject(abortedError(options));
    signal?.addEventListener("abort", onAbort);
    // One that was aborted while `work` began tells nobody of it any more.
    if (signal?.aborted === true) onAbort();
    end = () => {
      clock.clearTimer(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    work.then(resolve, reject);
  });
  return outcome.finally(end);
}
