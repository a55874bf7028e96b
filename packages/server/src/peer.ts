import {
  checkOptionNames,
  checkReason,
  type ConnectionStatistics,
  type OptionNames,
  type Quality,
  type SendAdvice,
} from "@sortie/connection";
import type { SendOptions, SendReceipt, SharedPayload } from "@sortie/reliability";
import type { SocketAddress } from "@sortie/transport";
import type { ConnectionEntry } from "./connection-table.js";
import type { CloseOptions } from "./shutdown.js";
import { checkWaitMs } from "./wait-ms.js";

/** What a server is given to send; a shared payload is a copy already. */
export type SendPayload = Uint8Array | string | SharedPayload;

/** Of `disconnect`; see `checkOptionNames`. */
const DISCONNECT_OPTION_NAMES: OptionNames<Pick<CloseOptions, "drainMs">> = { drainMs: true };

/** What peers ask of their server. */
export interface PeerHost {
  /** `nowMs`: read of the clock by default. */
  send(entry: ConnectionEntry, payload: SendPayload, options: SendOptions | undefined, nowMs?: number): SendReceipt;
  setPaused(entry: ConnectionEntry, channel: number, paused: boolean): void;
  /** `drainMs`: ms, for what was sent reliably. */
  disconnect(entry: ConnectionEntry, reason: string, drainMs: number): void;
  flush(entry: ConnectionEntry): void;
  statistics(entry: ConnectionEntry): ConnectionStatistics;
}

/** `Peer.send` for what its server has copied, at the time at which it sends that to all. */
export let sendTo: (peer: Peer, payload: SharedPayload, options: SendOptions, nowMs: number) => SendReceipt;
/** Whether it is a peer of the server that has this host, connected or gone. */
export let isPeerOf: (peer: Peer, host: PeerHost) => boolean;

/** A client that was let in. Stays usable after it has gone: sends are then refused with a receipt that says so. */
export class Peer<Data = unknown> {
  /** Unsigned 32-bit, unique for the server's lifetime. */
  readonly id: number;
  /** What `authenticate` gave as data, undefined where it gave none; yours to change. */
  data: Data;
  /** 32 hexadecimal digits, as `authenticate` was told. */
  readonly sessionId: string;
  readonly #entry: ConnectionEntry;
  readonly #host: PeerHost;

  static {
    sendTo = (peer, payload, options, nowMs) => peer.#host.send(peer.#entry, payload, options, nowMs);
    isPeerOf = (peer, host) => peer.#host === host;
  }

  constructor(id: number, data: Data, sessionId: string, entry: ConnectionEntry, host: PeerHost) {
    this.id = id;
    this.data = data;
    this.sessionId = sessionId;
    this.#entry = entry;
    this.#host = host;
  }

  /** Where the peer is now; changes when it moves to another network. */
  get address(): SocketAddress {
    return this.#entry.address;
  }

  /** ms. Smoothed round-trip time. */
  get rttMs(): number {
    return this.#entry.connection.rttMs;
  }

  get quality(): Quality {
    return this.#entry.connection.quality;
  }

  /** How much to send to this peer so that it does not queue on its way. */
  get advice(): SendAdvice {
    return this.#entry.connection.advice;
  }

  /** A snapshot of the connection's counters. */
  get stats(): ConnectionStatistics {
    return this.#host.statistics(this.#entry);
  }

  /** Whether messages can still be sent: false from `disconnect` on. */
  get isConnected(): boolean {
    return this.#entry.connection.state === "connected";
  }

  /**
   * Queues a message; it goes at the end of the tick (or, in event-driven mode, of the current work). The payload is
   * copied. Strings are encoded as UTF-8. Throws TypeError or RangeError for bad arguments; a full queue or a closed
   * connection is told by the receipt.
   */
  send(payload: Uint8Array | string, options?: SendOptions): SendReceipt {
    return this.#host.send(this.#entry, payload, options);
  }

  /** bytes of messages that wait to be sent or, where they are resent, to be acknowledged. */
  get queuedBytes(): number {
    return this.#entry.connection.flow.queuedBytes;
  }

  /**
   * Keeps reliable and ordered messages of a channel (0..255) back: they wait, first here and then with the peer, while
   * other channels and modes go on. For a listener that cannot keep up: uploads that are written to a disk. What is
   * here when the connection ends comes all the same, before "disconnect": its sender was told that it arrived.
   */
  pause(channel: number): void {
    this.#host.setPaused(this.#entry, channel, true);
  }

  /** What `pause` kept back comes with the next tick. */
  resume(channel: number): void {
    this.#host.setPaused(this.#entry, channel, false);
  }

  /**
   * Ends the connection. The peer is told the reason: up to 256 bytes of UTF-8, cut beyond.
   *
   * At once by default: what waits to be sent is given up, and of what the peer has sent nothing more is told here, but
   * for "disconnect". With `drainMs` (ms, 0..3600000, default 0) what was sent reliably is delivered first, for that
   * long at the most, and then the peer is told. Nothing more is taken to be sent: receipts say "closed". Until
   * "disconnect" its messages still come, as they are acknowledged to it; it stays in `server.peers` and keeps its
   * slot, and `isConnected` is false. A further call makes it no longer, and ends it where it names no `drainMs`; the
   * first reason stays. Throws TypeError or RangeError for arguments that are none, and nothing has changed then.
   */
  disconnect(reason: string = "", options: { readonly drainMs?: number | undefined } = {}): void {
    checkReason(reason);
    checkOptionNames(options, DISCONNECT_OPTION_NAMES);
    const { drainMs = 0 } = options;
    checkWaitMs("drainMs", drainMs);
    this.#host.disconnect(this.#entry, reason, drainMs);
  }

  /** Sends what is queued for this peer at once. */
  flush(): void {
    this.#host.flush(this.#entry);
  }
}
