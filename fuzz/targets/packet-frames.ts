import {
  ByteWriter,
  type CloseCode,
  closeLastFrame,
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeConnect,
  encodeCredit,
  encodeFragment,
  encodeMessage,
  encodePadding,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
  type Frame,
  FrameKind,
  PacketFrames,
} from "@sortie/wire";
import { FRAME_WORDS, frameSeeds } from "../lib/frame-words.js";
import { checkCodec } from "../lib/guarded.js";
import { check, type FuzzTarget } from "../lib/target.js";

const MAX_BYTES = 1500;
/** bytes. Messages whose pieces are encoded again; of larger ones only the bounds are checked. */
const MAX_MESSAGE_BYTES = 65_536;

interface Packet {
  /** The buffer that the frames' bounds are of. */
  readonly whole: Uint8Array;
  readonly input: Uint8Array;
}

const frames = new PacketFrames();
const message = new Uint8Array(MAX_MESSAGE_BYTES);
const output = new Uint8Array(MAX_BYTES + 16);

/** The frames of a packet: decode, bounds, and encode again. */
export const packetFrames: FuzzTarget = {
  name: "packet-frames",
  maxBytes: MAX_BYTES,
  dictionary: FRAME_WORDS,
  seeds: frameSeeds,
  run(input) {
    checkCodec(input, decode, encode);
  },
};

function decode(bytes: Uint8Array): Packet | string {
  // With an offset into the buffer below the view, as a receiver does that decrypts into a larger one.
  const whole = new Uint8Array(bytes.buffer);
  const start = bytes.byteOffset;
  const error = frames.decode(whole, start, start + bytes.length);
  if (error !== undefined) {
    check(frames.count === 0, "frames are left after an error");
    return error;
  }
  for (let i = 0; i < frames.count; i++) {
    const frame = frames.at(i);
    // A PING has no payload: its slot keeps the bounds of an earlier frame.
    if (frame.kind === FrameKind.Ping) continue;
    const lies = frame.start >= start && frame.start <= frame.end && frame.end <= start + bytes.length;
    check(lies, `frame ${i} lies outside of the packet`);
  }
  return { whole, input: bytes };
}

function encode({ whole, input }: Packet): Uint8Array {
  const writer = new ByteWriter().reset(output);
  for (let i = 0; i < frames.count; i++) {
    const frame = frames.at(i);
    const start = writer.offset;
    if (!write(writer, frame, whole)) return input;
    const isMessage = frame.kind === FrameKind.Message || frame.kind === FrameKind.Fragment;
    if (isMessage && i === frames.count - 1) closeLastFrame(writer, start, frame.end - frame.start);
  }
  return output.subarray(0, writer.offset);
}

/** False where the message is too large to be made for it. */
function write(writer: ByteWriter, frame: Frame, bytes: Uint8Array): boolean {
  const payload = frame.kind === FrameKind.Ping ? bytes : bytes.subarray(frame.start, frame.end);
  switch (frame.kind) {
    case FrameKind.Padding:
      encodePadding(writer, payload.length);
      return true;
    case FrameKind.Ping:
      encodePing(writer);
      return true;
    case FrameKind.Ack:
      encodeAck(writer, frame.largest, frame.delayUs, payload, payload.length);
      return true;
    case FrameKind.Connect:
      encodeConnect(writer, payload);
      return true;
    case FrameKind.Accept:
      encodeAccept(writer, payload.subarray(0, 16), payload.subarray(16));
      return true;
    case FrameKind.Close:
      encodeClose(writer, frame.code as CloseCode, payload);
      return true;
    case FrameKind.Credit:
      encodeCredit(writer, frame.channel, frame.channelLimitBytes, frame.connectionLimitBytes);
      return true;
    case FrameKind.PathChallenge:
      encodePathChallenge(writer, payload);
      return true;
    case FrameKind.PathResponse:
      encodePathResponse(writer, payload);
      return true;
    case FrameKind.Message:
      encodeMessage(writer, frame.delivery, frame.channel, frame.messageId, payload);
      return true;
    case FrameKind.Fragment: {
      const { delivery, channel, messageId, totalBytes, offset } = frame;
      check(offset + payload.length <= totalBytes, "a piece reaches beyond its message");
      if (totalBytes > MAX_MESSAGE_BYTES) return false;
      const whole = message.subarray(0, totalBytes);
      whole.set(payload, offset);
      encodeFragment(writer, delivery, channel, messageId, whole, offset, offset + payload.length);
      return true;
    }
  }
}
