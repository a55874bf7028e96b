import { ByteReader } from "../byte-reader.js";
import { MAX_FRAMES_PER_PACKET } from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { decodeAccept } from "./accept.js";
import { decodeAck } from "./ack.js";
import { decodeClose } from "./close.js";
import { decodeConnect } from "./connect.js";
import { decodeCredit } from "./credit.js";
import { decodeFragment } from "./fragment.js";
import { Frame, FrameKind } from "./frame.js";
import { DeliveryCode, FrameType } from "./frame-type.js";
import { decodeMessage } from "./message.js";
import { decodePadding } from "./padding.js";
import { decodePath } from "./path.js";

const MESSAGE_END = FrameType.Message | (DeliveryCode.Ordered << 1) | 1;
const FRAGMENT_END = FrameType.Fragment | (DeliveryCode.Ordered << 1) | 1;

/**
 * The frames of one packet. Decodes all of them before any is applied, so that a packet counts whole or not at all.
 * Slots are kept and filled again: frames are valid until the next `decode`.
 */
export class PacketFrames {
  count = 0;
  private readonly slots: Frame[] = [];
  private readonly reader = new ByteReader();

  /** Frame `index` (0..count-1). */
  at(index: number): Frame {
    return this.slots[index] as Frame;
  }

  /** Decodes `bytes[start, end)`. After an error `count` is 0. */
  decode(bytes: Uint8Array, start: number, end: number): DecodeError | undefined {
    const reader = this.reader.reset(bytes, start, end);
    this.count = 0;
    if (start >= end) return "empty-packet";
    let count = 0;
    while (reader.remaining > 0) {
      if (count === MAX_FRAMES_PER_PACKET) return "too-many-frames";
      let frame = this.slots[count];
      if (frame === undefined) {
        frame = new Frame();
        this.slots.push(frame);
      }
      decodeFrame(reader, frame);
      if (reader.error !== undefined) return reader.error;
      count += 1;
    }
    this.count = count;
    return undefined;
  }
}

function decodeFrame(reader: ByteReader, frame: Frame): void {
  const type = reader.u8();
  if (type >= FrameType.Message && type <= MESSAGE_END) return decodeMessage(reader, frame, type);
  if (type >= FrameType.Fragment && type <= FRAGMENT_END) return decodeFragment(reader, frame, type);
  switch (type) {
    case FrameType.Padding:
      return decodePadding(reader, frame);
    case FrameType.Ping:
      frame.kind = FrameKind.Ping;
      return;
    case FrameType.Ack:
    case FrameType.TimedAck:
      return decodeAck(reader, frame, type);
    case FrameType.Connect:
      return decodeConnect(reader, frame);
    case FrameType.Accept:
      return decodeAccept(reader, frame);
    case FrameType.Close:
      return decodeClose(reader, frame);
    case FrameType.PathChallenge:
    case FrameType.PathResponse:
      return decodePath(reader, frame, type);
    case FrameType.Credit:
      return decodeCredit(reader, frame);
    default:
      return reader.fail("unknown-frame");
  }
}
