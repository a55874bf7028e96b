import { DeliveryCode } from "@sortie/wire";
import { type Delivery, deliveryCodeOf, deliveryTraits } from "./delivery.js";

/** How a message is to be sent; every field has a default. */
export interface SendOptions {
  /** Default "unreliable". */
  readonly delivery?: Delivery;
  /** 0..255, default 0. Order and IDs are kept per channel and mode. */
  readonly channel?: number;
  /** 0 (last) .. 7 (first), default 4. */
  readonly priority?: number;
  /**
   * ms, above 0. "bestEffort" (default 1000): resent until then; "unreliable" and "sequenced": dropped from the queue
   * when past. Not with "reliable" or "ordered", which never give up.
   */
  readonly expiresInMs?: number;
}

/** Channels 0..255: one byte on the wire. */
const CHANNELS = 256;
/** Highest priority. */
export const MAX_PRIORITY = 7;
/** Middle, so that an application can go up and down from it. */
export const DEFAULT_PRIORITY = 4;

/**
 * Checks what a caller gave to `send` and returns the delivery's code.
 * @throws TypeError when the payload is no Uint8Array or the delivery no known mode
 * @throws RangeError when channel, priority or expiresInMs is out of range, or expiresInMs is given with a mode that
 * never gives up
 */
export function checkSend(payload: Uint8Array, options: SendOptions | undefined): DeliveryCode {
  if (!(payload instanceof Uint8Array)) {
    throw new TypeError(`"payload" expected a Uint8Array, got ${describe(payload)}`);
  }
  if (options === undefined) return DeliveryCode.Unreliable;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${describe(options)}`);
  }
  const { delivery, channel, priority, expiresInMs } = options;
  const code = delivery === undefined ? DeliveryCode.Unreliable : deliveryCodeOf(delivery);
  if (code === undefined) {
    throw new TypeError(
      `"delivery" expected "unreliable", "sequenced", "bestEffort", "reliable" or "ordered", got ${describe(delivery)}`,
    );
  }
  if (channel !== undefined) checkInteger("channel", channel, CHANNELS - 1);
  if (priority !== undefined) checkInteger("priority", priority, MAX_PRIORITY);
  if (expiresInMs !== undefined) checkExpiry(code, expiresInMs);
  return code;
}

function checkInteger(label: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`"${label}" expected an integer in 0..${max}, got ${describe(value)}`);
  }
}

function checkExpiry(code: DeliveryCode, expiresInMs: number): void {
  const traits = deliveryTraits(code);
  if (!traits.mayExpire) {
    throw new RangeError(
      `"expiresInMs" expected nothing with delivery "${traits.name}", which never gives up (use "bestEffort"), ` +
        `got ${describe(expiresInMs)}`,
    );
  }
  if (!Number.isFinite(expiresInMs) || expiresInMs <= 0) {
    throw new RangeError(`"expiresInMs" expected a finite number above 0, got ${describe(expiresInMs)}`);
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
