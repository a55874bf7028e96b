import {
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  TransportCounters,
  type TransportError,
  type TransportStatistics,
} from "@sortie/transport";

interface KeptDatagram {
  readonly payload: Uint8Array;
  readonly from: SocketAddress;
  readonly atMs: number;
}

/** A transport that keeps what arrives until it is asked for, as one over recvmmsg does for a server with ticks. */
export class KeepingTransport implements DatagramTransport, DatagramReceiver {
  /** The transport that carries the datagrams. */
  inner!: DatagramTransport;
  now!: () => number;
  /** ms. As it was allowed last. */
  holdMs = 0;
  /** What it says of how long a datagram has waited (ms). */
  private readonly tell: (waitedMs: number) => number | undefined;
  private receiver: DatagramReceiver | undefined = undefined;
  private readonly none: TransportStatistics = new TransportCounters();
  private readonly kept: KeptDatagram[] = [];

  constructor(tell: (waitedMs: number) => number | undefined) {
    this.tell = tell;
  }

  get localAddress(): SocketAddress | undefined {
    return this.inner.localAddress;
  }

  get statistics(): TransportStatistics {
    const inner: DatagramTransport | undefined = this.inner;
    return inner?.statistics ?? this.none;
  }

  open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.receiver = receiver;
    return this.inner.open(this);
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.inner.acquireBatch();
  }

  send(batch: DatagramBatch): void {
    this.inner.send(batch);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  holdReceive(holdMs: number): void {
    this.holdMs = holdMs;
  }

  receiveNow(): boolean {
    if (this.kept.length === 0) return true;
    for (const { payload, from, atMs } of this.kept.splice(0)) {
      this.receiver?.onDatagram(payload, from, this.tell(this.now() - atMs));
    }
    this.receiver?.onBatchEnd();
    return true;
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    this.kept.push({ payload: payload.slice(), from, atMs: this.now() });
  }

  onBatchEnd(): void {
    // Handshakes come while the server has no ticks yet, which would ask.
    if (this.holdMs === 0 || this.kept.some(({ payload }) => payload.length >= 600)) this.receiveNow();
  }

  onError(error: TransportError): void {
    this.receiver?.onError(error);
  }

  onWritable(): void {
    this.receiver?.onWritable();
  }
}
