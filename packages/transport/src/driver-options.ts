import type { Clock } from "./clock.js";
import type { DatagramCore } from "./datagram-core.js";
import type { DatagramTransport } from "./transport.js";

/** Options of a `Driver`. */
export interface DriverOptions {
  readonly core: DatagramCore;
  readonly transport: DatagramTransport;
  readonly clock: Clock;
  /**
   * Called after each entry into the core, so that the owner drains its events; the first time before `start`
   * resolves. May call `wake` and `flush`.
   */
  readonly afterWork?: (() => void) | undefined;
  /**
   * bytes. The room that each datagram must find in a batch of the transport; looked at once, in `start` if the
   * transport gives one then. Default 1452, the largest datagram that Sortie sends.
   */
  readonly minSlotBytes?: number | undefined;
  /**
   * Takes exceptions of `afterWork`, of the core and of the transport. Without it they are thrown on, out of the
   * transport's or the clock's callback: loud, and in Node the end of the process. The driver itself goes on in both
   * cases.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}
