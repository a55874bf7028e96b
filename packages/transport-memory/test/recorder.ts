import type { DatagramReceiver, DatagramTransport, SocketAddress, TransportError } from "@sortie/transport";

export interface Received {
  readonly bytes: Uint8Array;
  readonly from: string;
  readonly atMs: number;
}

/** A receiver that notes down what it is told, in order. */
export class Recorder implements DatagramReceiver {
  readonly received: Received[] = [];
  readonly calls: string[] = [];
  readonly errors: TransportError[] = [];
  onReceive: ((payload: Uint8Array, from: SocketAddress) => void) | undefined = undefined;
  private readonly now: () => number;

  constructor(now: () => number = () => 0) {
    this.now = now;
  }

  /** First byte of each datagram. */
  get marks(): number[] {
    return this.received.map(({ bytes }) => bytes[0] ?? -1);
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    this.calls.push("datagram");
    this.received.push({ bytes: payload.slice(), from: from.toString(), atMs: this.now() });
    this.onReceive?.(payload, from);
  }

  onBatchEnd(): void {
    this.calls.push("end");
  }

  onError(error: TransportError): void {
    this.calls.push("error");
    this.errors.push(error);
  }

  onWritable(): void {
    this.calls.push("writable");
  }
}

/** Sends datagrams in one batch. */
export function send(transport: DatagramTransport, to: SocketAddress, ...datagrams: Uint8Array[]): void {
  const batch = transport.acquireBatch();
  if (batch === undefined) throw new Error("no batch was free");
  for (const datagram of datagrams) {
    const start = batch.reserve();
    if (start < 0) throw new Error("the batch is full");
    batch.buffer.set(datagram, start);
    batch.commit(datagram.length, to);
  }
  transport.send(batch);
}

/** A datagram of `length` bytes that starts with `mark`. */
export function marked(mark: number, length: number = 100): Uint8Array {
  const bytes = new Uint8Array(length).fill(0xaa);
  bytes[0] = mark;
  return bytes;
}
