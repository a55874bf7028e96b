import { type DatagramBatch, type DatagramTransport, SocketAddress } from "@sortie/transport";
import { check } from "./check.js";
import { RecordingReceiver } from "./recording-receiver.js";

/** What the suite asks of the author of a transport: made afresh for every case. */
export interface TransportEnvironment {
  /**
   * A transport that is not open yet. All transports of one environment reach each other without loss, doubling or
   * reordering. `port` is the local port, 0 or undefined for a free one.
   */
  createTransport(options: { readonly port?: number }): DatagramTransport;

  /**
   * Lets time pass until `done()` is true or patience ends; either way it resolves. By default it lets the event loop
   * turn for at most 2 s; a transport with virtual time advances its clock here.
   */
  settle?: ((done: () => boolean) => Promise<void>) | undefined;

  /**
   * Where others reach a transport with this local address. By default the address itself, or loopback of the same
   * family where it is a wildcard.
   */
  reach?: ((localAddress: SocketAddress) => SocketAddress) | undefined;
}

/** ms. How long the default `settle` waits for something that should happen at once. */
const PATIENCE_MS = 2000;

/** More than any pool has: the number of batches must have an end. */
const MOST_BATCHES = 4096;
/** bytes. */
const MARKER_BYTES = 16;
const MARKER_SEED = 250;

/** A transport in a case, with its receiver and where others reach it. */
export interface Endpoint {
  readonly transport: DatagramTransport;
  readonly receiver: RecordingReceiver;
  readonly address: SocketAddress;
}

/** One datagram to send: bytes and target. */
export type Outgoing = readonly [payload: Uint8Array, to: SocketAddress];

/** What a case does. */
export type CaseBody = (harness: Harness) => Promise<void>;

/** The tools of one case; closes every transport it made. */
export class Harness {
  readonly #environment: TransportEnvironment;
  readonly #transports: DatagramTransport[] = [];
  #markers = 0;

  constructor(environment: TransportEnvironment) {
    this.#environment = environment;
  }

  /** A transport that is not open yet. */
  create(port?: number): DatagramTransport {
    const transport = this.#environment.createTransport(port === undefined ? {} : { port });
    this.#transports.push(transport);
    return transport;
  }

  /** An open transport with a recording receiver. */
  async open(transport: DatagramTransport = this.create()): Promise<Endpoint> {
    const receiver = new RecordingReceiver();
    const local = await this.finish(transport.open(receiver));
    return { transport, receiver, address: this.reach(local) };
  }

  /** Where others reach a local address. */
  reach(local: SocketAddress): SocketAddress {
    if (this.#environment.reach !== undefined) return this.#environment.reach(local);
    if (local.host === "0.0.0.0") return SocketAddress.parse("127.0.0.1", local.port);
    if (local.host === "::") return SocketAddress.parse("::1", local.port);
    return local;
  }

  /** Lets time pass until `done()`; throws Error with `what` when it does not come true. */
  async until(what: string, done: () => boolean): Promise<void> {
    await this.#settle(done);
    check(done(), `waited in vain: ${what}`);
  }

  /** Awaits a promise of the transport while time passes, so that virtual time cannot hold it back. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.until("a promise of the transport to settle", () => settled);
    return promise;
  }

  /** Sends datagrams in as many batches as needed, waiting for free ones. */
  async send(from: Endpoint, datagrams: readonly Outgoing[]): Promise<void> {
    let batch: DatagramBatch | undefined;
    for (const [payload, to] of datagrams) {
      if (batch !== undefined && batch.reserve() < 0) {
        from.transport.send(batch);
        batch = undefined;
      }
      batch ??= await this.#batchOf(from);
      put(batch, payload, to);
    }
    if (batch !== undefined) from.transport.send(batch);
  }

  /** Lets all that is on its way to `to` arrive, by sending one datagram after it and waiting for that. */
  async drain(from: Endpoint, to: Endpoint): Promise<void> {
    const marker = pattern(MARKER_BYTES, MARKER_SEED + this.#markers++);
    await this.send(from, [[marker, to.address]]);
    const arrived = (): boolean => to.receiver.datagrams.some(({ payload }) => equalBytes(payload, marker));
    await this.until("a last datagram to arrive", () => arrived() && !to.receiver.batchOpen);
  }

  /** Closes all transports. */
  async closeAll(): Promise<void> {
    for (const transport of this.#transports) await this.finish(transport.close());
  }

  async #batchOf(from: Endpoint): Promise<DatagramBatch> {
    let batch = from.transport.acquireBatch();
    if (batch === undefined) {
      await this.until("a free batch", () => (batch ??= from.transport.acquireBatch()) !== undefined);
    }
    return batch as DatagramBatch;
  }

  #settle(done: () => boolean): Promise<void> {
    return this.#environment.settle === undefined ? turnUntil(done) : this.#environment.settle(done);
  }
}

/** `length` bytes that depend on the seed and on their place. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (seed * 31 + i * 7 + (i >>> 8)) & 0xff;
  return bytes;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Writes one datagram into a batch that has room. */
export function put(batch: DatagramBatch, payload: Uint8Array, to: SocketAddress): void {
  const at = batch.reserve();
  check(at >= 0, "expected room in the batch");
  batch.buffer.set(payload, at);
  batch.commit(payload.length, to);
}

/** Takes every batch that is free. */
export function acquireAll(transport: DatagramTransport): DatagramBatch[] {
  const batches: DatagramBatch[] = [];
  for (;;) {
    const batch = transport.acquireBatch();
    if (batch === undefined) return batches;
    check(batches.length < MOST_BATCHES, `expected acquireBatch to give none at last, got more than ${MOST_BATCHES}`);
    batches.push(batch);
  }
}

/** The part of the host that gives the event loop a turn, and tells how long that took. */
interface HostTurns {
  readonly performance: { now(): number };
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown;
}

/** As they are when this loads: under fake timers, put in their places later, no socket would ever get its turn. */
const { performance, setTimeout } = globalThis as unknown as HostTurns;
const realNow = performance.now.bind(performance);

async function turnUntil(done: () => boolean): Promise<void> {
  const endMs = realNow() + PATIENCE_MS;
  while (!done() && realNow() < endMs) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
