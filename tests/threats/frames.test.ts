import {
  DeliveryCode,
  encodeAccept,
  encodeClose,
  encodeConnect,
  encodePathChallenge,
  encodePathResponse,
  encodeUtf8,
  PacketFrames,
} from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ack, bytesPart, exactPacketOf, type FramePart, message, pattern, piece } from "../support/hostile-frames.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { closeReason, messagesOf } from "../support/pair-reading.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const MODES = [Unreliable, Sequenced, BestEffort, Reliable, Ordered];

/** A message in front, so that a packet that is applied in part shows. */
const canary: FramePart = message(Reliable, 9, 0, encodeUtf8("canary"));

/** Frames whose end is not the packet's: cut anywhere, they do not decode. */
const FRAMES: [name: string, part: FramePart][] = [
  ["ACK", ack(300, [299, 250, 100], 5000)],
  ["CONNECT", (w) => encodeConnect(w, pattern(1, 30))],
  ["ACCEPT", (w) => encodeAccept(w, pattern(1, 16), pattern(2, 16))],
  ["CLOSE", (w) => encodeClose(w, 0, encodeUtf8("good bye"))],
  ["PATH_CHALLENGE", (w) => encodePathChallenge(w, pattern(3, 8))],
  ["PATH_RESPONSE", (w) => encodePathResponse(w, pattern(3, 8))],
  ...MODES.map((mode): [string, FramePart] => [`MESSAGE ${mode}`, message(mode, 1, 0, pattern(4, 20))]),
  ...MODES.map((mode): [string, FramePart] => [
    `FRAGMENT ${mode}`,
    piece({ delivery: mode, total: 300, offset: 20, bytes: pattern(5, 100) }),
  ]),
];

/** Varints of every length that is longer than need be. */
const LONG_VARINTS = [bytesPart(0x40, 1), bytesPart(0x80, 0, 0, 1), bytesPart(0xc0, 0, 0, 0, 0, 0, 0, 1)];

function expectRefusedWhole(peer: HostilePeer, plaintext: Uint8Array): void {
  const { packetsAcked, heldBytes, fragmentsReceived } = peer.stats;
  peer.sendRaw(plaintext);
  expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", by: "local" });
  expect(peer.drops.at(-1)).toBe("malformed-frames");
  expect(messagesOf(peer.victim)).toEqual([]);
  expect(peer.stats).toMatchObject({ packetsAcked, heldBytes, fragmentsReceived });
}

function decodes(plaintext: Uint8Array): boolean {
  return new PacketFrames().decode(plaintext, 0, plaintext.length) === undefined;
}

describe("T33 counts and lengths beyond the bytes that are left, unknown frames, second spellings", () => {
  it.each(FRAMES)("T33 %s cut short at each byte: the packet is refused whole, the connection ends", (_name, part) => {
    const whole = exactPacketOf(canary, part);
    const start = exactPacketOf(canary).length;
    for (let end = start + 1; end < whole.length; end += end < start + 6 ? 1 : 7) {
      const plaintext = whole.subarray(0, end);
      if (decodes(plaintext)) throw new Error(`${end - start} bytes are legal`);
      expectRefusedWhole(new HostilePeer(), plaintext);
    }
  });

  it("T33b frame types that do not exist, or are reserved", () => {
    const known = Array.from({ length: 9 }, (_, i) => i);
    const messages = Array.from({ length: 10 }, (_, i) => i);
    const legal = new Set([...known, 0x0a, ...messages.map((i) => 0x10 + i), ...messages.map((i) => 0x20 + i)]);
    for (let type = 0; type < 256; type++) {
      if (legal.has(type) || (type > 0x40 && type % 16 !== 0)) continue;
      expectRefusedWhole(new HostilePeer(), exactPacketOf(canary, bytesPart(type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
    }
  });

  it.each(LONG_VARINTS)("T33c a varint longer than need be, in every field that is one", (long) => {
    const fields: FramePart[][] = [
      [bytesPart(0x02), long, bytesPart(0, 0)],
      [bytesPart(0x02, 1), long, bytesPart(0)],
      [bytesPart(0x0a), long, bytesPart(0, 0, 0, 0, 0, 0)],
      [bytesPart(0x0a, 1), long, bytesPart(0, 0, 0, 0, 0)],
      [bytesPart(0x03), long, bytesPart(7)],
      [bytesPart(0x05, 0), long, bytesPart(65)],
      [bytesPart(0x11, 0), long, bytesPart(7, 1)],
      [bytesPart(0x21, 0, 0, 0), long, bytesPart(0, 1, 1)],
      [bytesPart(0x21, 0, 0, 0, 9), long, bytesPart(1, 1, 1)],
      [bytesPart(0x21, 0, 0, 0, 9, 8), long, bytesPart(1, 1)],
    ];
    for (const parts of fields) expectRefusedWhole(new HostilePeer(), exactPacketOf(canary, ...parts));
  });

  it.each<[string, FramePart]>([
    ["257 frames", (w) => w.copy(new Uint8Array(256).fill(0x01))],
    ["bytes after PADDING", bytesPart(0, 0, 0x01)],
    ["a length in the last frame", bytesPart(0x11, 0, 2, 7, 7)],
    ["an ACK whose last byte is zero", bytesPart(0x02, 40, 0, 2, 1, 0)],
    ["a CLOSE with half a character", bytesPart(0x05, 0, 1, 0xc3)],
    ["a CLOSE of 257 bytes", (w) => w.copy(Uint8Array.from([0x05, 0, 0x41, 0x01, ...new Array<number>(257).fill(65)]))],
    ["a CONNECT of 1025 bytes", (w) => w.copy(Uint8Array.from([0x03, 0x44, 0x01, ...new Array<number>(1025).fill(0)]))],
    ["a number above 2^53", bytesPart(0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0)],
    ["a length of 2^53 - 1", bytesPart(0x11, 0, 0xc0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)],
  ])("T33d %s", (_what, part) => {
    expectRefusedWhole(new HostilePeer(), exactPacketOf(canary, part));
  });

  it("T33e any bytes at all: either they decode, or the packet is refused whole; nothing throws", () => {
    const chunk = fc.oneof(
      fc.constantFrom(...FRAMES).map(([, part]) => exactPacketOf(part)),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 0x2a }).map((type) => Uint8Array.of(type)),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 6 }), (chunks) => {
        const plaintext = exactPacketOf(canary, (w) => chunks.forEach((bytes) => w.copy(bytes)));
        const peer = new HostilePeer();
        if (decodes(plaintext)) return peer.sendRaw(plaintext);
        refused += 1;
        expectRefusedWhole(peer, plaintext);
      }),
      { numRuns: 60, seed: 33 },
    );
    expect(refused).toBeGreaterThan(20);
  });
});
