import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ByteWriter,
  type CloseCode,
  closeLastFrame,
  type DeliveryCode,
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
  encodeUtf8Limited,
  type Frame,
  FrameKind,
  hasMessageId,
  MAX_FRAMES_PER_PACKET,
  MAX_PACKET_NUMBER,
  PacketFrames,
} from "../src/index.js";
import { bytesOf, embed, mutationsOf, toHex, varintUpTo, written } from "./helpers.js";

/** A frame as its encoder is asked for it. Payloads of fragments are the whole message. */
type Sample =
  | { kind: "padding"; count: number }
  | { kind: "ping" }
  | { kind: "ack"; largest: number; delayUs: number; receivedAtUs: number; bitmap: Uint8Array }
  | { kind: "connect"; payload: Uint8Array }
  | { kind: "accept"; sessionId: Uint8Array; resetToken: Uint8Array }
  | { kind: "close"; code: CloseCode; text: Uint8Array }
  | { kind: "credit"; channel: number; channelLimitBytes: number; connectionLimitBytes: number }
  | { kind: "challenge" | "response"; data: Uint8Array }
  | { kind: "message"; delivery: DeliveryCode; channel: number; messageId: number; payload: Uint8Array }
  | {
      kind: "fragment";
      delivery: DeliveryCode;
      channel: number;
      messageId: number;
      message: Uint8Array;
      from: number;
      to: number;
    };

const delivery = fc.constantFrom<DeliveryCode>(0, 1, 2, 3, 4);
const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 0xffff });
const constant = <K extends string>(kind: K): fc.Arbitrary<K> => fc.constant(kind);

const ack = fc
  .tuple(
    varintUpTo(MAX_PACKET_NUMBER),
    varintUpTo(Number.MAX_SAFE_INTEGER),
    fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    fc.uint8Array({ maxLength: 128 }),
  )
  .map(([largest, delayUs, receivedAtUs, bits]): Sample => {
    let end = bits.length;
    const fits = (): boolean => {
      const last = bits[end - 1] as number;
      return last !== 0 && largest - 1 - ((end - 1) * 8 + 31 - Math.clz32(last)) >= 0;
    };
    while (end > 0 && !fits()) end -= 1;
    return { kind: "ack", largest, delayUs, receivedAtUs, bitmap: bits.slice(0, end) };
  });

const fragment = fc
  .tuple(delivery, u8, u16, fc.uint8Array({ minLength: 2, maxLength: 200 }), fc.nat(), fc.nat())
  .map(([code, channel, messageId, message, a, b]): Sample => {
    const from = a % message.length;
    const longest = Math.min(message.length - from, message.length - 1);
    const to = from + 1 + (b % longest);
    return { kind: "fragment", delivery: code, channel, messageId, message, from, to };
  });

const inner: fc.Arbitrary<Sample> = fc.oneof(
  fc.record({ kind: constant("ping") }),
  ack,
  fc.record({ kind: constant("connect"), payload: fc.uint8Array({ maxLength: 100 }) }),
  fc.record({ kind: constant("accept"), sessionId: bytesOf(16), resetToken: bytesOf(16) }),
  fc.record({
    kind: constant("close"),
    code: fc.integer({ min: 0, max: 255 }) as fc.Arbitrary<CloseCode>,
    text: fc.string({ unit: "grapheme", maxLength: 80 }).map((text) => encodeUtf8Limited(text, 256).slice()),
  }),
  fc.record({ kind: fc.constantFrom("challenge" as const, "response" as const), data: bytesOf(8) }),
  fc.record({
    kind: constant("credit"),
    channel: u8,
    channelLimitBytes: varintUpTo(Number.MAX_SAFE_INTEGER),
    connectionLimitBytes: varintUpTo(Number.MAX_SAFE_INTEGER),
  }),
  fc.record({
    kind: constant("message"),
    delivery,
    channel: u8,
    messageId: u16,
    payload: fc.uint8Array({ maxLength: 100 }),
  }),
  fragment,
);

const packet: fc.Arbitrary<Sample[]> = fc
  .tuple(fc.array(inner, { maxLength: 8 }), fc.integer({ min: -3, max: 5 }))
  .map(([samples, zeros]): Sample[] => (zeros > 0 ? [...samples, { kind: "padding", count: zeros }] : samples))
  .filter((samples) => samples.length > 0);

function encode(writer: ByteWriter, sample: Sample): void {
  switch (sample.kind) {
    case "padding":
      return encodePadding(writer, sample.count);
    case "ping":
      return encodePing(writer);
    case "ack":
      return encodeAck(
        writer,
        sample.largest,
        sample.delayUs,
        sample.bitmap,
        sample.bitmap.length,
        sample.receivedAtUs,
      );
    case "connect":
      return encodeConnect(writer, sample.payload);
    case "accept":
      return encodeAccept(writer, sample.sessionId, sample.resetToken);
    case "close":
      return encodeClose(writer, sample.code, sample.text);
    case "credit":
      return encodeCredit(writer, sample.channel, sample.channelLimitBytes, sample.connectionLimitBytes);
    case "challenge":
      return encodePathChallenge(writer, sample.data);
    case "response":
      return encodePathResponse(writer, sample.data);
    case "message":
      return encodeMessage(writer, sample.delivery, sample.channel, sample.messageId, sample.payload);
    case "fragment": {
      const { channel, messageId, message, from, to } = sample;
      return encodeFragment(writer, sample.delivery, channel, messageId, message, from, to);
    }
  }
}

