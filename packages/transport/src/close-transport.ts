import type { Clock } from "./clock.js";
import { containRejection } from "./contain-rejection.js";
import type { DatagramTransport } from "./transport.js";
import { TransportError } from "./transport-error.js";

/** ms. Longer than any system keeps what was sent: a transport that takes more hangs. */
const CLOSE_LIMIT_MS = 5000;
/** Microtasks within which the promise of one that was closed at once is settled. */
const TURNS_TO_TELL = 8;

/**
 * @internal Closes a transport, and resolves when that is done. Rejects with what its `close` threw or rejected with,
 * and with TransportError "system" where that has not settled within 5 s: whoever waits must not hang with it. The
 * close goes on then, and nobody hears of what becomes of it.
 */
export async function closeTransport(transport: DatagramTransport, clock: Clock): Promise<void> {
  const closing = transport.close();
  let isClosed = false;
  // One in plain JavaScript may give no promise.
  const closed = Promise.resolve(closing).finally(() => (isClosed = true));
  containRejection(closed);
  // A clock that is moved by hand may be there before a promise that is kept could say so.
  for (let turn = 0; turn < TURNS_TO_TELL && !isClosed; turn++) await Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const timer = clock.setTimer(clock.now() + CLOSE_LIMIT_MS, () => {
      reject(new TransportError("system", `the transport did not close within ${CLOSE_LIMIT_MS} ms`));
    });
    closed.finally(() => clock.clearTimer(timer)).then(resolve, reject);
  });
}
