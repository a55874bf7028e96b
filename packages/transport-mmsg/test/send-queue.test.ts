import { constants } from "node:os";
import { DatagramBatch, SocketAddress, TransportCounters } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { LinuxSockets } from "../src/linux-sockets.js";
import { SendQueue } from "../src/send-queue.js";
import { SendRing } from "../src/send-ring.js";
import { SockaddrCodec } from "../src/sockaddr.js";

const { EAGAIN, EBADF, ECONNREFUSED, EINTR, EINVAL, EIO, EMSGSIZE, ENOBUFS, EPERM } = constants.errno;
const PEERS = Array.from({ length: 8 }, (_, i) => SocketAddress.parse("192.0.2.1", i + 1));

/** Memory and calls of a system that answers from a list: a count of messages, or a negative errno. */
class FakeSystem {
  answers: number[] = [];
  lastError = 0;
  /** Messages of each call. */
  readonly calls: number[] = [];
  readonly koffi = {
    alloc: (_type: string, length: number) => BigInt(length),
    address: () => 4096n,
    view: (_pointer: bigint, length: number) => new ArrayBuffer(length),
    free: () => undefined,
  };

  send(_fd: number, _headers: number, count: number): number {
    this.calls.push(count);
    const answer = this.answers.shift() ?? count;
    if (answer >= 0) return Math.min(answer, count);
    this.lastError = -answer;
    return -1;
  }
}

function make(options: { segments?: boolean } = {}) {
  const system = new FakeSystem();
  const sockets = system as unknown as LinuxSockets;
  const codec = new SockaddrCodec({ interfaceIndex: () => 0, interfaceName: () => undefined });
  const targets = { family: 4, ipv6Only: false } as const;
  const ring = new SendRing(sockets, codec, targets, options.segments ?? false, true);
  const counters = new TransportCounters();
  const events: string[] = [];
  const queue = new SendQueue(7, sockets, ring, counters, {
    watchWritable: (watch) => events.push(watch ? "watch" : "unwatch"),
    onGone: (error) => events.push(error.message),
    onDrained: () => events.push("drained"),
  });
  return { system, ring, counters, events, queue };
}

function batchOf(count: number, to: (i: number) => SocketAddress = (i) => PEERS[i % PEERS.length]!, bytes = 10) {
  const state = { released: false };
  const batch = new DatagramBatch({ onRelease: () => (state.released = true) });
  for (let i = 0; i < count; i++) batch.commit(bytes, to(i));
  return Object.assign(state, { batch });
}

