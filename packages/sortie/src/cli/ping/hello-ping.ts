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
  /** A cookie: it serves this protocol, and would go on. */
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
  readonly target: SocketAddress;
  readonly protocol: string;
  readonly onAnswer: (answer: PingAnswer) => void;
}

/** Sequence number of the hello that does not count. */
const WARM_UP = 0;

interface WaitingHello {
  readonly handshake: ClientHandshake;
  readonly sequence: number;
  readonly sentAtMs: number;
}

/**
 * Measures a server without a connection: each ping is a CLIENT_HELLO of its own, which a server answers with a cookie
 * or with a REJECT before it keeps anything. Nothing in an answer is proven: it only shows that somebody there saw the
 * hello.
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

  constructor(options: HelloPingerOptions) {
    this.#options = options;
  }

  get answered(): number {
    return this.roundTrips.count;
  }

  async open(): Promise<void> {
    await this.#options.transport.open(this);
  }

  /** A hello that does not count: the first one through a process takes many times as long as those after it. */
  warmUp(): Promise<void> {
    this.#send(WARM_UP);
    return this.allAnswered();
  }

  ping(): void {
    this.#send(++this.sent);
  }

  #send(sequence: number): void {
    const { transport, crypto, clock, target, protocol } = this.#options;
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
    this.#waiting.set(clientConnectionId, { handshake, sequence, sentAtMs: clock.now() });
    if (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value as number);
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
    const { target, clock, onAnswer } = this.#options;
    const nowMs = clock.now();
    if (payload.length < HANDSHAKE_HEADER_BYTES + 4 || !from.equals(target)) return false;
    const id = readConnectionId(payload, HANDSHAKE_HEADER_BYTES - 1);
    const waiting = this.#waiting.get(id);
    const progress = waiting?.handshake.receive(payload);
    if (waiting === undefined || (progress?.kind !== "retry" && progress?.kind !== "rejected")) return false;
    this.#waiting.delete(id);
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
}
