import { ClientHandshake, type CryptoProvider, protocolId } from "@sortie/handshake";
import type { Clock, DatagramReceiver, DatagramTransport, SocketAddress } from "@sortie/transport";
import {
  HANDSHAKE_HEADER_BYTES,
  MAX_DATAGRAM_BYTES,
  PROTOCOL_VERSION,
  readConnectionId,
  RejectReason,
} from "@sortie/wire";
import { RoundTrips } from "../round-trips.js";
import { MAX_WAITING, type PingAnswer, type Pinger } from "./pinger.js";

/** What a server says to a hello. */
export type HelloAnswer =
  /** A cookie: it serves this protocol. Whether it has room, it says only to who comes back with the cookie. */
  "retry" | "protocol-mismatch" | "version" | "server-full" | "shutting-down" | "no-common-suite";

const ANSWERS: Readonly<Record<RejectReason, HelloAnswer>> = {
  [RejectReason.Version]: "version",
  [RejectReason.ProtocolMismatch]: "protocol-mismatch",
  [RejectReason.ServerFull]: "server-full",
  [RejectReason.ShuttingDown]: "shutting-down",
  [RejectReason.NoCommonSuite]: "no-common-suite",
};

/** Of a client that takes everything; the server that sends a cookie does not look at them. */
const PARAMETERS = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 25,
  maxDatagramBytes: MAX_DATAGRAM_BYTES,
  maxMessageBytes: 1_048_576,
  receiveWindowBytes: 4_194_304,
};

export interface HelloPingerOptions {
  readonly transport: DatagramTransport;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** The server's addresses, at least one. */
  readonly targets: readonly SocketAddress[];
  readonly protocol: string;
  readonly onAnswer: (answer: PingAnswer) => void;
  /** Told once which of several addresses is measured. */
  readonly onChosen?: (target: SocketAddress) => void;
}

/** Sequence number of the hello that does not count. */
const WARM_UP = 0;

interface WaitingHello {
  readonly handshake: ClientHandshake;
  readonly sequence: number;
  readonly target: SocketAddress;
  readonly sentAtMs: number;
}

/**
 * Measures a server without a connection: each ping is a CLIENT_HELLO of its own, which a server answers with a cookie
 * or with a REJECT before it keeps anything. Nothing in an answer is proven: it only shows that somebody there saw the
 * hello. Of several addresses the first that answers is measured; until then each ping goes to all of them.
 */
export class HelloPinger implements Pinger, DatagramReceiver {
  sent = 0;
  readonly roundTrips: RoundTrips = new RoundTrips();
  /** Kinds of answers, and how many of each. */
  readonly answers: Map<HelloAnswer, number> = new Map();
  /** The protocol version that the server says to speak; undefined before an answer. */
  serverVersion: number | undefined;
  /** Datagrams that answered none of the hellos. */
  strays = 0;
  readonly #options: HelloPingerOptions;
  readonly #waiting: Map<number, WaitingHello> = new Map();
  #onAllAnswered: (() => void) | undefined;
  /** Where pings go: one address, once it has answered. */
  #targets: readonly SocketAddress[];
  #uncountedErrors = 0;

  constructor(options: HelloPingerOptions) {
    this.#options = options;
    this.#targets = options.targets;
  }

  /** The address that is measured: undefined while none of several has answered. */
  get target(): SocketAddress | undefined {
    return this.#targets.length === 1 ? this.#targets[0] : undefined;
  }

  /** Hellos that count and could not be sent; not those to addresses that were given up. */
  get sendErrors(): number {
    return this.#options.transport.statistics.sendErrors - this.#uncountedErrors;
  }

  get answered(): number {
    return this.roundTrips.count;
  }

  async open(): Promise<void> {
    await this.#options.transport.open(this);
  }

  /** A hello that does not count: the first one through a process takes many times as long as those after it. */
  warmUp(): Promise<void> {
    this.#sendToAll(WARM_UP);
    return this.allAnswered();
  }

  /** From now on what cannot be sent counts. */
  countErrors(): void {
    this.#uncountedErrors = this.#options.transport.statistics.sendErrors;
  }

  ping(): void {
    this.#sendToAll(++this.sent);
  }

  #sendToAll(sequence: number): void {
    for (const target of this.#targets) this.#send(sequence, target);
  }

  #send(sequence: number, target: SocketAddress): void {
    const { transport, crypto, clock, protocol } = this.#options;
    const batch = transport.acquireBatch();
    // Never so many at once that none is free; then the system holds them back, and this one counts as lost.
    if (batch === undefined) return;
    const clientConnectionId = new DataView(crypto.randomBytes(4).buffer).getUint32(0);
    const handshake = new ClientHandshake({
      crypto,
      protocolId: protocolId(crypto, protocol),
      clientConnectionId,
      parameters: PARAMETERS,
      trust: { kind: "any" },
    });
    const hello = handshake.hello();
    batch.buffer.set(hello, batch.reserve());
    batch.commit(hello.length, target);
    this.#waiting.set(clientConnectionId, { handshake, sequence, target, sentAtMs: clock.now() });
    const isFull = this.#waiting.size > MAX_WAITING * this.#targets.length;
    if (isFull) this.#waiting.delete(this.#waiting.keys().next().value as number);
    transport.send(batch);
  }

  allAnswered(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onAllAnswered = resolve));
  }

  async close(): Promise<void> {
    await this.#options.transport.close();
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    if (!this.#take(payload, from)) this.strays += 1;
  }

  onBatchEnd(): void {}

  onError(): void {}

  onWritable(): void {}

  #take(payload: Uint8Array, from: SocketAddress): boolean {
    const { clock, onAnswer } = this.#options;
    const nowMs = clock.now();
    if (payload.length < HANDSHAKE_HEADER_BYTES + 4) return false;
    const id = readConnectionId(payload, HANDSHAKE_HEADER_BYTES - 1);
    const waiting = this.#waiting.get(id);
    if (waiting?.target.equals(from) !== true) return false;
    const progress = waiting.handshake.receive(payload);
    if (progress.kind !== "retry" && progress.kind !== "rejected") return false;
    this.#waiting.delete(id);
    if (this.#targets.length > 1) this.#choose(waiting.target);
    if (this.#waiting.size === 0) this.#onAllAnswered?.();
    if (waiting.sequence === WARM_UP) return true;
    const rttMs = nowMs - waiting.sentAtMs;
    this.roundTrips.add(rttMs);
    const kind = progress.kind === "retry" ? "retry" : ANSWERS[progress.reason];
    this.serverVersion = progress.kind === "retry" ? PROTOCOL_VERSION : progress.version;
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    onAnswer({ sequence: waiting.sequence, rttMs, text: kind });
    return true;
  }

  /** The others are asked no more, and what they still say is nobody's. */
  #choose(target: SocketAddress): void {
    this.#targets = [target];
    for (const [id, waiting] of this.#waiting) if (!waiting.target.equals(target)) this.#waiting.delete(id);
    this.countErrors();
    this.#options.onChosen?.(target);
  }
}