describe("SendQueue", () => {
  it("sends a batch by one call and releases it", () => {
    const { system, counters, queue } = make();
    const first = batchOf(64);
    queue.send(first.batch);
    expect(system.calls).toEqual([64]);
    expect(first.released).toBe(true);
    expect(counters).toMatchObject({ datagramsSent: 64, bytesSent: 640, sendErrors: 0 });
    expect(queue.idle).toBe(true);
  });

  it("EAGAIN: the rest waits for the socket to be writable, in order, and nothing is lost or doubled", () => {
    const { system, counters, events, queue } = make();
    const [first, second] = [batchOf(10), batchOf(5)];
    system.answers = [4, -EAGAIN];
    queue.send(first.batch);
    queue.send(second.batch);
    expect([first.released, second.released, queue.idle]).toEqual([false, false, false]);
    expect(system.calls).toEqual([10, 6]);
    expect(events).toEqual(["watch"]);
    system.answers = [2, -EAGAIN];
    queue.resume();
    expect(counters.datagramsSent).toBe(6);
    queue.resume();
    expect(system.calls).toEqual([10, 6, 6, 4, 4, 5]);
    expect([first.released, second.released]).toEqual([true, true]);
    expect(events).toEqual(["watch", "watch", "unwatch", "drained"]);
    expect(counters).toMatchObject({ datagramsSent: 15, bytesSent: 150, sendErrors: 0 });
  });

  it("EINTR is tried again at once", () => {
    const { system, counters, queue } = make();
    system.answers = [-EINTR, 3, -EINTR];
    queue.send(batchOf(6).batch);
    expect(system.calls).toEqual([6, 6, 3, 3]);
    expect(counters).toMatchObject({ datagramsSent: 6, sendErrors: 0 });
  });

  it.each([
    ["EPERM", EPERM, 0],
    ["EMSGSIZE", EMSGSIZE, 2],
    ["EINVAL", EINVAL, 0],
  ])("%s costs the datagram that met it, and no other", (_name, errno, tooLarge) => {
    const { system, counters, queue } = make();
    system.answers = [2, -errno, -errno];
    queue.send(batchOf(6).batch);
    expect(system.calls).toEqual([6, 4, 3, 2]);
    expect(counters).toMatchObject({ datagramsSent: 4, sendErrors: 2, tooLarge });
  });

  it("ECONNREFUSED is about another datagram: this one is tried again, once", () => {
    const { system, counters, queue } = make();
    system.answers = [-ECONNREFUSED];
    queue.send(batchOf(3).batch);
    expect(counters).toMatchObject({ datagramsSent: 3, sendErrors: 0, receiveErrors: 1 });
    system.answers = [-ECONNREFUSED, -ECONNREFUSED, 1, -ECONNREFUSED];
    queue.send(batchOf(3).batch);
    expect(counters).toMatchObject({ datagramsSent: 5, sendErrors: 1, receiveErrors: 4 });
  });

  it("ENOBUFS: tried again after a pause, and counted as lost when it stays", async () => {
    const { system, counters, queue } = make();
    system.answers = [1, -ENOBUFS, -ENOBUFS];
    const first = batchOf(4);
    queue.send(first.batch);
    queue.resume(); // a writable socket does not end the pause
    expect(system.calls.length).toBe(2);
    while (!queue.idle) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(counters).toMatchObject({ datagramsSent: 4, sendErrors: 0 });
    system.answers = new Array<number>(8).fill(-ENOBUFS);
    queue.send(batchOf(2).batch);
    while (!queue.idle) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(counters).toMatchObject({ datagramsSent: 5, sendErrors: 1 });
    expect(first.released).toBe(true);
  });

  it("a descriptor that is gone is told once a call, everything is counted and released", () => {
    const { system, counters, events, queue } = make();
    system.answers = [2, -EBADF];
    const first = batchOf(6);
    queue.send(first.batch);
    expect(events).toEqual(["sendmmsg EBADF", "unwatch", "drained"]);
    expect(first.released).toBe(true);
    expect(counters).toMatchObject({ datagramsSent: 2, sendErrors: 4 });
  });

  it("abandon counts and releases what waits", () => {
    const { system, counters, queue } = make();
    system.answers = [3, -EAGAIN];
    const [first, second] = [batchOf(10), batchOf(5)];
    queue.send(first.batch);
    queue.send(second.batch);
    queue.abandon();
    expect([first.released, second.released, queue.idle]).toEqual([true, true, true]);
    expect(counters).toMatchObject({ datagramsSent: 3, sendErrors: 12 });
  });

  it("a batch that was detached sends nothing", () => {
    const { system, counters, queue } = make();
    const { batch } = batchOf(2);
    const memory = batch.buffer.buffer as ArrayBuffer;
    structuredClone(memory, { transfer: [memory] });
    queue.send(batch);
    expect(system.calls).toEqual([]);
    expect(counters).toMatchObject({ datagramsSent: 0, sendErrors: 2 });
  });

  it("more datagrams than a call takes go by several", () => {
    const { system, counters, queue } = make();
    const batch = new DatagramBatch({ capacity: 150, slotBytes: 100 });
    for (let i = 0; i < 150; i++) batch.commit(1, PEERS[i % 8]!);
    queue.send(batch);
    expect(system.calls).toEqual([64, 64, 22]);
    expect(counters.datagramsSent).toBe(150);
  });
});

describe("SendQueue with segments", () => {
  const toOne = (): SocketAddress => PEERS[0]!;

  it("a run to one peer is one message", () => {
    const { system, counters, queue } = make({ segments: true });
    queue.send(batchOf(30, toOne, 1200).batch);
    expect(system.calls).toEqual([1]);
    expect(counters).toMatchObject({ datagramsSent: 30, bytesSent: 36_000 });
  });

  it("a message has at most 64 segments and 65,487 bytes", () => {
    const { system, queue } = make({ segments: true });
    queue.send(batchOf(64, toOne, 1400).batch); // 46 of them are 64,400 bytes
    expect(system.calls).toEqual([2]);
  });

  it.each([
    ["EINVAL", EINVAL],
    ["EMSGSIZE", EMSGSIZE],
  ])("%s: a run that the path does not take goes datagram by datagram, later ones are joined again", (_name, errno) => {
    const { system, ring, counters, queue } = make({ segments: true });
    system.answers = [-errno];
    queue.send(batchOf(8, toOne).batch);
    expect(system.calls).toEqual([1, 8]);
    expect(counters).toMatchObject({ datagramsSent: 8, sendErrors: 0 });
    expect(ring.segments).toBe(true);
    queue.send(batchOf(8, toOne).batch);
    expect(system.calls).toEqual([1, 8, 1]);
  });

  it("EIO: a system that cannot cut messages is not asked again", () => {
    const { system, counters, queue } = make({ segments: true });
    system.answers = [-EIO];
    queue.send(batchOf(8, toOne).batch);
    queue.send(batchOf(8, toOne).batch);
    expect(system.calls).toEqual([1, 8, 8]);
    expect(counters).toMatchObject({ datagramsSent: 16, sendErrors: 0 });
  });

  it("EAGAIN in the middle of runs: the next try starts at the run that waits", () => {
    const { system, counters, queue } = make({ segments: true });
    system.answers = [1, -EAGAIN];
    queue.send(batchOf(30, (i) => PEERS[Math.floor(i / 10)]!).batch);
    expect(system.calls).toEqual([3, 2]);
    expect(counters.datagramsSent).toBe(10);
    queue.resume();
    expect(system.calls).toEqual([3, 2, 2]);
    expect(counters).toMatchObject({ datagramsSent: 30, sendErrors: 0 });
  });
});
