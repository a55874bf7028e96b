import { type Frame, FrameKind, hasMessageId, PacketFrames } from "@sortie/wire";
import { expectSame, hex, toHex } from "./hex.js";

const KIND_NAMES = Object.fromEntries(Object.entries(FrameKind).map(([name, kind]) => [kind, name]));
const DELIVERY_NAMES = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];

/** Packets of frames that every implementation must take; what is in them is told by `describeFrame`. */
const LEGAL: readonly (readonly [name: string, bytes: string])[] = [
  ["padding alone", "00"],
  ["padding after a ping", "01 000000"],
  ["ping", "01"],
  ["256 frames", "01".repeat(256)],
  ["ack of packet 0", "02 00 00 00"],
  ["ack of packets 1 and 0", "02 01 4190 01 01"],
  ["ack with a bitmap of two bytes", "02 43e8 412c 02 0580"],
  ["ack whose lowest bit is packet 0", "02 08 00 01 80"],
  ["ack of the highest number, full bitmap", `02 c000ffffffffffff bfffffff 80 ${"01".repeat(128)}`],
  ["connect", "03 05 746f6b656e"],
  ["connect without payload", "03 00"],
  ["connect with 1024 bytes", `03 4400 ${"77".repeat(1024)}`],
  ["accept", "04 101112131415161718191a1b1c1d1e1f 202122232425262728292a2b2c2d2e2f"],
  ["close without text", "05 00 00"],
  ["close with text", "05 04 0b 746f6f20736c6f77e280a6"],
  ["close with the highest code of this version and 256 bytes", `05 09 4100 ${"61".repeat(256)}`],
  ["timed ack", "0a 43e8 412c 87654321 02 0580"],
  ["timed ack of packet 0 at time 0", "0a 00 00 00000000 00"],
  ["timed ack at the highest time, before others", "0a 07 00 ffffffff 01 03 01"],
  ["close with a code of a later version", "05 0a 00"],
  ["close with the highest code", "05 ff 03 6f6b21"],
  ["path challenge", "06 0102030405060708"],
  ["path response", "07 0102030405060708"],
  ["credit", "08 05 80400000 81000000"],
  ["credit of nothing", "08 00 00 00"],
  ["the highest credit", "08 ff c01fffffffffffff c01fffffffffffff"],
  ["unreliable message", "10 05 aabbcc"],
  ["sequenced message", "12 05 aabbcc"],
  ["best-effort message", "14 05 0102 aabbcc"],
  ["reliable message", "16 05 0102 aabbcc"],
  ["ordered message", "18 ff ffff aabbcc"],
  ["empty message", "10 00"],
  ["empty ordered message", "18 00 0000"],
  ["messages before others", "11 05 01 aa 13 06 02 bbbb 15 07 0001 00 17 08 0002 01 cc 19 09 0003 01 dd 01"],
  ["message with padding behind it", "11 05 03 aabbcc 0000"],
  ["message with a length of two bytes", `11 00 4040 ${"ee".repeat(64)} 01`],
  ["unreliable fragment", "20 05 0102 4064 32 aabbcc"],
  ["sequenced fragment at offset 0", "22 05 0102 4064 00 aabbcc"],
  ["best-effort fragment", "24 05 0102 4064 32 aabbcc"],
  ["reliable fragment", "26 05 0102 4064 32 aabbcc"],
  ["ordered fragment that ends its message", "28 05 ffff 4064 4061 aabbcc"],
  ["fragment before others", "29 05 0102 4064 00 03 aabbcc 01"],
  ["first byte of the largest message", "28 00 0000 bfffffff 00 aa"],
  ["last byte of the largest message", "28 00 0000 bfffffff bffffffe aa"],
  ["first flight of a client", "03 05 746f6b656e 18 00 0000 68656c6c6f"],
  ["first flight of a server", "02 00 43e8 00 04 101112131415161718191a1b1c1d1e1f 202122232425262728292a2b2c2d2e2f"],
];

