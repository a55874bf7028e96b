import { type DatagramBatch, type DatagramTransport, SocketAddress, type TransportStatistics } from "@sortie/transport";
import { check, checkEqual } from "./check.js";
import type { CreateTransportOptions, TransportEnvironment, TransportTopology } from "./environment.js";
import { realNow, turnUntil } from "./host-time.js";
import { acquireAll, equalBytes, type Outgoing, pattern, put } from "./outgoing.js";
import { CallStack } from "./call-stack.js";
import { RecordingReceiver } from "./recording-receiver.js";
import { WatchedTransport } from "./watched-transport.js";

/** ms. How long the default `settle` waits for something that should happen at once. */
const PATIENCE_MS = 2000;
/** ms. How long a case looks on when nothing should come any more: longer than a timer of a transport lasts. */
const REST_MS = 60;
/** ms. How long a client that has dialed is given to be at rest again. */
const DIAL_REST_MS = 15;
/** ms. What the clocks of the system and of the process may differ by in a datagram's `waitedMs`. */
const CLOCK_SLACK_MS = 100;
/** ms. With virtual time nobody knows how much of it has passed, but it is no date. */
const MOST_VIRTUAL_MS = 3_600_000;
/** bytes. */
const MARKER_BYTES = 16;
const MARKER_SEED = 250;

/** A transport in a case, with its receiver and where others reach it. */
export interface Endpoint {
  readonly transport: DatagramTransport;
  readonly receiver: RecordingReceiver;
  readonly address: SocketAddress;
  /** Its counters when the case got it, and in a star after a client said hello. */
  before: TransportStatistics;
}

/** What a case does. */
export type CaseBody = (harness: Harness) => Promise<void>;

/** The tools of one case; closes every transport it made. */
export class Harness {
  readonly #environment: TransportEnvironment;
  readonly #topology: TransportTopology;
  readonly #transports: DatagramTransport[] = [];
  readonly #receivers: RecordingReceiver[] = [];
  readonly #calls = new CallStack();
  readonly #startMs = realNow();
  readonly #clients = new Set<DatagramTransport>();
  /** The server of a star, which the transports made from now on dial. */
  #hub: Endpoint | undefined = undefined;
  #markers = 0;

  constructor(environment: TransportEnvironment, topology: TransportTopology) {
    this.#environment = environment;
    this.#topology = topology;
  }

  get isStar(): boolean {
    return this.#topology === "star";
  }

