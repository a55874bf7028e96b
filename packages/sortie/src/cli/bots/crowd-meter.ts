import type { ConnectErrorCode } from "@sortie/client";
import type { Outcome, SendRefusal } from "@sortie/reliability";
import { TimeSpread } from "./time-spread.js";

/** Everything that is counted of a crowd while it runs. */
export class CrowdMeter {
  readonly handshakeMs: TimeSpread = new TimeSpread();
  /** Smoothed round trips of all connected bots, each once a second. */
  readonly rttMs: TimeSpread = new TimeSpread();
  /** From a message to its echo, in the application. */
  readonly echoMs: TimeSpread = new TimeSpread();
  connected = 0;
  /** Bots that could not connect, by reason, with the words of the first of them. */
  readonly failures: Map<ConnectErrorCode, { count: number; readonly example: string }> = new Map();
  /** Connections that ended before they were told to, by code and side. */
  readonly disconnects: Map<string, number> = new Map();
  readonly outcomes: Record<Outcome, number> = { acked: 0, dropped: 0, expired: 0, closed: 0 };
  readonly refusals: Record<SendRefusal, number> = { "queue-full": 0, "message-too-large": 0, closed: 0 };
  /** Messages that were taken by `send`. */
  sent = 0;
  sentBytes = 0;
  /** Messages that were due while this process was busy, and were left out. */
  skipped = 0;
  received = 0;
  receivedBytes = 0;
  /** Messages that came back to the bot that had sent them, each counted once. */
  echoes = 0;
  /** Messages of this run that came to another bot, or once more. */
  unexpectedEchoes = 0;
  /** Errors of the sockets and of this program, and the first of them. */
  errors = 0;
  firstError: string | undefined;

  /** Messages whose outcome is open. */
  get pending(): number {
    const { acked, dropped, expired, closed } = this.outcomes;
    return this.sent - acked - dropped - expired - closed;
  }

  get failed(): number {
    let sum = 0;
    for (const { count } of this.failures.values()) sum += count;
    return sum;
  }

  get lost(): number {
    let sum = 0;
    for (const count of this.disconnects.values()) sum += count;
    return sum;
  }

  onFailure(code: ConnectErrorCode, example: string): void {
    const known = this.failures.get(code);
    if (known === undefined) this.failures.set(code, { count: 1, example });
    else known.count += 1;
  }

  onDisconnect(key: string): void {
    this.disconnects.set(key, (this.disconnects.get(key) ?? 0) + 1);
  }

  onError(error: unknown): void {
    this.errors += 1;
    this.firstError ??= error instanceof Error ? error.message : String(error);
  }
}