function encodePacket(samples: readonly Sample[]): Uint8Array {
  return written((writer) => {
    let frameStart = 0;
    for (const sample of samples) {
      frameStart = writer.offset;
      encode(writer, sample);
    }
    const last = samples.at(-1);
    if (last?.kind === "message") closeLastFrame(writer, frameStart, last.payload.length);
    if (last?.kind === "fragment") closeLastFrame(writer, frameStart, last.to - last.from);
  }, 8192);
}

/** A decoded frame as a sample. A fragment's message is rebuilt with zeros where its other pieces belong. */
function sampleOf(frame: Frame, bytes: Uint8Array): Sample {
  const body = bytes.slice(frame.start, frame.end);
  const { channel, messageId } = frame;
  switch (frame.kind) {
    case FrameKind.Padding:
      return { kind: "padding", count: body.length };
    case FrameKind.Ping:
      return { kind: "ping" };
    case FrameKind.Ack:
      return {
        kind: "ack",
        largest: frame.largest,
        delayUs: frame.delayUs,
        receivedAtUs: frame.receivedAtUs,
        bitmap: body,
      };
    case FrameKind.Connect:
      return { kind: "connect", payload: body };
    case FrameKind.Accept:
      return { kind: "accept", sessionId: body.slice(0, 16), resetToken: body.slice(16) };
    case FrameKind.Close:
      return { kind: "close", code: frame.code as CloseCode, text: body };
    case FrameKind.Credit: {
      const { channelLimitBytes, connectionLimitBytes } = frame;
      return { kind: "credit", channel, channelLimitBytes, connectionLimitBytes };
    }
    case FrameKind.PathChallenge:
      return { kind: "challenge", data: body };
    case FrameKind.PathResponse:
      return { kind: "response", data: body };
    case FrameKind.Message:
      return { kind: "message", delivery: frame.delivery, channel, messageId, payload: body };
    case FrameKind.Fragment: {
      const message = new Uint8Array(frame.totalBytes);
      message.set(body, frame.offset);
      const { offset: from } = frame;
      return { kind: "fragment", delivery: frame.delivery, channel, messageId, message, from, to: from + body.length };
    }
  }
}

/** What of a sample survives the wire: no ID where the mode has none, of a fragment its own piece only. */
function onTheWire(sample: Sample): Sample {
  if (sample.kind === "message" && !hasMessageId(sample.delivery)) return { ...sample, messageId: 0 };
  if (sample.kind !== "fragment") return sample;
  const message = new Uint8Array(sample.message.length);
  message.set(sample.message.subarray(sample.from, sample.to), sample.from);
  return { ...sample, message };
}

function samplesOf(frames: PacketFrames, bytes: Uint8Array): Sample[] {
  return Array.from({ length: frames.count }, (_, i) => sampleOf(frames.at(i), bytes));
}

const frames = new PacketFrames();

describe("frames, any of them", () => {
  it("decode to what was encoded", () => {
    fc.assert(
      fc.property(packet, (samples) => {
        const bytes = encodePacket(samples);
        expect(frames.decode(bytes, 0, bytes.length)).toBeUndefined();
        expect(samplesOf(frames, bytes)).toEqual(samples.map(onTheWire));
      }),
      { seed: 10, numRuns: 500 },
    );
  });

  it("have one spelling: mutated and random bytes that decode are what would be encoded", () => {
    const random = fc.uint8Array({ maxLength: 64 });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(mutationsOf(packet.map(encodePacket)), random), (bytes) => {
        const { view, isUntouched } = embed(bytes);
        const error = frames.decode(view, 0, view.length);
        expect(isUntouched()).toBe(true);
        if (error !== undefined) {
          expect(frames.count).toBe(0);
          return;
        }
        accepted += 1;
        expect(frames.count).toBeGreaterThan(0);
        expect(frames.count).toBeLessThanOrEqual(MAX_FRAMES_PER_PACKET);
        for (let i = 0; i < frames.count; i++) {
          const { kind, start, end } = frames.at(i);
          if (kind === FrameKind.Ping) continue;
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(view.length);
        }
        // A piece of a huge message would need that message to be encoded again.
        for (let i = 0; i < frames.count; i++) if (frames.at(i).totalBytes > 4096) return;
        expect(toHex(encodePacket(samplesOf(frames, view)))).toBe(toHex(bytes));
      }),
      { seed: 11, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("are refused at every cut that does not fall between two frames", () => {
    fc.assert(
      fc.property(packet, (samples) => {
        const bytes = encodePacket(samples);
        const { view } = embed(bytes);
        for (let cut = 0; cut < bytes.length; cut++) {
          const error = frames.decode(view, 0, cut);
          if (error !== undefined) continue;
          expect(toHex(encodePacket(samplesOf(frames, view)))).toBe(toHex(bytes.subarray(0, cut)));
        }
      }),
      { seed: 12, numRuns: 50 },
    );
  });
});
