import { callContained, type DropReason, type Logger, type LogLevel } from "@sortie/connection";
import type { AccessLogEntry } from "./access-log.js";

/** ms between two lines of one kind, where a kind could fill the log: floods must not. */
const REPEAT_MS = 10_000;
/** Errors in full within `REPEAT_MS`: a peer can send what a listener throws at, again and again. */
const MAX_ERRORS = 100;
/** ms between two looks at the counters. */
const LOOK_MS = 1000;

/** Datagrams that are dropped for a reason which an operator can do something about, and what to say of it. */
const TOLD_DROPS = {
  "rate-limited": "handshakes over the limit of their prefix, or of the process, were dropped",
  "peer-rate-limited": "packets of clients that sent more than packetsPerPeer allows were dropped",
  "half-open-full":
    "handshakes were dropped: more than handshakesPerSecond allows, or maxHalfOpen, for which calls of authenticate " +
    "count until they answer",
  "receive-buffer-full": "packets were dropped: reassemblyBudgetBytes is used up",
  "not-accepting": "hellos were turned away, of which a client may send several: maxPeers are connected",
} as const satisfies Partial<Record<DropReason, string>>;

type ToldDrop = keyof typeof TOLD_DROPS;

/** What is counted elsewhere, and looked at once a second. */
export interface WatchedCounters {
  readonly drops: { get(reason: DropReason): number };
  readonly halfOpen: number;
  /** Many of them where handshakes are dropped: `authenticate` is slow, or gives no answer. */
  readonly pendingAuthenticateCalls: number;
  /** Datagrams; see `refusedSends`. */
  readonly refused: number;
  readonly skippedTicks: number;
  /** ms. The longest hold-up for which ticks were skipped since the last look. */
  readonly holdUpMs: number;
  /** Turning clients away is then what was asked for. */
  readonly draining: boolean;
}

/** Lines of one kind that were held back. */
interface Repeats {
  readonly level: LogLevel;
  readonly message: string;
  /** Of the last one. */
  fields: object;
  count: number;
  /** ms. When the next line may go. */
  nextAtMs: number;
}

/**
 * What a server writes to its logger: peers that come and go each, a hundred errors in ten seconds, and all else at
 * most once in ten seconds and kind. What is held back meanwhile is counted, and told with the next line (`count`), or
 * at the end.
 */
export class ServerLog {
  readonly #logger: Logger | undefined;
  readonly #onFault: () => void;
  readonly #repeats: Map<string, Repeats> = new Map();
  readonly #seen: Map<string, number> = new Map();
  #lookAtMs = 0;
  /** Errors told since the ten seconds began that end at `#errorsUntilMs`. */
  #errors = 0;
  #errorsUntilMs = -Infinity;

  /** @param onFault hears that the logger threw, or rejected */
  constructor(logger: Logger | undefined, onFault: () => void) {
    this.#logger = logger;
    this.#onFault = onFault;
  }

