/**
 * First byte of each frame. docs/PROTOCOL.md section 5. In the message families bit 0 says that a length follows;
 * without it the frame runs to the end of the packet.
 */
export const FrameType = {
  Padding: 0x00,
  Ping: 0x01,
  Ack: 0x02,
  Connect: 0x03,
  Accept: 0x04,
  Close: 0x05,
  PathChallenge: 0x06,
  PathResponse: 0x07,
  /** Flow control. */
  Credit: 0x08,
  /** Reserved for resumption. */
  Ticket: 0x09,
  /** ACK that says when the largest packet came, to a peer that takes such. */
  TimedAck: 0x0a,
  /** Whole messages: 0x10 | delivery << 1 | length bit. */
  Message: 0x10,
  /** Pieces of messages: 0x20 | delivery << 1 | length bit. */
  Fragment: 0x20,
} as const;

/** How a message travels: bits 1 to 3 of the message and fragment types. docs/PROTOCOL.md section 6. */
export const DeliveryCode = {
  Unreliable: 0,
  Sequenced: 1,
  BestEffort: 2,
  Reliable: 3,
  Ordered: 4,
} as const;
export type DeliveryCode = (typeof DeliveryCode)[keyof typeof DeliveryCode];

/** Bit 0 of a message or fragment type. */
export const LENGTH_BIT = 0x01;

/** Whether messages of this delivery carry an ID because the receiver must know one again. */
export function hasMessageId(delivery: DeliveryCode): boolean {
  return delivery >= DeliveryCode.BestEffort;
}
