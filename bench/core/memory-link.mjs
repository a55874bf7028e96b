// Two transports that hand datagrams to each other in memory, and a clock that is moved by hand. What passes inside the
// server's side, in time or in allocated bytes, is added up.
import { BatchPool, SocketAddress, TransportCounters } from "@sortie/transport";

/** Datagrams handed over at once, as one batch of a receiver. */
const BATCH = 64;

/** What a meter may read. */
const READINGS = {
  time: () => performance.now() * 1000,
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  bytes: () => process.memoryUsage().heapUsed,
};

/** A {@link Clock} that stands still but for `moveTo`. */
export class SteppedClock {
  #nowMs = 1000;
  #timers = new Set();
  #deferred = [];

  now() {
    return this.#nowMs;
  }

  setTimer(atMs, callback) {
    const timer = { atMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer) {
    this.#timers.delete(timer);
  }

  defer(callback) {
    this.#deferred.push(callback);
  }

  runDeferred() {
    while (this.#deferred.length > 0) for (const callback of this.#deferred.splice(0)) callback();
  }

  moveTo(atMs) {
    for (;;) {
      let first;
      for (const timer of this.#timers) {
        if (timer.atMs <= atMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
      }
      if (first === undefined) break;
      this.#timers.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.callback();
      this.runDeferred();
    }
    this.#nowMs = atMs;
  }
}

class End {
  statistics = new TransportCounters();
  localAddress;
  other;
  receiver;
  #pool = new BatchPool();
  #inbox = [];
  /** Memory of datagrams that were handed over, by their length: to take new would cost more than what is measured. */
  #free = new Map();
  #bytes = new WeakMap();

  constructor(port) {
    this.localAddress = SocketAddress.parse("127.0.0.1", port);
  }

  async open(receiver) {
    this.receiver = receiver;
    return this.localAddress;
  }

  async close() {}

  acquireBatch() {
    return this.#pool.acquire();
  }

  send(batch) {
    for (let i = 0; i < batch.count; i++) this.other.#keep(batch, i);
    this.statistics.datagramsSent += batch.count;
    batch.release();
  }

  get waiting() {
    return this.#inbox.length;
  }

  /** What waits, for the receiver; at most a batch. */
  take() {
    return this.#inbox.splice(0, BATCH);
  }

  hand(datagrams) {
    this.statistics.datagramsReceived += datagrams.length;
    for (const datagram of datagrams) this.receiver.onDatagram(datagram, this.other.localAddress);
    this.receiver.onBatchEnd();
    for (const datagram of datagrams) this.#freeOf(datagram.length).push(datagram);
  }

  #keep(batch, index) {
    const length = batch.lengths[index];
    const start = batch.offsets[index];
    const datagram = this.#freeOf(length).pop() ?? new Uint8Array(length);
    this.#bytesOf(batch).copy(datagram, 0, start, start + length);
    this.#inbox.push(datagram);
  }

  #bytesOf(batch) {
    let bytes = this.#bytes.get(batch);
    if (bytes === undefined) {
      const { buffer, byteOffset, length } = batch.buffer;
      this.#bytes.set(batch, (bytes = Buffer.from(buffer, byteOffset, length)));
    }
    return bytes;
  }

  #freeOf(length) {
    let free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, (free = []));
    return free;
  }
}

export class MemoryLink {
  serverEnd = new End(1);
  clientEnd = new End(2);
  /** The server's clock: the common one, its callbacks metered. */
  serverClock;
  /** µs, or bytes, inside the server since `resetFigures`. */
  amount = 0;
  /** Whether a garbage collection fell into it, so that bytes cannot be told. */
  isSpoiled = false;
  #clock;
  #reading;
  #around;
  #datagramsBefore = 0;

  /**
   * @param unit what is metered: "time", "cpu" (coarser to ask for, but blind to what else runs) or "bytes"
   * @param around calls the server's work, so that something outside can see where that begins and ends
   */
  constructor(clock, unit = "time", around = (work) => work()) {
    this.#clock = clock;
    this.#around = around;
    this.#reading = READINGS[unit];
    this.serverEnd.other = this.clientEnd;
    this.clientEnd.other = this.serverEnd;
    const metered = (callback) => () => this.#meter(callback);
    this.serverClock = {
      now: () => clock.now(),
      setTimer: (atMs, callback) => clock.setTimer(atMs, metered(callback)),
      clearTimer: (timer) => clock.clearTimer(timer),
      defer: (callback) => clock.defer(metered(callback)),
    };
  }

  /** Datagrams of both directions since `resetFigures`. */
  get datagrams() {
    const { datagramsSent, datagramsReceived } = this.serverEnd.statistics;
    return datagramsSent + datagramsReceived - this.#datagramsBefore;
  }

  resetFigures() {
    this.#datagramsBefore += this.datagrams;
    this.amount = 0;
    this.isSpoiled = false;
  }

  /** Lets so much time pass; what is sent within a step arrives in it, but an echo of an echo in the next. */
  step(ms) {
    const clock = this.#clock;
    clock.runDeferred();
    clock.moveTo(clock.now() + ms);
    this.deliverToServer();
    this.deliverToClients();
  }

  /** The server takes what waits for it now. */
  deliverToServer() {
    for (let waiting = this.serverEnd.waiting; waiting > 0; waiting -= BATCH) {
      const datagrams = this.serverEnd.take();
      this.#meter(() => this.serverEnd.hand(datagrams));
      this.#clock.runDeferred();
    }
  }

  /** And the clients. */
  deliverToClients() {
    for (let waiting = this.clientEnd.waiting; waiting > 0; waiting -= BATCH) {
      this.clientEnd.hand(this.clientEnd.take());
      this.#clock.runDeferred();
    }
  }

  #meter(work) {
    const before = this.#reading();
    this.#around(work);
    const passed = this.#reading() - before;
    if (passed < 0) this.isSpoiled = true;
    this.amount += passed;
  }
}
