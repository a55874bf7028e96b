import { randomFillSync } from "node:crypto";
import { type DatagramTransport, type SocketAddress, TransportError } from "@sortie/transport";
import {
  checkBooleans,
  socketOptions,
  UDP_OPTION_NAMES,
  type UdpOptions,
  UdpTransport,
} from "@sortie/transport-dgram/udp";
import type { LinuxSockets } from "./linux-sockets.js";
import { MmsgSocket } from "./mmsg-socket.js";
import { nativeSockets } from "./native-sockets.js";
import { SockaddrCodec } from "./sockaddr.js";
import { HASH_KEYS, SourceCache } from "./source-cache.js";

/** Options of {@link createMmsgTransport}. */
export interface MmsgTransportOptions extends UdpOptions {
  /**
   * Lets the kernel cut runs of datagrams of one size to one peer from one message (UDP_SEGMENT, Linux 4.18). Default
   * true; turns itself off where the system cannot.
   */
  readonly segmentation?: boolean | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof MmsgTransportOptions, true>> = { ...UDP_OPTION_NAMES, segmentation: true };

/** A transport over UDP sockets of Node or of Linux, with what it has beyond the interface. */
export interface MmsgTransport extends DatagramTransport {
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
 * Makes a transport over recvmmsg and sendmmsg of Linux; `open` binds it. Throws RangeError where an option is out of
 * range, TypeError for one that there is not, or of a wrong type, and TransportError "unsupported" where this machine
 * cannot, with the reason.
 *
 * In a worker thread, close it before `worker.terminate()`: Node takes the thread down without a word, and an event of
 * a socket that is still watched ends the process. A thread that ends by itself closes what is open.
 */
export function createMmsgTransport(options: MmsgTransportOptions = {}): MmsgTransport {
  const native = nativeSockets();
  if (native.sockets === undefined) {
    throw new TransportError("unsupported", `the batched transport is not available: ${native.reason}`);
  }
  return mmsgTransport(native.sockets, options);
}

/** The transport over given calls of the system. Throws RangeError or TypeError where an option is wrong. */
export function mmsgTransport(sockets: LinuxSockets, options: MmsgTransportOptions): MmsgTransport {
  const socketChoice = socketOptions(options, OPTION_NAMES);
  const { segmentation: segments = true } = options;
  checkBooleans({ segmentation: segments });
  const codec = new SockaddrCodec(sockets);
  const sources = new SourceCache(codec, randomFillSync(new Uint32Array(HASH_KEYS)));
  return new UdpTransport(socketChoice, async (socket, user) =>
    MmsgSocket.open(sockets, { ...socket, segments, codec, sources }, user),
  );
}