/** Packets that every implementation must refuse as a whole. */
const ILLEGAL: readonly (readonly [name: string, bytes: string, error: string])[] = [
  ["no frame", "", "empty-packet"],
  ["257 frames", "01".repeat(257), "too-many-frames"],
  ["reserved type TICKET", "09", "unknown-frame"],
  ["unknown type", "0b", "unknown-frame"],
  ["delivery 5 in a message", "1a 00 aa", "unknown-frame"],
  ["delivery 5 in a fragment", "2a 00 0000 02 00 aa", "unknown-frame"],
  ["highest type", "ff", "unknown-frame"],
  ["unknown type after a legal frame", "01 ff", "unknown-frame"],
  ["frame after padding", "00 01", "non-canonical"],
  ["timed ack: cut short in its time", "0a 00 00 000000", "truncated"],
  ["timed ack: bit below packet 0", "0a 01 00 00000001 01 02", "out-of-range"],
  ["ack: trailing zero byte", "02 4400 00 02 0100", "non-canonical"],
  ["ack: bit below packet 0", "02 01 00 01 02", "out-of-range"],
  ["ack: bitmap on packet 0", "02 00 00 01 01", "out-of-range"],
  ["ack: bitmap of 129 bytes", `02 5000 00 81 ${"01".repeat(129)}`, "out-of-range"],
  ["ack: number 2^48", "02 c001000000000000 00 00", "out-of-range"],
  ["ack: number in too many bytes", "02 4001 00 00", "non-canonical"],
  ["ack: delay in too many bytes", "02 01 4001 00", "non-canonical"],
  ["ack: bitmap cut short", "02 4400 00 02 01", "truncated"],
  ["ack: no delay", "02 00", "truncated"],
  ["connect: 1025 bytes", `03 4401 ${"77".repeat(1025)}`, "out-of-range"],
  ["connect: cut short", "03 02 aa", "truncated"],
  ["accept: cut short", "04 101112131415161718191a1b1c1d1e1f 202122232425262728292a2b2c2d2e", "truncated"],
  ["close: 257 bytes of text", `05 00 4101 ${"61".repeat(257)}`, "out-of-range"],
  ["close: text is not UTF-8", "05 00 01 ff", "bad-text"],
  ["close: surrogate in text", "05 00 03 eda080", "bad-text"],
  ["close: overlong UTF-8", "05 00 02 c080", "bad-text"],
  ["close: cut short", "05 00 02 61", "truncated"],
  ["path challenge: cut short", "06 01020304050607", "truncated"],
  ["path response: cut short", "07", "truncated"],
  ["credit: no channel", "08", "truncated"],
  ["credit: no limit of the connection", "08 05 4040", "truncated"],
  ["credit: above 2^53 - 1", "08 05 4040 c020000000000000", "out-of-range"],
  ["credit: in too many bytes", "08 05 4005 05", "non-canonical"],
  ["message: length on the last frame", "11 05 03 aabbcc", "non-canonical"],
  ["message: length in too many bytes", "11 05 4003 aabbcc 01", "non-canonical"],
  ["message: longer than the packet", "11 05 04 aabbcc", "truncated"],
  ["message: no channel", "10", "truncated"],
  ["message: half an ID", "18 05 01", "truncated"],
  ["fragment: empty", "20 00 0000 02 00", "out-of-range"],
  ["fragment: whole message", "20 00 0000 02 00 aabb", "out-of-range"],
  ["fragment: message of no bytes", "20 00 0000 00 00 aa", "out-of-range"],
  ["fragment: beyond the end of its message", "20 00 0000 03 02 aabb", "out-of-range"],
  ["fragment: offset 2^53 - 1", "20 00 0000 03 c01fffffffffffff aa", "out-of-range"],
  ["fragment: message of 2^30 bytes", "20 00 0000 c000000040000000 00 aa", "out-of-range"],
  ["fragment: length on the last frame", "21 00 0000 03 00 01 aa", "non-canonical"],
  ["fragment: cut short", "21 00 0000 09 00 04 aabbcc", "truncated"],
];

/** The fields of a decoded frame that its kind has. */
function describeFrame(frame: Frame, bytes: Uint8Array): Record<string, unknown> {
  const kind = KIND_NAMES[frame.kind];
  const body = toHex(bytes.subarray(frame.start, frame.end));
  const { channel, messageId } = frame;
  const delivery = DELIVERY_NAMES[frame.delivery];
  switch (frame.kind) {
    case FrameKind.Padding:
      return { kind, bytes: body.length / 2 };
    case FrameKind.Ping:
      return { kind };
    case FrameKind.Ack:
      return {
        kind,
        largest: frame.largest,
        delayUs: frame.delayUs,
        ...(frame.receivedAtUs < 0 ? {} : { receivedAtUs: frame.receivedAtUs }),
        bitmap: body,
      };
    case FrameKind.Connect:
      return { kind, payload: body };
    case FrameKind.Accept:
      return { kind, sessionId: body.slice(0, 32), resetToken: body.slice(32) };
    case FrameKind.Close:
      return { kind, code: frame.code, text: new TextDecoder().decode(bytes.subarray(frame.start, frame.end)) };
    case FrameKind.Credit: {
      const { channelLimitBytes, connectionLimitBytes } = frame;
      return { kind, channel, channelLimitBytes, connectionLimitBytes };
    }
    case FrameKind.PathChallenge:
    case FrameKind.PathResponse:
      return { kind, data: body };
    case FrameKind.Message:
      return { kind, delivery, channel, ...(hasMessageId(frame.delivery) ? { messageId } : {}), payload: body };
    case FrameKind.Fragment: {
      const { totalBytes, offset } = frame;
      return { kind, delivery, channel, messageId, totalBytes, offset, payload: body };
    }
  }
}

/** Section 5: what is in a packet once it is decrypted. */
export function frameVectors(): object {
  const frames = new PacketFrames();
  return {
    section: "5",
    legal: LEGAL.map(([name, text]) => {
      const bytes = hex(text);
      expectSame(name, frames.decode(bytes, 0, bytes.length), undefined);
      const described = Array.from({ length: frames.count }, (_, i) => describeFrame(frames.at(i), bytes));
      const list = described.length > 100 ? { count: described.length, each: described[0] } : described;
      return { name, bytes: toHex(bytes), frames: list };
    }),
    illegal: ILLEGAL.map(([name, text, error]) => {
      const bytes = hex(text);
      expectSame(name, frames.decode(bytes, 0, bytes.length), error);
      return { name, bytes: toHex(bytes), error };
    }),
  };
}
