import { type DatagramReceiver, type SocketAddress, TransportError } from "@sortie/transport";
import type { CallStack } from "./call-stack.js";

/** A datagram as it came, with its own copy of the bytes. */
export interface ReceivedDatagram {
  readonly payload: Uint8Array;
  readonly from: SocketAddress;
}

/** Keeps what a transport tells it. */
export class RecordingReceiver implements DatagramReceiver {
  datagrams: ReceivedDatagram[] = [];
  errors: TransportError[] = [];
  /** Names of the calls in their order. */
  events: ("datagram" | "batch-end" | "error" | "writable")[] = [];
  /** Calls that break a rule wherever they come, in words. */
  readonly faults: string[] = [];
  /** Its transport's `close` has resolved: nothing may come any more. */
  isClosed = false;
  /** Datagrams came since the last onBatchEnd. */
  batchOpen = false;
  /** Calls of onBatchEnd that no datagram came before. */
  emptyBatches = 0;
  /** Payloads that were not plain Uint8Arrays. */
  foreignPayloads = 0;
  /** Called on each datagram, while its bytes are valid. */
  onReceive: ((payload: Uint8Array, from: SocketAddress) => void) | undefined = undefined;
  readonly #calls: CallStack;
  readonly #mostWaitedMs: () => number;

  /** @param mostWaitedMs ms: how long a datagram that comes now can have waited at most */
  constructor(calls: CallStack, mostWaitedMs: () => number) {
    this.#calls = calls;
    this.#mostWaitedMs = mostWaitedMs;
  }

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

  /** Forgets what came, but not the faults. */
  forget(): void {
    this.datagrams = [];
    this.errors = [];
    this.events = [];
  }

  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): boolean | undefined {
    this.#note("onDatagram");
    this.events.push("datagram");
    this.batchOpen = true;
    if (Object.getPrototypeOf(payload) !== Uint8Array.prototype) this.foreignPayloads++;
    if (waitedMs !== undefined) this.#checkWaited(waitedMs);
    this.datagrams.push({ payload: Uint8Array.from(payload), from });
    this.onReceive?.(payload, from);
    return this.answer();
  }

  onBatchEnd(): void {
    this.#note("onBatchEnd");
    this.events.push("batch-end");
    if (!this.batchOpen) this.emptyBatches++;
    this.batchOpen = false;
  }

  onError(error: TransportError): void {
    this.#note("onError");
    this.events.push("error");
    this.errors.push(error);
    if (!(error instanceof TransportError))
      this.faults.push(`onError: expected a TransportError, got ${String(error)}`);
  }

  onWritable(): void {
    this.#note("onWritable");
    this.events.push("writable");
  }

  #note(method: string): void {
    const { inside } = this.#calls;
    if (inside !== undefined) this.faults.push(`${method} was called from inside ${inside}`);
    if (this.isClosed) this.faults.push(`${method} was called after close`);
  }

  #checkWaited(waitedMs: number): void {
    if (waitedMs >= 0 && waitedMs <= this.#mostWaitedMs()) return;
    this.faults.push(`waitedMs: expected ms since the datagram arrived, 0 or more, got ${waitedMs}`);
  }
}
