import type { DatagramTransport, SocketAddress } from "@sortie/transport";
import { NodeDgramTransport } from "./dgram-transport.js";
import type { UdpOptions } from "./udp/socket-options.js";

/** A transport over node:dgram, with what it has beyond the interface. */
export interface DgramTransport extends DatagramTransport {
  /** bytes. Receive buffer the system granted (Linux reports twice the usable size); undefined while not open. */
  readonly receiveBufferBytes: number | undefined;
  /** bytes. Send buffer the system granted (Linux reports twice the usable size); undefined while not open. */
  readonly sendBufferBytes: number | undefined;
  /** Resolves a host name by the system's resolver. */
  resolve(host: string): Promise<string[]>;
  /** Opens a socket on a port that the system chooses, then closes the old one when what it sent is out. */
  rebind(): Promise<SocketAddress>;
}

/**
 * Makes a transport over a UDP socket of node:dgram; `open` binds it. Throws RangeError where an option is out of
 * range, TypeError for one that there is not, or of a wrong type.
 */
export function createDgramTransport(options: UdpOptions = {}): DgramTransport {
  return new NodeDgramTransport(options);
}