  write(level: LogLevel, fields: object, message: string): void {
    callContained(() => this.#logger?.[level](fields, message), this.#onFault);
  }

  /** One line for each error, as long as they are not too many. */
  error(fields: object, message: string, nowMs: number): void {
    if (this.#logger === undefined) return;
    if (nowMs >= this.#errorsUntilMs) {
      this.#errors = 0;
      this.#errorsUntilMs = nowMs + REPEAT_MS;
    }
    this.#errors += 1;
    if (this.#errors <= MAX_ERRORS) this.write("error", fields, message);
    else this.#limited("errors", "error", fields, `more than ${MAX_ERRORS} errors; the last of them is told`, 1, nowMs);
  }

  /** One line for each peer that comes or goes; of others, who may be many, one in ten seconds. */
  access(entry: AccessLogEntry, nowMs: number): void {
    if (this.#logger === undefined) return;
    const { event, peerId, code = "" } = entry;
    const fields = { ...entry, address: entry.address.toString() };
    if (event === "connect") this.write("info", fields, `peer ${peerId} connected`);
    else if (event === "disconnect") this.write("info", fields, `peer ${peerId} disconnected: ${code}`);
    else if (event === "refuse" && code === "server-full") {
      // Nobody gets in, and yet all is well in the counters of what was dropped: an operator must hear of it.
      this.#limited("server-full", "warn", fields, "clients were refused: no slot was left for them", 1, nowMs);
    } else if (event === "refuse") this.#limited("refuse", "info", fields, "clients were refused", 1, nowMs);
    else this.#limited("fail", "info", fields, "handshakes failed", 1, nowMs);
  }

  /** Whether `watch` would look: once a second, and where somebody listens. */
  isLookDue(nowMs: number): boolean {
    return this.#logger !== undefined && nowMs >= this.#lookAtMs;
  }

  /** Looks, once a second at most, at what was counted since, and tells what was held back when its time has come. */
  watch(counters: WatchedCounters, nowMs: number): void {
    if (!this.isLookDue(nowMs)) return;
    this.#lookAtMs = nowMs + LOOK_MS;
    for (const reason of Object.keys(TOLD_DROPS) as ToldDrop[]) {
      const count = this.#since(reason, counters.drops.get(reason));
      if (reason === "not-accepting" && counters.draining) continue;
      const fields = reason === "half-open-full" ? newcomersIn(counters) : {};
      this.#limited(reason, "warn", fields, TOLD_DROPS[reason], count, nowMs);
    }
    const skipped = this.#since("ticks-skipped", counters.skippedTicks);
    const heldUp = { holdUpMs: Math.max(Math.round(counters.holdUpMs), this.#untold("ticks-skipped", "holdUpMs")) };
    this.#limited("ticks-skipped", "warn", heldUp, "ticks were left out: the process was held up", skipped, nowMs);
    const unsent = this.#since("send-errors", counters.refused);
    this.#limited("send-errors", "warn", {}, "datagrams were not sent: the system refused them", unsent, nowMs);
    for (const [kind, repeats] of this.#repeats) if (repeats.nextAtMs <= nowMs) this.#tell(kind, repeats, nowMs);
  }

  /** Tells all that was held back. */
  flush(nowMs: number): void {
    for (const [kind, repeats] of this.#repeats) this.#tell(kind, repeats, nowMs);
  }

  #since(name: string, count: number): number {
    const before = this.#seen.get(name) ?? 0;
    this.#seen.set(name, count);
    return count - before;
  }

  /** A number among the fields of what is held back of this kind; 0 where nothing is. */
  #untold(kind: string, field: string): number {
    const repeats = this.#repeats.get(kind);
    if (repeats === undefined || repeats.count === 0) return 0;
    return (repeats.fields as Readonly<Record<string, number>>)[field] ?? 0;
  }

  #limited(kind: string, level: LogLevel, fields: object, message: string, count: number, nowMs: number): void {
    if (count <= 0) return;
    let repeats = this.#repeats.get(kind);
    if (repeats === undefined) {
      repeats = { level, message, fields, count: 0, nextAtMs: -Infinity };
      this.#repeats.set(kind, repeats);
    }
    repeats.fields = fields;
    repeats.count += count;
    if (repeats.nextAtMs <= nowMs) this.#tell(kind, repeats, nowMs);
  }

  #tell(kind: string, repeats: Repeats, nowMs: number): void {
    const { level, fields, message, count } = repeats;
    if (count === 0) return;
    repeats.count = 0;
    repeats.nextAtMs = nowMs + REPEAT_MS;
    this.write(level, { ...fields, kind, count }, message);
  }
}

/** Who holds the places that others did not get. */
function newcomersIn({ halfOpen, pendingAuthenticateCalls }: WatchedCounters): object {
  return { halfOpen, pendingAuthenticateCalls };
}
