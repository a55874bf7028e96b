import { DeliveryCode } from "@sortie/wire";
import type { Delivery } from "./delivery.js";

/**
 * bytes charged for each message next to its payload: what V8 takes for a short message that waits to be read.
 * docs/PROTOCOL.md section 6.5.
 */
const CREDIT_OVERHEAD_BYTES = 256;

/** bytes of every limit that senders leave to messages within a packet, so that bulk data does not hold them up. */
export const SMALL_SHARE_BYTES: number = 256 * 1024;

/** bytes on top, so that a receiver need not tell of every message when the largest fills the window. */
const SLACK_BYTES: number = 64 * 1024;

/** Channels whose application reads nothing at all until the others of the connection have to wait too. */
const STALLED_CHANNELS = 4;

/** Whether messages of a delivery are charged: those that the receiver may neither drop nor refuse. */
export function isCredited(delivery: DeliveryCode): boolean {
  return delivery >= DeliveryCode.Reliable;
}

/** The same by name. */
export function isCreditedMode(delivery: Delivery): boolean {
  return delivery === "reliable" || delivery === "ordered";
}

/** bytes that a message is charged. */
export function creditCost(payloadBytes: number): number {
  return payloadBytes + CREDIT_OVERHEAD_BYTES;
}

/** bytes that must be left for a message to start. `large`: it does not fit a packet. */
export function creditToStart(payloadBytes: number, large: boolean): number {
  return creditCost(payloadBytes) + (large ? SMALL_SHARE_BYTES : 0);
}

/** bytes, overhead included, that one channel may have under way and unread. */
export function channelWindowBytes(receiveWindowBytes: number): number {
  return receiveWindowBytes + SMALL_SHARE_BYTES + SLACK_BYTES;
}

/** bytes, overhead included, that all channels together may have under way and unread. */
export function connectionWindowBytes(receiveWindowBytes: number): number {
  return STALLED_CHANNELS * channelWindowBytes(receiveWindowBytes);
}
