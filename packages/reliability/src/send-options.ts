import { DeliveryCode, isBytes } from "@sortie/wire";
import { type Delivery, deliveryCodeOf, deliveryTraits } from "./delivery.js";
import { SharedPayload } from "./payload-copy.js";

/** How a message is to be sent; every field has a default. */
export interface SendOptions {
  /** Default "unreliable". */
  readonly delivery?: Delivery | undefined;
  /** 0..255, default 0. Order and IDs are kept per channel and mode. */
  readonly channel?: number | undefined;
  /** 0 (last) .. 7 (first), default 4. */
  readonly priority?: number | undefined;
  /**
   * ms, above 0, from `send` on. "bestEffort" (default 1000): resent until then; "unreliable" and "sequenced": how long
   * they may wait to be sent. Without it they wait for 100 ms once there was no room for them, on a server for two of
   * its ticks if that is longer. Not with "reliable" or "ordered", which never give up.
   */
  readonly expiresInMs?: number | undefined;
}

/**
 * bytes. Largest unreliable or sequenced message: half of what a receiver keeps for their pieces by default, so that
 * one can be whole while another comes in. At 5 % loss a message of that size arrives once in 400 times as it is.
 */
export const MAX_UNRELIABLE_MESSAGE_BYTES: number = 128 * 1024;

/** Channels 0..255: one byte on the wire. */
export const CHANNELS = 256;
/** Largest share of a channel; a turn of a channel is that many quanta. */
const MAX_WEIGHT = 255;
/** Highest priority. */
export const MAX_PRIORITY = 7;
/** Middle, so that an application can go up and down from it. */
export const DEFAULT_PRIORITY = 4;

/** All names of `SendOptions`; the compiler tells of one that is missing or too many. */
const NAMES: Readonly<Record<keyof SendOptions, true>> = {
  delivery: true,
  channel: true,
  priority: true,
  expiresInMs: true,
};

/** The options whose names were looked at last: most callers pass the same object again and again. */
let knownOptions: object | undefined;

/**
 * Checks what a caller gave to `send` and returns the delivery's code.
 * @throws TypeError when the payload is no Uint8Array, the options are none (a promise would be taken for such without
 * any), the delivery is no known mode, or there is an option of another name: a misspelt one would be passed over, and
 * a message that must arrive be sent as one that need not
 * @throws RangeError when channel, priority or expiresInMs is out of range, or expiresInMs is given with a mode that
 * never gives up
 */
export function checkSend(payload: Uint8Array | SharedPayload, options: SendOptions | undefined): DeliveryCode {
  if (!isBytes(payload) && !(payload instanceof SharedPayload)) {
    throw new TypeError(`"payload" expected a Uint8Array, got ${describe(payload)}`);
  }
  if (options === undefined) return DeliveryCode.Unreliable;
  if (typeof options !== "object" || options === null) {
    throw noObject(options);
  }
  if (options !== knownOptions) checkNames(options);
  const { delivery, channel, priority, expiresInMs } = options;
  const code = delivery === undefined ? DeliveryCode.Unreliable : deliveryCodeOf(delivery);
  if (code === undefined) {
    throw new TypeError(
      `"delivery" expected "unreliable", "sequenced", "bestEffort", "reliable" or "ordered", got ${describe(delivery)}`,
    );
  }
  if (channel !== undefined) checkChannel(channel);
  if (priority !== undefined) checkInteger("priority", priority, MAX_PRIORITY);
  if (expiresInMs !== undefined) checkExpiry(code, expiresInMs);
  return code;
}

/**
 * @throws TypeError when it is no object
 * @throws RangeError when a channel or a weight is out of range
 */
export function checkChannelWeights(weights: Readonly<Record<number, number>> | undefined): void {
  if (weights === undefined) return;
  if (typeof weights !== "object" || weights === null || Array.isArray(weights)) {
    throw new TypeError(`"channelWeights" expected an object of channels and weights, got ${describe(weights)}`);
  }
  for (const [channel, weight] of Object.entries(weights)) {
    if (!/^(0|[1-9]\d{0,2})$/.test(channel) || Number(channel) >= CHANNELS) {
      throw new RangeError(`"channelWeights" expected channels in 0..${CHANNELS - 1}, got ${JSON.stringify(channel)}`);
    }
    if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
      const expected = `an integer in 1..${MAX_WEIGHT}`;
      throw new RangeError(`"channelWeights[${channel}]" expected ${expected}, got ${describe(weight)}`);
    }
  }
}

/** Of connections that give none. */
const EQUAL_WEIGHTS: Uint8Array = new Uint8Array(CHANNELS).fill(1);
/** Of those that do: all connections of a server are given the same object. */
const knownWeights: WeakMap<object, Uint8Array> = new WeakMap();

/** The weights of all channels, 1 where none is given; to be read only. `weights` must not change any more. */
export function weightsByChannel(weights: Readonly<Record<number, number>> | undefined): Uint8Array {
  if (weights === undefined) return EQUAL_WEIGHTS;
  let byChannel = knownWeights.get(weights);
  if (byChannel === undefined) {
    byChannel = EQUAL_WEIGHTS.slice();
    for (const [channel, weight] of Object.entries(weights)) byChannel[Number(channel)] = weight;
    knownWeights.set(weights, byChannel);
  }
  return byChannel;
}

/** @throws RangeError when it is no channel */
export function checkChannel(channel: number): void {
  checkInteger("channel", channel, CHANNELS - 1);
}

function checkNames(options: object): void {
  let isEmpty = true;
  for (const name in options) {
    isEmpty = false;
    if (Object.hasOwn(NAMES, name) || (options as Record<string, unknown>)[name] === undefined) continue;
    if (Array.isArray(options)) throw noObject(options);
    throw new TypeError(`"options" expected only ${Object.keys(NAMES).join(", ")}, got ${JSON.stringify(name)}`);
  }
  // A promise, where an await was forgotten, has no names: only what has none is looked at so closely.
  if (isEmpty && (Array.isArray(options) || isPromise(options))) throw noObject(options);
  knownOptions = options;
}

function isPromise(value: object): boolean {
  return typeof (value as { readonly then?: unknown }).then === "function";
}

function noObject(options: unknown): TypeError {
  // That it may reject later, and end the process, is told by this already.
  if (options instanceof Promise) options.catch(() => undefined);
  return new TypeError(`"options" expected an object, got ${describe(options)}`);
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
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : isPromise(value) ? "a promise" : "an object";
  }
  return typeof value === "function" ? "a function" : String(value);
}
