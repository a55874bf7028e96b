// A transport of our own: datagrams through a table in memory. What a transport must do stands in @sortie/transport;
// that it does so is proved with testTransport from @sortie/testkit.
import { BatchPool, SocketAddress, TransportCounters, TransportError } from "@sortie/transport";

export class LoopTransport {
  statistics = new TransportCounters();
  localAddress = undefined;
  #sockets;
  #wanted;
  #receiver = undefined;
  #isClosed = false;
  #pool = new BatchPool({ onAvailable: () => queueMicrotask(() => this.#receiver?.onWritable()) });

  /** @param sockets a Map that all transports of one "network" share @param port 1..65535 */
  constructor(sockets, port) {
    this.#sockets = sockets;
    this.#wanted = SocketAddress.parse("127.0.0.1", port);
  }

  async open(receiver) {
    if (this.#isClosed) throw new TransportError("closed", "the transport was closed");
    if (this.localAddress !== undefined) throw new TransportError("already-open", "the transport is open");
    if (this.#sockets.has(this.#wanted.port)) {
      throw new TransportError("address-in-use", `port ${this.#wanted.port} is in use: choose another`);
    }
    this.#receiver = receiver;
    this.localAddress = this.#wanted;
    this.#sockets.set(this.#wanted.port, this);
    return this.localAddress;
  }

  acquireBatch() {
    return this.#pool.acquire();
  }

  send(batch) {
    for (let i = 0; i < batch.count; i++) {
      const target = this.#sockets.get(batch.addresses[i].port);
      if (this.localAddress === undefined) {
        this.statistics.sendErrors += 1;
        continue;
      }
      this.statistics.datagramsSent += 1;
      this.statistics.bytesSent += batch.lengths[i];
      // The batch is filled again after release: what travels on must be a copy.
      target?.deliver(batch.payload(i).slice(), this.localAddress);
    }
    batch.release();
  }

  deliver(datagram, from) {
    // In a turn of its own, as from a socket: never from inside the call that sent it. Browsers have setTimeout too.
    setTimeout(() => {
      if (this.localAddress === undefined) return;
      this.statistics.datagramsReceived += 1;
      this.statistics.bytesReceived += datagram.length;
      this.#receiver.onDatagram(datagram, from);
      this.#receiver.onBatchEnd();
    }, 0);
  }

  async close() {
    this.#isClosed = true;
    if (this.localAddress !== undefined) this.#sockets.delete(this.localAddress.port);
    this.localAddress = undefined;
    // Batches that come back later must not be told of: nothing is, after close.
    this.#receiver = undefined;
  }
}
