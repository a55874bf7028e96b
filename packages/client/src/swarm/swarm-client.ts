import {
  checkOptionNames,
  checkReason,
  type ConnectionStatistics,
  payloadBytes,
  type Quality,
  toHex,
} from "@sortie/connection";
import type { SendOptions, SendReceipt } from "@sortie/reliability";
import type { ClientCore } from "../client-core.js";
import type { ClientState } from "../client-core-event.js";
import { closedReceipt } from "../closed-receipt.js";
import { checkDrainMs, LEAVE_OPTION_NAMES } from "../options.js";

/** What a client asks of its swarm. */
export interface SwarmOwner {
  nowMs(): number;
  /** The client has something to send, or to tell. */
  onChanged(client: SwarmClient): void;
}

/** One of the clients of a {@link ClientSwarm}. Made by `ClientSwarm.add`. */
export class SwarmClient {
  /** Which one it is: 0 for the first that was added, and so on; never used twice. */
  readonly index: number;
  /** @internal Its place in the swarm's tables; another client's once this one is over. */
  readonly slot: number;
  /** @internal */
  readonly core: ClientCore;
  /** @internal Whether it waits to be transmitted for. */
  isQueued = false;
  /** @internal Whether it may have something to tell. */
  isEventful = false;
  /** @internal The server's ID of the connection, once it is known: a reset has it. */
  serverConnectionId: number | undefined = undefined;
  /** @internal ms of the clock. Until when reliable data is delivered; undefined before `close`. */
  drainsUntilMs: number | undefined = undefined;
  #sessionId = "";
  readonly #owner: SwarmOwner;

  /** @internal Use `ClientSwarm.add`. */
  constructor(index: number, slot: number, core: ClientCore, owner: SwarmOwner) {
    this.index = index;
    this.slot = slot;
    this.core = core;
    this.#owner = owner;
  }

  get state(): ClientState {
    return this.core.state;
  }

  /** 32 hexadecimal digits once connected, empty before. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** Cipher suite, and the server's key as far as it was checked; undefined before the handshake is done. */
  get keys(): ClientCore["keys"] {
    return this.core.keys;
  }

  /** ms. Smoothed round-trip time; undefined before the handshake is done. */
  get rttMs(): number | undefined {
    return this.core.connection?.rttMs;
  }

  /** undefined before the handshake is done. */
  get quality(): Quality | undefined {
    return this.core.connection?.quality;
  }

  /** A snapshot of the connection's counters; undefined before the handshake is done. */
  get stats(): ConnectionStatistics | undefined {
    return this.core.connection?.statistics(this.#owner.nowMs());
  }

  /** bytes of messages that wait to be sent or, where they are resent, to be acknowledged. */
  get queuedBytes(): number {
    return this.core.connection?.flow.queuedBytes ?? 0;
  }

  /**
   * Queues a message; it goes at the end of the current turn, together with those of others. See `Client.send`. Refused
   * as "closed" before the server has let the client in.
   */
  send(payload: Uint8Array | string, options?: SendOptions): SendReceipt {
    const bytes = payloadBytes(payload);
    const { connection } = this.core;
    if (connection === undefined || this.state === "connecting") return closedReceipt(bytes, options);
    const receipt = connection.send(bytes, options, this.#owner.nowMs());
    if (receipt.accepted) this.#owner.onChanged(this);
    return receipt;
  }

  /**
   * Asks the server for an acknowledgement, of which its application hears nothing: a PING in a datagram of `bytes`, as
   * far as the path is known to carry. What came of it is in `stats`, or told to the `trace` of this client. Without
   * effect before the handshake is done. Throws RangeError for another size than an integer of at least 1.
   */
  ping(bytes?: number): void {
    if (bytes !== undefined && !(Number.isInteger(bytes) && bytes >= 1)) {
      throw new RangeError(`"bytes" expected an integer of at least 1, got ${String(bytes)}`);
    }
    this.core.connection?.ping(bytes);
    this.#owner.onChanged(this);
  }

  /**
   * Gives the attempt up, or leaves: reliable data is delivered first, for `drainMs` (default 0) at the most. A further
   * call cuts short what an earlier one began, where its time ends sooner. Throws TypeError or RangeError for options
   * that there are not, or that are out of range.
   */
  close(options: { readonly drainMs?: number | undefined; readonly reason?: string | undefined } = {}): void {
    checkOptionNames(options, LEAVE_OPTION_NAMES);
    const { drainMs = 0, reason = "" } = options;
    checkDrainMs(drainMs);
    checkReason(reason);
    const nowMs = this.#owner.nowMs();
    this.core.close(reason, nowMs, nowMs + drainMs);
    // As the connection has it: of several times the one that ends first counts.
    this.drainsUntilMs = Math.min(this.drainsUntilMs ?? Infinity, nowMs + drainMs);
    this.#owner.onChanged(this);
  }

  /** For logs: the rest would print the connection's keys. */
  toJSON(): object {
    const { index, state, sessionId } = this;
    return { index, state, sessionId };
  }

  static {
    // By this Node asks an object how it is to be printed; elsewhere nobody does.
    const key = Symbol.for("nodejs.util.inspect.custom");
    Object.defineProperty(this.prototype, key, {
      value(this: SwarmClient): object {
        return this.toJSON();
      },
    });
  }

  /** @internal */
  onConnected(sessionId: Uint8Array): void {
    this.#sessionId = toHex(sessionId);
  }
}
