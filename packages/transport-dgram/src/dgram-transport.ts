import { createSocket, type RemoteInfo } from "node:dgram";
import { AddressCache } from "./address-cache.js";
import { BoundSocket, type SocketFactory } from "./bound-socket.js";
import { InterfaceZones } from "./interface-zones.js";
import { type HostTimer, hostTimers } from "./udp/host-timers.js";
import { type SocketOptions, socketOptions, type UdpOptions } from "./udp/socket-options.js";
import type { UdpSocket, UdpSocketOpener, UdpSocketUser } from "./udp/udp-socket.js";
import { UdpTransport } from "./udp/udp-transport.js";

/**
 * Datagrams over node:dgram. By default one dual-stack socket serves IPv4 and IPv6.
 *
 * Errors of a send are counted, errors of the socket are counted and reported by `onError` where they concern more
 * than one peer. Datagrams of one turn of the event loop are one batch; `onBatchEnd` comes from `setImmediate`.
 * `statistics.truncated` stays 0: Node receives every size that UDP can carry.
 */
export class NodeDgramTransport extends UdpTransport {
  /**
   * Throws RangeError or TypeError where an option is wrong. `factory` stands in for `createSocket` of node:dgram,
   * `zones` for those of this machine.
   */
  constructor(
    options: UdpOptions = {},
    factory: SocketFactory = createSocket,
    zones: InterfaceZones = new InterfaceZones(),
  ) {
    super(socketOptions(options), dgramOpener(factory, zones));
  }
}

/** bytes. Datagrams of up to this, above Ethernet's MTU, are copied; larger ones are rare. */
const COPIED_BYTES = 1536;

/**
 * Datagrams as plain arrays: Buffer's slice shares memory where Uint8Array's copies, which must surprise nobody above.
 * A copy to one place, whose views by length are kept, takes less time than a new view, and no memory.
 */
class PlainPayloads {
  readonly #place: Uint8Array = new Uint8Array(COPIED_BYTES);
  readonly #views: (Uint8Array | undefined)[] = new Array<undefined>(COPIED_BYTES + 1).fill(undefined);

  /** Valid until the next call. */
  plain(message: Buffer): Uint8Array {
    const { length } = message;
    if (length > COPIED_BYTES) return new Uint8Array(message.buffer, message.byteOffset, length);
    this.#place.set(message);
    return (this.#views[length] ??= this.#place.subarray(0, length));
  }
}

/** Opens sockets of node:dgram that share one memory of addresses. */
function dgramOpener(factory: SocketFactory, zones: InterfaceZones): UdpSocketOpener {
  const addresses = new AddressCache(zones);
  const payloads = new PlainPayloads();
  let batchEnd: HostTimer | undefined;
  const onMessage = (message: Buffer, remote: RemoteInfo, user: UdpSocketUser): void => {
    const from = addresses.get(remote.address, remote.port);
    if (from === undefined || from.port === 0) {
      user.counters.receiveErrors++;
      return;
    }
    // In any case where the receiver throws.
    let isAwaited = true;
    try {
      isAwaited = user.onDatagram(payloads.plain(message), from);
    } finally {
      if (isAwaited) {
        batchEnd ??= hostTimers.setImmediate(() => {
          batchEnd = undefined;
          user.onBatchEnd();
        });
      }
    }
  };
  return (options: SocketOptions, user: UdpSocketUser): Promise<UdpSocket> =>
    BoundSocket.open(
      options,
      zones,
      user.counters,
      {
        onMessage: (message, remote) => onMessage(message, remote, user),
        onSocketError: (error) => user.onSocketError(error),
      },
      factory,
    );
}
