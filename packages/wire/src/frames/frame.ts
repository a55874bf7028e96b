import { DeliveryCode } from "./frame-type.js";

/** What a decoded frame is, with the two message families folded to one kind each. */
export const FrameKind = {
  Padding: 0,
  Ping: 1,
  Ack: 2,
  Connect: 3,
  Accept: 4,
  Close: 5,
  PathChallenge: 6,
  PathResponse: 7,
  Message: 8,
  Fragment: 9,
  Credit: 10,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/**
 * One decoded frame: a slot that is filled again for each packet, so that decoding allocates nothing. Which fields
 * have a meaning depends on `kind`; `start` and `end` delimit bytes of the decoded buffer.
 */
export class Frame {
  kind: FrameKind = FrameKind.Padding;
  /** Message, Fragment. */
  delivery: DeliveryCode = DeliveryCode.Unreliable;
  /** Message, Fragment, Credit: 0..255. */
  channel = 0;
  /** Message with an ID, Fragment: 0..65535. */
  messageId = 0;
  /** Fragment: bytes of the whole message. */
  totalBytes = 0;
  /** Fragment: where its bytes belong in the message. */
  offset = 0;
  /** Ack: highest packet number received. */
  largest = 0;
  /** Ack: microseconds between the receipt of `largest` and the sending of this frame. */
  delayUs = 0;
  /** Ack: microseconds, modulo 2^32, at which `largest` came, on a clock of the peer's; -1 when it does not say so. */
  receivedAtUs = -1;
  /** Credit: bytes that may have been sent on the channel, and on all, since the connection began. */
  channelLimitBytes = 0;
  connectionLimitBytes = 0;
  /** Close. */
  code = 0;
  /** Message, Fragment, Connect: payload. Ack: bitmap. Accept: session ID, then token. Close: text. Path: data. */
  start = 0;
  end = 0;
}
