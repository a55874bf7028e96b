import type { CreateTransportOptions } from "@sortie/testkit";
import { type DatagramBatch, type DatagramReceiver, SocketAddress } from "@sortie/transport";
import { type LoopbackHost, LoopbackTransport } from "./loopback-transport.js";

/** What one end of a star may do wrong. */
export type StarFault = "client-loses-answers" | "server-mixes-up-sessions";

/** The address by which a server knows a client: not the client's own, as behind a NAT. */
function sessionOf(from: SocketAddress): SocketAddress {
  return SocketAddress.parse("198.51.100.7", from.port);
}

/**
 * One end of a network in which clients dial: what goes elsewhere than to the server, or to a client that has not sent
 * anything yet, does not leave.
 */
export class StarTransport extends LoopbackTransport {
  readonly #options: CreateTransportOptions;
  readonly #fault: StarFault | undefined;
  /** Of a server: its clients' real addresses by their ports. */
  readonly #sessions = new Map<number, SocketAddress>();

  constructor(host: LoopbackHost, options: CreateTransportOptions, fault?: StarFault) {
    super(host, options.port ?? 0);
    this.#options = options;
    this.#fault = fault;
  }

  override open(receiver: DatagramReceiver): Promise<SocketAddress> {
    return super.open({
      onDatagram: (payload, from) => {
        if (this.#options.role === "client") {
          return this.#fault === "client-loses-answers" ? undefined : receiver.onDatagram(payload, from);
        }
        this.#sessions.set(from.port, from);
        return receiver.onDatagram(payload, sessionOf(from));
      },
      onBatchEnd: () => receiver.onBatchEnd(),
      onError: (error) => receiver.onError(error),
      onWritable: () => receiver.onWritable(),
    });
  }

  override send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const to = batch.addresses[i] as SocketAddress;
      batch.addresses[i] = this.#routeOf(to) ?? SocketAddress.parse("192.0.2.1", 0);
    }
    super.send(batch);
  }

  #routeOf(to: SocketAddress): SocketAddress | undefined {
    const { role, server } = this.#options;
    if (role === "client") return server?.equals(to) === true ? to : undefined;
    const session = this.#sessions.get(to.port);
    if (this.#fault === "server-mixes-up-sessions") return this.#sessions.values().next().value;
    return session !== undefined && sessionOf(session).equals(to) ? session : undefined;
  }
}
