import {
  BatchPool,
  type BatchPoolOptions,
  type Clock,
  type DatagramBatch,
  type DatagramCore,
  type DatagramReceiver,
  type DatagramTransport,
  SocketAddress,
  type TimerHandle,
  TransportCounters,
  type TransportError,
} from "../src/index.js";

export const LOCAL: SocketAddress = SocketAddress.parse("192.0.2.1", 1474);
const PEER: SocketAddress = SocketAddress.parse("192.0.2.9", 999);

interface ManualTimer extends TimerHandle {
  readonly callback: () => void;
}

/** A clock that a test moves by hand. */
export class ManualClock implements Clock {
  nowMs = 1000;
  /** Calls of setTimer so far. */
  armed = 0;
  readonly #timers: Set<TimerHandle> = new Set();
  readonly #deferred: (() => void)[] = [];

  get pendingTimers(): number[] {
    return [...this.#timers].map(({ atMs }) => atMs);
  }

  get pendingDeferred(): number {
    return this.#deferred.length;
  }

  now(): number {
    return this.nowMs;
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    if (!Number.isFinite(atMs)) throw new RangeError(`atMs ${atMs}`);
    const timer: ManualTimer = { atMs, callback };
    this.armed++;
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.delete(handle);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  runDeferred(): void {
    for (const callback of this.#deferred.splice(0)) callback();
  }

  /** Moves time on; fires at most one round of the timers due at its end. Returns how many fired. */
  advance(ms: number): number {
    this.nowMs += ms;
    const due = ([...this.#timers] as ManualTimer[]).filter(({ atMs }) => atMs <= this.nowMs);
    for (const timer of due) {
      this.#timers.delete(timer);
      timer.callback();
    }
    return due.length;
  }
}

/** A transport whose network is the test. */
export class FakeTransport implements DatagramTransport {
  localAddress: SocketAddress | undefined = undefined;
  readonly statistics = new TransportCounters();
  receiver: DatagramReceiver | undefined = undefined;
  /** Sent and not released yet, where `holdBatches` is set. */
  readonly held: DatagramBatch[] = [];
  holdBatches = false;
  /** First byte of each datagram sent. */
  readonly sent: number[] = [];
  closes = 0;
  /** What open does; resolves by default. */
  onOpen: () => Promise<void> = () => Promise.resolve();
  readonly pool: BatchPool;

  constructor(options: BatchPoolOptions = {}) {
    this.pool = new BatchPool({ ...options, onAvailable: () => this.receiver?.onWritable() });
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.receiver = receiver;
    await this.onOpen();
    this.localAddress = LOCAL;
    return LOCAL;
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.pool.acquire();
  }

  send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.count; i++) this.sent.push(batch.payload(i)[0] as number);
    if (this.holdBatches) this.held.push(batch);
    else batch.release();
  }

  close(): Promise<void> {
    this.closes++;
    this.localAddress = undefined;
    return Promise.resolve();
  }

  /** One batch from the network. */
  deliver(...values: number[]): void {
    for (const value of values) this.receiver?.onDatagram(Uint8Array.of(value), PEER);
    this.receiver?.onBatchEnd();
  }
}

/** A core that records what happens to it and sends numbers. */
export class FakeCore implements DatagramCore {
  needsFlush?: () => boolean;
  readonly log: string[] = [];
  /** Waiting to be sent, one datagram each. */
  readonly output: number[] = [];
  timeoutAtMs = Number.POSITIVE_INFINITY;
  onHandleTimeout: (nowMs: number) => void = () => {
    this.timeoutAtMs = Number.POSITIVE_INFINITY;
  };
  onReceive: (value: number) => void = () => undefined;
  onPoll: () => void = () => undefined;
  /** Highest time seen; the driver must never go back. */
  lastNowMs = Number.NEGATIVE_INFINITY;
  /** ms. How long each datagram is said to have waited. */
  readonly waitedMs: number[] = [];

  receive(payload: Uint8Array, from: SocketAddress, nowMs: number, waitedMs: number): void {
    this.waitedMs.push(waitedMs);
    this.#enter(`receive ${payload[0]} from ${from.port}`, nowMs);
    this.onReceive(payload[0] as number);
  }

  receiveEnd(nowMs: number): void {
    this.#enter("receiveEnd", nowMs);
  }

  pollTransmit(batch: DatagramBatch, nowMs: number): boolean {
    this.#see(nowMs);
    this.onPoll();
    while (this.output.length > 0) {
      const at = batch.reserve();
      if (at < 0) return true;
      batch.buffer[at] = this.output.shift() as number;
      batch.commit(1, PEER);
    }
    return false;
  }

  nextTimeoutAt(): number {
    return this.timeoutAtMs;
  }

  handleTimeout(nowMs: number): void {
    this.#enter("timeout", nowMs);
    this.onHandleTimeout(nowMs);
  }

  onTransportError(error: TransportError, nowMs: number): void {
    this.#enter(`error ${error.code}`, nowMs);
  }

  #enter(what: string, nowMs: number): void {
    this.#see(nowMs);
    this.log.push(what);
  }

  #see(nowMs: number): void {
    if (nowMs < this.lastNowMs) throw new Error(`time ran back from ${this.lastNowMs} to ${nowMs}`);
    this.lastNowMs = nowMs;
  }
}