  /** A transport that is not open yet. In a star a server if it is the first or has a port, else a client of that. */
  create(port?: number): DatagramTransport {
    const options: CreateTransportOptions = port === undefined ? {} : { port };
    if (!this.isStar) return this.#make(options);
    if (this.#hub === undefined || port !== undefined) return this.#make({ ...options, role: "server" });
    const transport = this.#make({ role: "client", server: this.#hub.address });
    this.#clients.add(transport);
    return transport;
  }

  /** A receiver that records what it is told. */
  receiver(): RecordingReceiver {
    const mostWaitedMs = (): number => realNow() - this.#startMs + CLOCK_SLACK_MS;
    const isReal = this.#environment.settle === undefined;
    const receiver = new RecordingReceiver(this.#calls, isReal ? mostWaitedMs : () => MOST_VIRTUAL_MS);
    this.#receivers.push(receiver);
    return receiver;
  }

  /** An open transport with a recording receiver. */
  async open(transport: DatagramTransport = this.create()): Promise<Endpoint> {
    const receiver = this.receiver();
    const local = await this.finish(transport.open(receiver));
    const isClient = this.#clients.has(transport);
    const address = isClient ? await this.#dial(transport, receiver) : this.reach(local);
    const endpoint = { transport, receiver, address, before: copyOf(transport.statistics) };
    if (!isClient) this.#hub ??= endpoint;
    return endpoint;
  }

  /** Runs `body` with two open transports; in a star once with the server first and once with the client first. */
  async eachPair(body: (a: Endpoint, b: Endpoint) => Promise<void>): Promise<void> {
    const [first, second] = [await this.open(), await this.open()];
    await body(first, second);
    if (!this.isStar) return;
    this.#hub = undefined;
    const server = await this.open();
    await body(await this.open(), server);
  }

  /** Transports that are not open yet; in a star a client and a server. */
  async subjects(): Promise<DatagramTransport[]> {
    if (!this.isStar) return [this.create()];
    await this.open();
    return [this.create(), this.create(0)];
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

  /** Lets time pass until both are the same; throws Error when they do not become so. */
  async untilEqual(label: string, actual: () => unknown, expected: unknown): Promise<void> {
    const shown = String(expected);
    await this.#settle(() => String(actual()) === shown);
    checkEqual(label, actual(), expected);
  }

  /** Lets time pass in which nothing should happen. */
  rest(ms: number = REST_MS): Promise<void> {
    const endMs = realNow() + ms;
    return this.#settle(() => realNow() >= endMs);
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
  async send({ transport }: Pick<Endpoint, "transport">, datagrams: readonly Outgoing[]): Promise<void> {
    let batch: DatagramBatch | undefined;
    for (const [payload, to] of datagrams) {
      if (batch !== undefined && batch.reserve() < 0) {
        transport.send(batch);
        batch = undefined;
      }
      batch ??= await this.acquire(transport);
      put(batch, payload, to);
    }
    if (batch !== undefined) transport.send(batch);
  }

  /** A batch, waiting for one that is free. */
  async acquire(transport: DatagramTransport): Promise<DatagramBatch> {
    let batch = transport.acquireBatch();
    if (batch === undefined) await this.until("a free batch", () => (batch ??= transport.acquireBatch()) !== undefined);
    return batch as DatagramBatch;
  }

  /** All batches of a transport that has `count`, waiting for those that are on their way. */
  async acquireEach(transport: DatagramTransport, count: number): Promise<DatagramBatch[]> {
    let free = acquireAll(transport);
    const areAll = (): boolean => {
      if (free.length === count) return true;
      for (const batch of free) batch.release();
      free = acquireAll(transport);
      return free.length === count;
    };
    await this.#settle(areAll);
    checkEqual("free batches", free.length, count);
    return free;
  }

  /** Lets all that is on its way to `to` arrive, by sending one datagram after it and waiting for that. */
  async drain(from: Pick<Endpoint, "transport">, to: Pick<Endpoint, "receiver" | "address">): Promise<SocketAddress> {
    const marker = pattern(MARKER_BYTES, MARKER_SEED + this.#markers++);
    await this.send(from, [[marker, to.address]]);
    const found = (): SocketAddress | undefined =>
      to.receiver.datagrams.find(({ payload }) => equalBytes(payload, marker))?.from;
    await this.until("a last datagram to arrive", () => found() !== undefined && !to.receiver.batchOpen);
    return found() as SocketAddress;
  }

  /** Throws Error where a receiver was called as none may ever be. */
  checkCalls(): void {
    for (const { faults } of this.#receivers)
      check(faults.length === 0, `${faults[0]} (the first of ${faults.length} faults)`);
  }

  /** Closes all transports. */
  async closeAll(): Promise<void> {
    for (const transport of this.#transports) await this.finish(transport.close());
  }

  #make(options: CreateTransportOptions): DatagramTransport {
    const transport = new WatchedTransport(this.#environment.createTransport(options), this.#calls);
    this.#transports.push(transport);
    return transport;
  }

  /** A client speaks first. Resolves with its address as the server knows it; both forget that anything came. */
  async #dial(transport: DatagramTransport, receiver: RecordingReceiver): Promise<SocketAddress> {
    const hub = this.#hub as Endpoint;
    const address = await this.drain({ transport }, hub);
    await this.rest(DIAL_REST_MS);
    hub.receiver.forget();
    receiver.forget();
    hub.before = copyOf(hub.transport.statistics);
    return address;
  }

  #settle(done: () => boolean): Promise<void> {
    const { settle } = this.#environment;
    return settle === undefined ? turnUntil(done, PATIENCE_MS) : settle(done);
  }
}

/** What the transport has counted since the case got it. Read anew: `statistics` may be a copy each time. */
export function counted({ transport, before }: Endpoint, counter: keyof TransportStatistics): number {
  return (transport.statistics[counter] ?? 0) - (before[counter] ?? 0);
}

/** A copy, also of counters that are getters. */
function copyOf(counters: TransportStatistics): TransportStatistics {
  const { datagramsSent, datagramsReceived, bytesSent, bytesReceived, sendErrors, receiveErrors, truncated } = counters;
  return { datagramsSent, datagramsReceived, bytesSent, bytesReceived, sendErrors, receiveErrors, truncated };
}
