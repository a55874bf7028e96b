import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PayloadChunks } from "../src/payload-chunks.js";
import { receivedPayload } from "../src/received-payload.js";
import { Pair, payload } from "./support/pair.js";

/** bytes. */
const CHUNK_BYTES = 16 * 1024;
const hasOwnMemory = (bytes: Uint8Array): boolean => bytes.buffer.byteLength === bytes.length;
/** The n-th of the bytes that a packet is filled with here. */
const mark = (n: number, fill: number): number => (n * 7 + fill) & 0xff;

describe("received payloads", () => {
  it("property: each keeps its bytes whatever comes after it, and starts at a multiple of 8", () => {
    const sizes = fc.oneof(fc.nat(80), fc.nat(1452));
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.nat(9), fc.nat(255)), { maxLength: 120 }), (messages) => {
        const packet = new Uint8Array(1500);
        const received = messages.map(([length, start, fill]) => {
          for (let n = 0; n < length; n++) packet[start + n] = mark(n, fill);
          const copy = receivedPayload(packet, start, start + length);
          packet.fill(0xee);
          return { copy, length, fill };
        });
        const ends = new Map<ArrayBufferLike, number>();
        for (const { copy, length, fill } of received) {
          expect(copy.length).toBe(length);
          expect(copy.every((byte, n) => byte === mark(n, fill))).toBe(true);
          expect(copy.byteOffset % 8).toBe(0);
          expect(copy.byteOffset).toBeGreaterThanOrEqual(ends.get(copy.buffer) ?? 0);
          ends.set(copy.buffer, copy.byteOffset + length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("are plain arrays, of a Buffer too", () => {
    const copy = receivedPayload(Buffer.from("a packet"), 2, 8);
    expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
    expect(new TextDecoder().decode(copy)).toBe("packet");
  });

  it("share chunks of 16 KiB; what is larger than any packet does not", () => {
    const packet = new Uint8Array(4096);
    const buffers = new Set(Array.from({ length: 1000 }, () => receivedPayload(packet, 0, 64).buffer));
    expect(buffers.size).toBeLessThanOrEqual(5);
    for (const buffer of buffers) expect(buffer.byteLength).toBe(CHUNK_BYTES);
    expect(hasOwnMemory(receivedPayload(packet, 0, 2048))).toBe(false);
    expect(hasOwnMemory(receivedPayload(packet, 0, 2049))).toBe(true);
  });

  it("cannot be taken along by who transfers one of them", () => {
    const packet = Uint8Array.from({ length: 20 }, (_, n) => n);
    const [one, other] = [receivedPayload(packet, 0, 10), receivedPayload(packet, 10, 20)];
    try {
      structuredClone(one, { transfer: [one.buffer as ArrayBuffer] });
    } catch (error) {
      expect((error as Error).name).toBe("DataCloneError"); // Node 20 copies instead
    }
    expect([...one, ...other]).toEqual([...packet]);
  });

  it("a chunk that was transferred all the same, as browsers let one do, is not written to any more", () => {
    const chunks = new PayloadChunks(false);
    chunks.reserve(10);
    const { chunk } = chunks;
    structuredClone(chunk, { transfer: [chunk.buffer] });
    expect(chunks.reserve(10)).toBe(0);
    expect(chunks.chunk === chunk).toBe(false);
    expect(chunks.chunk.length).toBe(CHUNK_BYTES);
    expect(chunks.view.byteLength).toBe(CHUNK_BYTES);
  });

  it("lie in a chunk from the first one on, though it have no bytes", () => {
    const chunks = new PayloadChunks(false);
    expect([chunks.reserve(0), chunks.chunk.length]).toEqual([0, CHUNK_BYTES]);
  });

  it.each(["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const)(
    "of %s messages that are delivered at once lie in a chunk",
    (delivery) => {
      const pair = new Pair();
      pair.a.endpoint.send(payload(1, 40), { delivery }, pair.nowMs);
      pair.runFor(100);
      expect(pair.b.received).toHaveLength(1);
      expect(hasOwnMemory(pair.b.received[0]!.payload)).toBe(false);
    },
  );

  it("of messages that nobody reads yet have memory of their own", () => {
    const pair = new Pair();
    pair.b.endpoint.setReading(false);
    for (const delivery of ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const) {
      pair.a.endpoint.send(payload(1, 40), { delivery }, pair.nowMs);
    }
    pair.runFor(200);
    pair.b.endpoint.setReading(true);
    pair.a.endpoint.send(payload(2, 40), { delivery: "ordered" }, pair.nowMs);
    pair.runFor(200);
    const owns = pair.b.received.map((message) => hasOwnMemory(message.payload));
    expect(owns).toEqual([true, true, true, true, true, false]);
  });

  it("of messages that wait have memory of their own: the peer says what waits, and what a chunk holds besides", () => {
    const early = new Pair({ drop: (packetNumber) => packetNumber === 0 });
    for (let i = 0; i < 3; i++) {
      early.a.endpoint.send(payload(i, 40), { delivery: "ordered" }, early.nowMs);
      early.runFor(5);
    }
    early.runFor(1000);
    // The first was sent again, and is delivered as it comes.
    expect(early.b.received.map((message) => hasOwnMemory(message.payload))).toEqual([false, true, true]);

    const paused = new Pair();
    paused.b.endpoint.setPaused(3, true);
    for (const delivery of ["reliable", "ordered"] as const) {
      for (const channel of [3, 4]) paused.a.endpoint.send(payload(1, 40), { delivery, channel }, paused.nowMs);
    }
    paused.runFor(200);
    paused.b.endpoint.setPaused(3, false);
    paused.b.poll(paused.nowMs);
    const byChannel = (channel: number): boolean[] =>
      paused.b.received.flatMap((message) => (message.channel === channel ? [hasOwnMemory(message.payload)] : []));
    expect(byChannel(4)).toEqual([false, false]);
    expect(byChannel(3)).toEqual([true, true]);
  });
});
