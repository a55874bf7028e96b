import {
  Connection,
  type ConnectionResources,
  type ConnectionSettings,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type DisconnectReason,
  type DropCounters,
  type DropReason,
} from "@sortie/connection";
import { AddressCookie, type Identity, type KeyLog, respond } from "@sortie/handshake";
import { TokenBucket } from "@sortie/reliability";
import type { SocketAddress } from "@sortie/transport";
import {
  ByteWriter,
  CLIENT_HELLO_BYTES,
  type ClientHello,
  cookieBytesOfHello,
  decodeClientHello,
  decodeClientHelloInvariants,
  encodeReject,
  encodeRetry,
  HANDSHAKE_HEADER_BYTES,
  HandshakeType,
  HELLO_INVARIANT_BYTES,
  peekHandshakeType,
  PROTOCOL_ID_BYTES,
  PROTOCOL_VERSION,
  RejectReason,
  SESSION_ID_BYTES,
  type TransportParameters,
} from "@sortie/wire";
import { AuthenticateCalls } from "./authenticate-calls.js";
import type { BlockList } from "./block-list.js";
import { ConnectionEntry, type ConnectionTable } from "./connection-table.js";
import { HandshakeTurns, type WaitingHello } from "./handshake-turns.js";
import { helloKeyOf } from "./hello-key.js";
import type { PortShare } from "./port-share.js";
import { PrefixLimiter, type RateLimit } from "./prefix-limiter.js";
import { RejectCounters } from "./reject-counters.js";
import type { ReplyQueue } from "./reply-queue.js";

/** REJECTs and other answers to addresses without a cookie, per second, for the whole server. */
const UNVALIDATED_REPLIES_PER_SECOND = 1000;
const UNVALIDATED_REPLIES_BURST = 1000;
/** Of a connection that is told of its end and does not answer, while others wait for its slot. Nobody hears of it. */
const MADE_ROOM: DisconnectReason = { code: "closed", by: "local", text: "its slot was needed" };
/** Full handshakes that may be asked for at once after a rest. */
const HANDSHAKE_BURST = 256;

export interface AdmissionOptions {
  readonly resources: ConnectionResources;
  /** At first; `Admission.identity` from then on. */
  readonly identity: Identity;
  readonly protocolId: Uint8Array;
  readonly parameters: TransportParameters;
  readonly settings: ConnectionSettings;
  readonly table: ConnectionTable;
  readonly replies: ReplyQueue;
  /** Asked about those who had to wait: it may have changed since they came. */
  readonly blockList: Pick<BlockList, "has">;
  readonly maxHalfOpen: number;
  readonly handshakesPerSecond: number;
  readonly handshakesPerPrefix: RateLimit;
  /** ms; 0: without ticks. */
  readonly tickIntervalMs: number;
  readonly share?: PortShare | undefined;
  /** Hears the secrets of every connection. */
  readonly keyLog?: KeyLog;
  /** Hears what a crypto provider threw in a tick. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * From CLIENT_HELLO to a half-open connection. Until an address has echoed its cookie nothing is kept of it and no
 * public-key operation runs; after that, a prefix limit, a cap on half-open connections, a budget of handshakes per
 * second and, with ticks, a share of each tick stand before the work.
 */
export class Admission {
  /** Connections that are no peers yet. */
  halfOpen = 0;
  /** Public-key handshakes answered. */
  handshakes = 0;
  retriesSent = 0;
  readonly rejects: RejectCounters = new RejectCounters();
  readonly calls: AuthenticateCalls = new AuthenticateCalls();
  /** What new clients are shown. */
  identity: Identity;
  private readonly options: AdmissionOptions;
  private readonly cookie: AddressCookie;
  private readonly prefixes: PrefixLimiter;
  private readonly handshakeBudget: TokenBucket;
  private readonly replyBudget: TokenBucket;
  private readonly turns: HandshakeTurns;
  private readonly writer: ByteWriter = new ByteWriter();

  constructor(options: AdmissionOptions) {
    this.options = options;
    this.identity = options.identity;
    const { share } = options;
    const shared = share === undefined ? {} : { sharedKey: share.cookieKey, clockOffsetMs: share.clockOffsetMs };
    this.cookie = new AddressCookie(options.resources.crypto, shared);
    this.prefixes = new PrefixLimiter(options.handshakesPerPrefix);
    this.handshakeBudget = new TokenBucket(options.handshakesPerSecond, HANDSHAKE_BURST);
    this.replyBudget = new TokenBucket(UNVALIDATED_REPLIES_PER_SECOND, UNVALIDATED_REPLIES_BURST);
    this.turns = new HandshakeTurns(options.handshakesPerSecond, options.tickIntervalMs);
  }

