import { DatagramBatch, SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { ReplyQueue } from "../src/reply-queue.js";

const CAP = 256;
const to = (port: number): SocketAddress => SocketAddress.parse("192.0.2.1", port);

function drained(queue: ReplyQueue, capacity: number = 1024): { more: boolean; replies: [number, number][] } {
  const batch = new DatagramBatch({ capacity, slotBytes: 1200 });
  const more = queue.drainInto(batch);
  const replies = Array.from({ length: batch.count }, (_, i): [number, number] => {
    const start = batch.offsets[i] as number;
    const length = batch.lengths[i] as number;
    const bytes = batch.buffer.subarray(start, start + length);
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    return [batch.addresses[i]?.port as number, length];
  });
  return { more, replies };
}

describe("ReplyQueue", () => {
  it("gives replies in order, each with its bytes and target", () => {
    const queue = new ReplyQueue();
    expect(queue.isEmpty).toBe(true);
    for (const size of [45, 1200, 0, 42]) queue.push(new Uint8Array(size).fill(size & 0xff), to(1000 + size));
    expect(queue.isEmpty).toBe(false);
    expect(drained(queue).replies).toEqual([
      [1045, 45],
      [2200, 1200],
      [1000, 0],
      [1042, 42],
    ]);
    expect(queue.isEmpty).toBe(true);
    expect(drained(queue)).toEqual({ more: false, replies: [] });
  });

  it("holds 256 replies, then drops what more is pushed; none of those before is touched", () => {
    const queue = new ReplyQueue();
    for (let i = 0; i < CAP + 50; i++) {
      expect(queue.isFull).toBe(i >= CAP);
      queue.push(new Uint8Array(10).fill(i), to(1 + i));
    }
    expect(drained(queue).replies.map(([port]) => port)).toEqual(Array.from({ length: CAP }, (_, i) => 1 + i));
    expect(queue.isFull).toBe(false);
  });

  it("goes on where a full batch left off, around the end of its ring", () => {
    const queue = new ReplyQueue();
    const ports: number[] = [];
    let next = 1;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 20; i++) {
        const reply = queue.reserve();
        reply.fill(next & 0xff, 0, 30);
        queue.commit(30, to(next++));
      }
      const { more, replies } = drained(queue, 15);
      expect(more).toBe(true);
      ports.push(...replies.map(([port]) => port));
    }
    const rest = drained(queue);
    expect(rest.more).toBe(false);
    ports.push(...rest.replies.map(([port]) => port));
    expect(ports).toEqual(Array.from({ length: 800 }, (_, i) => i + 1));
  });

  it("has room for 1200 bytes in each place, and no reply reaches into the next", () => {
    const queue = new ReplyQueue();
    expect(queue.reserve()).toHaveLength(1200);
    queue.push(new Uint8Array(1200).fill(1), to(1));
    queue.push(new Uint8Array(1200).fill(2), to(2));
    expect(() => queue.push(new Uint8Array(1201), to(3))).toThrow(RangeError);
    expect(drained(queue).replies).toEqual([
      [1, 1200],
      [2, 1200],
    ]);
  });
});
