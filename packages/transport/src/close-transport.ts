import type { Clock } from "./clock.js";
import type { DatagramTransport } from "./transport.js";
import { TransportError } from "./transport-error.js";

/** ms. Longer than any system keeps what was sent: a transport that takes more hangs. */
const CLOSE_LIMIT_MS = 5000;

/**
 * @internal Closes a transport, and resolves when that is done. Rejects with what its `close` threw or rejected with,
 * and with TransportError "system" where that has not settled within 5 s: whoever waits must not hang with it. The
 * close goes on then, and nobody hears of what becomes of it.
 */
export async function closeTransport(transport: DatagramTransport, clock: Clock): Promise<void> {
  const closing = transport.close();
  await new Promise<void>((resolve, reject) => {
    const timer = clock.setTimer(clock.now() + CLOSE_LIMIT_MS, () => {
      reject(new TransportError("system", `the transport did not close within ${CLOSE_LIMIT_MS} ms`));
    });
    // One in plain JavaScript may give no promise.
    Promise.resolve(closing)
      .finally(() => clock.clearTimer(timer))
      .then(resolve, reject);
  });
}
