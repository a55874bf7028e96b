/**
 * What became of a message:
 * - "acked": all of it arrived at the peer's endpoint (which may, to bound its memory, have dropped the first
 *   pieces of a large one that is neither reliable nor ordered before the last one came), and of an ordered one
 *   everything before it in its channel too;
 * - "expired": its `expiresInMs` passed first, or it went in pieces and took too long: 4 s where it is unreliable or
 *   sequenced, 29 s where it is bestEffort, counted from the first piece, which the peer does not hold for longer;
 * - "dropped": lost on the way, replaced by a newer sequenced message, unreliable and not sent within 100 ms (on a
 *   server within two of its ticks, if that is longer), pushed out of a full queue, or bestEffort with 1024 more of
 *   its channel under way behind it, when one of a higher priority came;
 * - "closed": the connection ended first.
 */
export type Outcome = "acked" | "expired" | "dropped" | "closed";

/**
 * Why a message was not taken:
 * - "queue-full": the send queue holds all it may; try again when receipts resolve (backpressure);
 * - "message-too-large": larger than the peer takes;
 * - "closed": the connection has ended.
 */
export type SendRefusal = "queue-full" | "message-too-large" | "closed";

/** Returned by every send. Printed, and as JSON, it has these fields and no others; the outcome once it is known. */
export interface SendReceipt {
  /** Whether the message was queued. */
  readonly accepted: boolean;
  /** Why it was not, undefined when it was. */
  readonly refusal: SendRefusal | undefined;
  /**
   * Resolves once with what became of the message; never rejects. Made when first asked for, so that a receipt nobody
   * looks at costs nothing. A refused message resolves "dropped", on a closed connection "closed".
   */
  readonly outcome: Promise<Outcome>;
}

class RefusedReceipt implements SendReceipt {
  readonly accepted = false;
  readonly refusal: SendRefusal;

  constructor(refusal: SendRefusal) {
    this.refusal = refusal;
  }

  get outcome(): Promise<Outcome> {
    return Promise.resolve(this.refusal === "closed" ? "closed" : "dropped");
  }
}

const QUEUE_FULL = /* @__PURE__ */ new RefusedReceipt("queue-full");
const TOO_LARGE = /* @__PURE__ */ new RefusedReceipt("message-too-large");
const CLOSED = /* @__PURE__ */ new RefusedReceipt("closed");

/** The receipt of a message that was not taken; one shared object for each reason. */
export function refusedReceipt(refusal: SendRefusal): SendReceipt {
  if (refusal === "queue-full") return QUEUE_FULL;
  return refusal === "closed" ? CLOSED : TOO_LARGE;
}
