import {
  type Clock,
  closeTransport,
  type DatagramReceiver,
  type DatagramTransport,
  isTransportError,
  type SocketAddress,
} from "@sortie/transport";

/** The transport of a client without a driver, which is the client's to close once it has opened it. */
export class OwnTransport {
  readonly #transport: DatagramTransport;
  readonly #clock: Clock;
  /** `open` was called. Before, and where it was open already, it is somebody else's, who goes on with it. */
  #isOurs = false;

  constructor(transport: DatagramTransport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Opens it, and gives what its `open` gave, unchecked: it is open all the same. Rejects with what that did. */
  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.#isOurs = true;
    try {
      return await this.#transport.open(receiver);
    } catch (error) {
      this.#isOurs = !(isTransportError(error) && error.code === "already-open");
      throw error;
    }
  }

  /** Closes it, if it is ours; see `closeTransport`. */
  async close(): Promise<void> {
    if (this.#isOurs) await closeTransport(this.#transport, this.#clock);
  }
}
