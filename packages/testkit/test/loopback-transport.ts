import {
  BatchPool,
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  SocketAddress,
  TransportCounters,
  TransportError,
} from "@sortie/transport";

/** What a transport may do wrong; each is one that the suite must notice. */
export type Fault =
  | "batch-end-again-later"
  | "batch-end-by-last-answer"
  | "batch-end-missing"
  | "batch-end-twice"
  | "bytes-miscounted"
  | "calls-inside-send"
  | "close-drops"
  | "close-rejects-again"
  | "close-swallows-batches"
  | "deaf-to-own-errors"
  | "doubles"
  | "endless-batches"
  | "foreign-payload"
  | "hands-over-after-close"
  | "hold-takes-anything"
  | "hold-throws"
  | "keeps-port"
  | "leaks-batches"
  | "never-writable"
  | "now-says-nothing"
  | "no-empty-datagrams"
  | "one-bad-target-spoils-all"
  | "opens-twice"
  | "plain-error-later"
  | "reports-gone-peers"
  | "resolve-gives-nothing"
  | "resolve-never"
  | "resolve-plain-error"
  | "same-port-twice"
  | "shares-buffers"
  | "soon-done-all-the-same"
  | "soon-done-twice"
  | "soon-never-done"
  | "speaks-after-close"
  | "truncates"
  | "waited-forever"
  | "waited-less-than-nothing"
  | "waited-nan"
  | "waited-since-1970"
  | "writable-after-close"
  | "writable-inside-release"
  | "wrong-error-code"
  | "wrong-source";

/** What a transport may do, and the suite must put up with. */
export type Quirk = "copies-statistics" | "one-batch-that-comes-back-late";

const WAITED: Partial<Record<Fault, number>> = {
  "waited-forever": Number.POSITIVE_INFINITY,
  "waited-less-than-nothing": -1,
  "waited-nan": Number.NaN,
  "waited-since-1970": Date.now(),
};

/** Some turns of the event loop later. */
function later(callback: () => void, turns = 5): void {
  setImmediate(() => (turns > 0 ? later(callback, turns - 1) : callback()));
}

/** A host with ports, on which datagrams arrive in the next turn. */
export class LoopbackHost {
  readonly bound: Map<number, LoopbackTransport> = new Map();
  nextPort = 1000;
}

class Subclass extends Uint8Array {}

interface OnTheWay {
  readonly to: LoopbackTransport;
  readonly payload: Uint8Array;
  readonly from: SocketAddress;
}

/** The smallest transport that passes the suite, and with a fault fails it. */
export class LoopbackTransport implements DatagramTransport {
  readonly counters = new TransportCounters();
  localAddress: SocketAddress | undefined = undefined;
  readonly #host: LoopbackHost;
  readonly #port: number;
  readonly #fault: Fault | Quirk | undefined;
  readonly #pool: BatchPool;
  #receiver: DatagramReceiver | undefined = undefined;
  #closed = false;

