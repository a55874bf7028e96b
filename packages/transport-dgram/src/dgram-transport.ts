import { createSocket, type RemoteInfo } from "node:dgram";
import { AddressCache } from "./address-cache.js";
import { BoundSocket, type SocketFactory } from "./bound-socket.js";
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
  /** Throws RangeError where an option is wrong. `factory` stands in for `createSocket` of node:dgram. */
  constructor(options: UdpOptions = {}, factory: SocketFactory = createSocket) {
    super(socketOptions(options), dgramOpener(factory));
  }
}

/** Opens sockets of node:dgram that share one memory of addresses. */
function dgramOpener(factory: SocketFactory): UdpSocketOpener {
  const addresses = new AddressCache();
  let batchEnd: NodeJS.Immediate | undefined;
  const onMessage = (message: Buffer, remote: RemoteInfo, user: UdpSocketUser): void => {
    const from = addresses.get(remote.address, remote.port);
    if (from === undefined || from.port === 0) {
      user.counters.receiveErrors++;
      return;
    }
    batchEnd ??= setImmediate(() => {
      batchEnd = undefined;
      user.onBatchEnd();
    });
    // A plain view: Buffer's slice shares memory where Uint8Array's copies, which must surprise nobody above.
    user.onDatagram(new Uint8Array(message.buffer, message.byteOffset, message.length), from);
  };
  return (options: SocketOptions, user: UdpSocketUser): Promise<UdpSocket> =>
    BoundSocket.open(
      options,
      user.counters,
      {
        onMessage: (message, remote) => onMessage(message, remote, user),
        onSocketError: (error) => user.onSocketError(error),
      },
      factory,
    );
}
