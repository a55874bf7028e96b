import { ByteWriter, type DeliveryCode, encodeAck, encodeMessage, encodePing, FrameType } from "@sortie/wire";

/** Writes one frame, legal or not. */
export type FramePart = (writer: ByteWriter) => void;

/** bytes. What a datagram of 1452 bytes has room for. */
const MAX_PLAINTEXT_BYTES = 1427;

/** The frames of one packet. A PING at the end makes the length of the last message legal. */
export function packetOf(...parts: readonly FramePart[]): Uint8Array {
  return exactPacketOf(...parts, encodePing);
}

/** The frames of one packet and nothing else. */
export function exactPacketOf(...parts: readonly FramePart[]): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(MAX_PLAINTEXT_BYTES));
  for (const part of parts) part(writer);
  return writer.bytes.slice(0, writer.offset);
}

export function bytesPart(...values: readonly number[]): FramePart {
  return (writer) => writer.copy(Uint8Array.from(values));
}

/** A whole message. */
export function message(delivery: DeliveryCode, channel: number, id: number, payload: Uint8Array): FramePart {
  return (writer) => encodeMessage(writer, delivery, channel, id, payload);
}

export interface PieceFields {
  readonly delivery: DeliveryCode;
  readonly channel?: number;
  readonly id?: number;
  /** What the piece claims. */
  readonly total: number;
  readonly offset?: number;
  /** What it has. */
  readonly bytes: Uint8Array;
}

/** A piece of a message that says what it likes. */
export function piece({ delivery, channel = 0, id = 0, total, offset = 0, bytes }: PieceFields): FramePart {
  return (writer) => {
    writer.u8(FrameType.Fragment | (delivery << 1) | 1);
    writer.u8(channel);
    writer.u16(id);
    writer.varint(total);
    writer.varint(offset);
    writer.varint(bytes.length);
    writer.copy(bytes);
  };
}

/** A piece that is the bytes `[from, to)` of a real message. */
export function pieceOf(
  delivery: DeliveryCode,
  channel: number,
  id: number,
  whole: Uint8Array,
  from: number,
  to: number,
): FramePart {
  return piece({ delivery, channel, id, total: whole.length, offset: from, bytes: whole.subarray(from, to) });
}

/**
 * An ACK of `largest` and of the numbers in `others`, at most 1024 below it; a TIMED_ACK if `receivedAtUs` is not
 * negative.
 */
export function ack(
  largest: number,
  others: readonly number[] = [],
  delayUs: number = 0,
  receivedAtUs: number = -1,
): FramePart {
  const bitmap = new Uint8Array(128);
  let length = 0;
  for (const number of others) {
    const bit = largest - 1 - number;
    if (bit < 0 || bit >= 1024) continue;
    bitmap[bit >>> 3] = (bitmap[bit >>> 3] as number) | (1 << (bit & 7));
    length = Math.max(length, (bit >>> 3) + 1);
  }
  return (writer) => encodeAck(writer, largest, delayUs, bitmap, length, receivedAtUs);
}

/** Bytes that tell one message from another. */
export function pattern(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (seed * 31 + i * 7 + (i >>> 8)) & 0xff;
  return bytes;
}