  constructor(host: LoopbackHost, port: number, fault?: Fault | Quirk) {
    this.#host = host;
    this.#port = port;
    this.#fault = fault;
    this.#pool = new BatchPool({
      batches: fault === "one-batch-that-comes-back-late" ? 1 : 3,
      onAvailable: () => {
        if (fault === "writable-inside-release") this.#receiver?.onWritable();
        else if (fault !== "never-writable") setImmediate(() => this.#receiver?.onWritable());
      },
    });
  }

  get statistics(): TransportCounters {
    return this.#fault === "copies-statistics" ? { ...this.counters } : this.counters;
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    const fault = this.#fault;
    if (this.#closed) throw new TransportError(fault === "wrong-error-code" ? "system" : "closed", "closed");
    if (this.localAddress !== undefined && fault !== "opens-twice") throw new TransportError("already-open", "open");
    const port = this.#port === 0 ? this.#host.nextPort++ : this.#port;
    if (this.#host.bound.has(port) && fault !== "same-port-twice") {
      throw new TransportError("address-in-use", `port ${port} is in use`);
    }
    this.#host.bound.set(port, this);
    this.#receiver = receiver;
    this.localAddress = SocketAddress.parse("192.0.2.1", port);
    return this.localAddress;
  }

  acquireBatch(): DatagramBatch | undefined {
    const batch = this.#pool.acquire();
    if (batch !== undefined || this.#fault !== "endless-batches") return batch;
    return new BatchPool({ batches: 1, capacity: 1, onAvailable: () => {} }).acquire();
  }

  send(batch: DatagramBatch): void {
    const fault = this.#fault;
    const ready: OnTheWay[] = [];
    for (let i = 0; i < batch.count; i++) {
      const to = batch.addresses[i] as SocketAddress;
      if (this.localAddress === undefined || to.port === 0) {
        if (fault !== "deaf-to-own-errors") this.counters.sendErrors++;
        if (fault === "one-bad-target-spoils-all" && this.localAddress !== undefined) break;
        continue;
      }
      this.#sendOne(ready, batch.payload(i), to);
    }
    if (fault === "calls-inside-send") this.#arrive(ready);
    else if (fault === "hands-over-after-close") later(() => this.#arrive(ready));
    else setImmediate(() => this.#arrive(ready));
    if (fault === "leaks-batches" || (fault === "close-swallows-batches" && this.#closed)) return;
    if (fault === "one-batch-that-comes-back-late") setTimeout(() => batch.release(), 20);
    else batch.release();
  }

  async resolve(host: string): Promise<string[]> {
    if (SocketAddress.tryParse(host, 0) !== undefined) return [host];
    if (this.#fault === "resolve-gives-nothing") return [];
    if (this.#fault === "resolve-never") return new Promise(() => undefined);
    if (this.#fault === "resolve-plain-error") throw new Error("ENOTFOUND");
    throw new TransportError("name-not-found", host);
  }

  holdReceive(holdMs: number): void {
    if (this.#fault === "hold-throws") throw new Error("not implemented");
    if (this.#fault === "hold-takes-anything") return;
    if (!(holdMs >= 0 && holdMs <= 100)) throw new RangeError(`holdMs ${holdMs}`);
  }

  receiveNow(): boolean {
    return this.#fault === "now-says-nothing" ? (undefined as never) : true;
  }

  receiveSoon(_limitMs: number, done: () => void): boolean {
    if (this.#fault === "soon-never-done") return true;
    setImmediate(done);
    if (this.#fault === "soon-done-twice") later(done);
    return this.#fault !== "soon-done-all-the-same";
  }

  async close(): Promise<void> {
    if (this.#closed && this.#fault === "close-rejects-again") throw new Error("closed before");
    const port = this.localAddress?.port ?? -1;
    this.#closed = true;
    this.localAddress = undefined;
    if (this.#fault !== "keeps-port" && this.#host.bound.get(port) === this) this.#host.bound.delete(port);
    // What is on its way arrives in this turn of the event loop.
    if (this.#fault !== "close-drops") await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#fault === "speaks-after-close") this.#host.bound.set(port, this);
    else if (this.#fault === "hands-over-after-close") later(() => (this.#receiver = undefined), 10);
    else if (this.#fault !== "writable-after-close") this.#receiver = undefined;
  }

  #sendOne(ready: OnTheWay[], bytes: Uint8Array, to: SocketAddress): void {
    const fault = this.#fault;
    const from = fault === "wrong-source" ? SocketAddress.parse("192.0.2.2", 1) : (this.localAddress as SocketAddress);
    this.counters.datagramsSent++;
    this.counters.bytesSent += fault === "bytes-miscounted" ? bytes.length + 28 : bytes.length;
    const target = this.#host.bound.get(to.port);
    if (target === undefined && fault === "reports-gone-peers") {
      setImmediate(() => this.#receiver?.onError(new TransportError("unreachable", "gone")));
    }
    if (target === undefined && fault === "plain-error-later") {
      later(() => this.#receiver?.onError(new Error("gone") as TransportError));
    }
    if (target === undefined || (fault === "no-empty-datagrams" && bytes.length === 0)) return;
    let payload = fault === "shares-buffers" ? bytes : Uint8Array.from(bytes);
    if (fault === "truncates") payload = payload.subarray(0, 1200);
    if (fault === "foreign-payload") payload = Subclass.from(payload);
    ready.push({ to: target, payload, from });
    if (fault === "doubles") ready.push({ to: target, payload: Uint8Array.from(payload), from });
  }

  #arrive(datagrams: readonly OnTheWay[]): void {
    if (this.#fault === "close-drops" && this.#closed) return;
    const targets = new Set(datagrams.map(({ to }) => to));
    for (const target of targets) {
      let answer: boolean | void = undefined;
      for (const { to, payload, from } of datagrams) if (to === target) answer = target.#take(payload, from);
      if (this.#fault === "batch-end-missing") continue;
      if (this.#fault === "batch-end-by-last-answer" && answer === false) continue;
      target.#receiver?.onBatchEnd();
      if (this.#fault === "batch-end-again-later") later(() => target.#receiver?.onBatchEnd());
      if (this.#fault === "batch-end-twice") target.#receiver?.onBatchEnd();
    }
  }

  #take(payload: Uint8Array, from: SocketAddress): boolean | void {
    if (this.#receiver === undefined) return;
    this.counters.datagramsReceived++;
    this.counters.bytesReceived += payload.length;
    return this.#receiver.onDatagram(payload, from, WAITED[this.#fault as Fault]);
  }
}