  /** Whether handshakes wait for the next tick. */
  get hasWaiting(): boolean {
    return this.turns.waitingCount > 0;
  }

  /** A tick begins: starts handshakes that had to wait, as many as a tick may take. `refusal`: see `receive`. */
  startWaiting(nowMs: number, refusal: RejectReason | undefined, drops: DropCounters): void {
    const { turns, options } = this;
    turns.begin();
    while (!options.replies.isFull) {
      const waiting = turns.next();
      if (waiting === undefined) return;
      try {
        const dropped = this.startWaitingOne(waiting, nowMs, refusal);
        if (dropped !== undefined) drops.count(dropped);
      } catch (error) {
        // A provider that fails must not take the tick with it.
        options.onFault?.(error);
      }
    }
  }

  /**
   * Takes a handshake packet; says why when it is dropped.
   * @param refusal why no new peers are taken at present, told to those whose address is validated
   */
  receive(
    datagram: Uint8Array,
    from: SocketAddress,
    nowMs: number,
    refusal: RejectReason | undefined,
  ): DropReason | undefined {
    const type = peekHandshakeType(datagram);
    if (type === "truncated") return "too-short";
    if (typeof type === "string") return "unknown-type";
    if (type !== HandshakeType.ClientHello) return "unexpected-handshake";
    if (datagram.length < CLIENT_HELLO_BYTES) return "malformed-handshake";
    if (this.options.replies.isFull) return "rate-limited";
    if (datagram[4] !== PROTOCOL_VERSION) return this.rejectVersion(datagram, from, nowMs);
    const cookieBytes = cookieBytesOfHello(datagram);
    if (typeof cookieBytes === "string") return "malformed-handshake";
    // The way of a flood: nothing is decoded, nothing allocated but by the hash.
    if (cookieBytes === 0 && this.isOurProtocol(datagram)) return this.retry(datagram, from, nowMs);
    const hello = decodeClientHello(datagram) as ClientHello;
    if (!this.isOurProtocol(datagram)) {
      return this.rejectUnvalidated(hello, RejectReason.ProtocolMismatch, from, nowMs) ?? "wrong-protocol";
    }
    if (!this.cookie.verify(hello.cookie, from.bytes, from.port, hello, nowMs)) {
      // Stale, or of an address that has changed meanwhile: the client gets a new one, at no more cost than before.
      this.retry(datagram, from, nowMs);
      return "bad-cookie";
    }
    return this.onValidHello(datagram, hello, from, nowMs, refusal);
  }

  /** A connection has ended before it was a peer's. */
  onGone(entry: ConnectionEntry, reason: DisconnectReason): void {
    this.halfOpen -= 1;
    this.calls.onGone(entry, reason);
  }

  private startWaitingOne(
    { datagram, from, helloKey }: WaitingHello,
    nowMs: number,
    refusal: RejectReason | undefined,
  ): DropReason | undefined {
    if (this.options.blockList.has(from)) {
      this.turns.giveBack();
      return "blocked";
    }
    const hello = decodeClientHello(datagram) as ClientHello;
    return this.startHandshake(datagram, hello, helloKey, from, nowMs, refusal);
  }

  private onValidHello(
    datagram: Uint8Array,
    hello: ClientHello,
    from: SocketAddress,
    nowMs: number,
    refusal: RejectReason | undefined,
  ): DropReason | undefined {
    const { turns, prefixes, handshakeBudget } = this;
    const helloKey = helloKeyOf(this.options.resources.crypto, datagram, hello, from);
    if (turns.isWaiting(helloKey)) return undefined;
    if (this.findAttempt(helloKey) === undefined && refusal === undefined) {
      // The prefix first: one over its limit costs the others nothing. But it pays for what starts alone, or a client
      // that repeats its hello until there is room would find its own limit used up by then.
      if (!prefixes.attempt(from, nowMs)) return "rate-limited";
      if (this.isFull(nowMs) || turns.isFull) return "half-open-full";
      if (handshakeBudget.available(nowMs) < 1) return "half-open-full";
      prefixes.take(from, nowMs);
      handshakeBudget.take(1, nowMs);
      if (!turns.take()) {
        turns.wait(datagram, from, helloKey);
        return undefined;
      }
    }
    return this.startHandshake(datagram, hello, helloKey, from, nowMs, refusal);
  }

  /** Whether no other may start. Those that wait have their places already, as they have paid for them. */
  private isFull(nowMs: number): boolean {
    return this.halfOpen + this.turns.waitingCount + this.calls.placesTaken(nowMs) >= this.options.maxHalfOpen;
  }

