import { ByteWriter, CloseCode, encodeClose, encodeUtf8Limited, MAX_CLOSE_TEXT_BYTES } from "@sortie/wire";

/** The closing state lasts this many probe timeouts at the most (RFC 9000 section 10.2 has three, and no repeats). */
const CLOSING_PROBE_TIMEOUTS = 4;
/** CLOSEs sent before the closing side gives up waiting for an answer. */
const MAX_CLOSES = 4;
/**
 * ms. A longer probe timeout is cut to this: a peer that acknowledges late drives it up to minutes, and for as long
 * the connection would keep its place on a server.
 */
const MAX_INTERVAL_MS = 2000;

/** How a connection ends by itself: a flush that waits, then the CLOSE, its repeats and the end of waiting. */
export class Closing {
  /** What the CLOSE says. */
  code: CloseCode = CloseCode.Normal;
  text = "";
  /** ms. When a flush that is under way is given up. */
  flushUntilMs: number = Infinity;
  /** ms. When the closing state ends without an answer. */
  endsAtMs: number = Infinity;
  /** A CLOSE must be sent now. */
  due = false;
  private frame: Uint8Array | undefined;
  private sent = 0;
  private repeatAtMs = Infinity;

  /** Whether there is a CLOSE to send, now or again. */
  get hasFrame(): boolean {
    return this.frame !== undefined;
  }

  /** ms. When `onTimeout` has something to do. */
  get nextAtMs(): number {
    return Math.min(this.flushUntilMs, this.repeatAtMs, this.endsAtMs);
  }

  /** Reliable data goes first, until `untilMs`. Throws TypeError for a text that is none. */
  flush(code: CloseCode, text: string, untilMs: number): void {
    checkReason(text);
    this.code = code;
    this.text = text;
    this.flushUntilMs = untilMs;
  }

  /** The flush that is under way ends then, unless it does sooner. */
  endFlushBy(untilMs: number): void {
    this.flushUntilMs = Math.min(this.flushUntilMs, untilMs);
  }

  /** The CLOSE, as `closeFrame` made it, goes now, and again until it is answered or the time is over. */
  start(frame: Uint8Array, nowMs: number, probeTimeoutMs: number): void {
    this.use(frame);
    const intervalMs = Math.min(probeTimeoutMs, MAX_INTERVAL_MS);
    this.repeatAtMs = nowMs + intervalMs;
    this.endsAtMs = nowMs + CLOSING_PROBE_TIMEOUTS * intervalMs;
  }

  /**
   * One CLOSE goes now, and no other: in answer to one, or after silence. Whoever hears that after all, perhaps once it
   * goes on, is rid of us as well. A transport that takes nothing for so long does not hold up the end.
   */
  answer(code: CloseCode, text: string, nowMs: number, probeTimeoutMs: number): void {
    this.use(closeFrame(code, text));
    this.endsAtMs = nowMs + Math.min(probeTimeoutMs, MAX_INTERVAL_MS);
  }

  write(writer: ByteWriter): void {
    if (this.frame !== undefined) writer.copy(this.frame);
    this.sent += 1;
    this.due = false;
  }

  /** Repeats the CLOSE when its time has come, a few times. */
  onTimeout(nowMs: number, probeTimeoutMs: number): void {
    if (this.repeatAtMs > nowMs) return;
    this.due = this.sent < MAX_CLOSES;
    this.repeatAtMs = this.due ? nowMs + Math.min(probeTimeoutMs, MAX_INTERVAL_MS) : Infinity;
  }

  private use(frame: Uint8Array): void {
    this.frame = frame;
    this.due = true;
    this.flushUntilMs = Infinity;
  }

  /** Nothing of it is to come any more. */
  stop(): void {
    this.due = false;
    this.flushUntilMs = Infinity;
    this.repeatAtMs = Infinity;
    this.endsAtMs = Infinity;
  }
}

/** The bytes of a CLOSE frame; a longer text is cut. Throws TypeError for a text that is none. */
export function closeFrame(code: CloseCode, text: string): Uint8Array {
  checkReason(text);
  const utf8 = encodeUtf8Limited(text, MAX_CLOSE_TEXT_BYTES);
  const writer = new ByteWriter().reset(new Uint8Array(utf8.length + 4));
  encodeClose(writer, code, utf8);
  return writer.bytes.slice(0, writer.offset);
}

/** What a connection is closed with must be a text: plain JavaScript may give an error, or null. Throws TypeError. */
export function checkReason(reason: unknown): void {
  if (typeof reason === "string") return;
  throw new TypeError(`"reason" expected a string, got ${reason === null ? "null" : typeof reason}`);
}
