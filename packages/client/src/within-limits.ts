import type { Clock } from "@sortie/transport";
import { watchAbort } from "./abort-watch.js";
import { type AttemptDeadline, heldUpText } from "./attempt-deadline.js";
import { abortedError, ConnectError } from "./connect-error.js";
import type { ClientOptions } from "./options.js";

/**
 * What `work` gives, unless the deadline or the signal comes first: then it rejects with ConnectError "timeout", whose
 * message is `late`, or "aborted", and nobody hears any more of what becomes of `work`.
 * @param deadline in ms of the clock
 */
export function withinLimits<T>(
  work: Promise<T>,
  options: Pick<ClientOptions, "host" | "port" | "signal">,
  clock: Clock,
  deadline: AttemptDeadline,
  late: string,
): Promise<T> {
  let end = (): void => {};
  const outcome = new Promise<T>((resolve, reject) => {
    const look = (): void => {
      // What `work` gave may be there, and not have been told yet.
      if (!deadline.isOver(clock.now())) timer = clock.setTimer(deadline.atMs, look);
      else reject(new ConnectError("timeout", late + heldUpText(deadline.heldUpMs, false)));
    };
    let timer = clock.setTimer(deadline.atMs, look);
    // Also where it said so while `work` began.
    const stopWatching = watchAbort(options.signal, () => reject(abortedError(options)));
    end = () => {
      clock.clearTimer(timer);
      stopWatching();
    };
    work.then(resolve, reject);
  });
  return outcome.finally(end);
}