  /**
   * Whether the table has a slot. It has one for each peer and each half-open connection that there may be: where it is
   * full, connections that have ended, and wait for the answer to their CLOSE, hold slots. The oldest gives way.
   */
  private hasSlot(nowMs: number): boolean {
    const { table } = this.options;
    const oldest = table.isFull ? table.oldestFinished : undefined;
    if (oldest !== undefined) {
      oldest.connection.abort(MADE_ROOM, nowMs);
      table.remove(oldest);
    }
    return !table.isFull;
  }

  /**
   * The connection of the same hello. One that has ended before its client was heard is none: the client knows nothing
   * of it, and with the keys of a connection that is over would no longer take those of another.
   */
  private findAttempt(helloKey: string): ConnectionEntry | undefined {
    const entry = this.options.table.findByHello(helloKey);
    if (entry?.serverHello === undefined) return entry;
    return entry.connection.state === "awaiting-connect" ? entry : undefined;
  }

  /** Answers a hello that came again as before, and a new one by a handshake. */
  private startHandshake(
    datagram: Uint8Array,
    hello: ClientHello,
    helloKey: string,
    from: SocketAddress,
    nowMs: number,
    refusal: RejectReason | undefined,
  ): DropReason | undefined {
    const { resources, parameters, settings, table, replies, keyLog } = this.options;
    const known = this.findAttempt(helloKey);
    if (known !== undefined) {
      if (known.serverHello === undefined) return "unexpected-handshake";
      replies.push(known.serverHello, from);
      return undefined;
    }
    if (refusal !== undefined) {
      this.reject(hello, refusal, from);
      return "not-accepting";
    }
    if (!this.hasSlot(nowMs)) return "half-open-full";
    const { identity } = this;
    const connectionId = table.nextConnectionId();
    const own = { crypto: resources.crypto, identity, parameters, ...(keyLog === undefined ? {} : { keyLog }) };
    const response = respond(own, datagram, hello, connectionId);
    if (typeof response === "string") {
      if (response === "no-common-suite") this.reject(hello, RejectReason.NoCommonSuite, from);
      return "handshake-refused";
    }
    this.handshakes += 1;
    const connection = new Connection({
      role: "server",
      resources,
      keys: response.keys,
      localParameters: parameters,
      settings,
      address: from,
      nowMs,
    });
    const sessionId = resources.crypto.randomBytes(SESSION_ID_BYTES);
    const entry = new ConnectionEntry(connectionId & 0xffff, connection, sessionId, helloKey, response.packet);
    entry.handshakeDeadlineMs = nowMs + (settings.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS);
    table.add(entry);
    table.setDeadline(entry, connection.nextTimeoutAt());
    this.halfOpen += 1;
    replies.push(response.packet, from);
    return undefined;
  }

  private isOurProtocol(datagram: Uint8Array): boolean {
    const { protocolId } = this.options;
    for (let i = 0; i < PROTOCOL_ID_BYTES; i++) {
      if (datagram[HANDSHAKE_HEADER_BYTES + i] !== protocolId[i]) return false;
    }
    return true;
  }

  private retry(datagram: Uint8Array, from: SocketAddress, nowMs: number): undefined {
    const { replies } = this.options;
    const cookie = this.cookie.issueFor(from.bytes, from.port, datagram, nowMs);
    replies.open(this.writer);
    // The connection ID stands behind the random, at the end of what every version of a hello begins with.
    encodeRetry(this.writer, { clientConnectionId: readU32(datagram, HELLO_INVARIANT_BYTES - 4), cookie });
    replies.commit(this.writer.written, from);
    this.retriesSent += 1;
    return undefined;
  }

  private rejectVersion(datagram: Uint8Array, from: SocketAddress, nowMs: number): DropReason {
    const hello = decodeClientHelloInvariants(datagram);
    if (typeof hello === "string") return "malformed-handshake";
    return this.rejectUnvalidated(hello, RejectReason.Version, from, nowMs) ?? "wrong-version";
  }

  private rejectUnvalidated(
    hello: Pick<ClientHello, "clientConnectionId" | "clientRandom">,
    reason: RejectReason,
    from: SocketAddress,
    nowMs: number,
  ): DropReason | undefined {
    if (this.replyBudget.available(nowMs) < 1) return "rate-limited";
    this.replyBudget.take(1, nowMs);
    this.reject(hello, reason, from);
    return undefined;
  }

  private reject(
    hello: Pick<ClientHello, "clientConnectionId" | "clientRandom">,
    reason: RejectReason,
    from: SocketAddress,
  ): void {
    const { replies } = this.options;
    const { clientConnectionId, clientRandom } = hello;
    const writer = this.writer.reset(replies.reserve());
    encodeReject(writer, { clientConnectionId, clientRandom, reason });
    replies.commit(writer.written, from);
    this.rejects.count(reason);
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}
