import type { DatagramTransport, SocketAddress } from "@sortie/transport";

/**
 * Who reaches whom.
 *
 * - `mesh`: everybody everybody, as UDP sockets do.
 * - `star`: clients dial a server, as with WebSocket and WebTransport: each reaches the server alone, and the server
 *   reaches a client once that has sent to it, at the address that its datagrams came from.
 */
export type TransportTopology = "mesh" | "star";

/** What the suite says of the transport that it wants. */
export interface CreateTransportOptions {
  /** The local port; 0 or undefined for a free one. In a star only servers are given one. */
  readonly port?: number;
  /** In a star which end it is. The suite makes several servers, at a free port each; clients belong to one of them. */
  readonly role?: "server" | "client";
  /** For a client in a star: the address of its server, which is open by then. The client sends to this one alone. */
  readonly server?: SocketAddress;
}

/** What the suite asks of the author of a transport: made afresh for every case. */
export interface TransportEnvironment {
  /**
   * A transport that is not open yet. Those of one environment that reach each other do so without loss, doubling or
   * reordering.
   */
  createTransport(options: CreateTransportOptions): DatagramTransport;

  /**
   * Lets time pass until `done()` is true or patience ends; either way it resolves. By default it lets the event loop
   * turn for at most 2 s; a transport with virtual time advances its clock here.
   */
  settle?: ((done: () => boolean) => Promise<void>) | undefined;

  /**
   * Where others reach a transport with this local address. By default the address itself, or loopback of the same
   * family where it is a wildcard. Not asked for the clients of a star.
   */
  reach?: ((localAddress: SocketAddress) => SocketAddress) | undefined;
}
