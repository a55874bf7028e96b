import type { DatagramReceiver, SocketAddress, TransportError } from "@sortie/transport";

/** A datagram as it came, with its own copy of the bytes. */
export interface ReceivedDatagram {
  readonly payload: Uint8Array;
  readonly from: SocketAddress;
}

/** Keeps what a transport tells it. */
export class RecordingReceiver implements DatagramReceiver {
  readonly datagrams: ReceivedDatagram[] = [];
  readonly errors: TransportError[] = [];
  /** Names of the calls in their order. */
  readonly events: ("datagram" | "batch-end" | "error" | "writable")[] = [];
  /** Datagrams came since the last onBatchEnd. */
  batchOpen = false;
  /** Calls of onBatchEnd that no datagram came before. */
  emptyBatches = 0;
  /** Payloads that were not plain Uint8Arrays. */
  foreignPayloads = 0;
  /** Called on each datagram, while its bytes are valid. */
  onReceive: ((payload: Uint8Array, from: SocketAddress) => void) | undefined = undefined;

  /** What onDatagram returns: undefined, or false where onBatchEnd need not come for the sake of that datagram. */
  answer: () => boolean | undefined = () => undefined;

  /** Datagrams received. */
  get count(): number {
    return this.datagrams.length;
  }

  /** Times onWritable was called. */
  get writables(): number {
    return this.events.filter((event) => event === "writable").length;
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): boolean | undefined {
    this.events.push("datagram");
    this.batchOpen = true;
    if (Object.getPrototypeOf(payload) !== Uint8Array.prototype) this.foreignPayloads++;
    this.datagrams.push({ payload: Uint8Array.from(payload), from });
    this.onReceive?.(payload, from);
    return this.answer();
  }

  onBatchEnd(): void {
    this.events.push("batch-end");
    if (!this.batchOpen) this.emptyBatches++;
    this.batchOpen = false;
  }

  onError(error: TransportError): void {
    this.events.push("error");
    this.errors.push(error);
  }

  onWritable(): void {
    this.events.push("writable");
  }
}
