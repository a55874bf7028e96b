import { ByteWriter, type Frame, FrameKind, PACKET_OVERHEAD_BYTES, PacketFrames } from "@sortie/wire";
import { AckUrgency, urgencyOf } from "../../src/ack-urgency.js";
import { FixedBudget } from "../../src/congestion/fixed-budget.js";
import type { EndpointOptions, EndpointViolation } from "../../src/endpoint-options.js";
import type { InboundMessage } from "../../src/inbox.js";
import { ReliableEndpoint } from "../../src/reliable-endpoint.js";

/** Mulberry32: small, seeded, good enough for tests. Returns numbers in 0..1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface LinkConditions {
  latencyMs: number;
  jitterMs: number;
  /** Shares of packets, 0..1. */
  loss: number;
  duplicate: number;
  reorder: number;
  /** ms that a reordered packet takes longer. */
  reorderDelayMs: number;
  /** bytes of UDP payload; larger ones are lost. */
  mtu: number;
  /** Dropped when it says so; sees every packet in the order of sending. */
  drop?: ((packetNumber: number, nowMs: number) => boolean) | undefined;
}

const PERFECT: LinkConditions = {
  latencyMs: 25,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelayMs: 30,
  mtu: 1500,
};

const DEFAULTS: Omit<EndpointOptions, "randomU32" | "control"> = {
  localMaxAckDelayMs: 10,
  peerMaxAckDelayMs: 10,
  maxDatagramBytes: 1200,
  peerMaxMessageBytes: 8 * 1024 * 1024,
  peerReceiveWindowBytes: 8 * 1024 * 1024,
  maxMessageBytes: 8 * 1024 * 1024,
  receiveWindowBytes: 8 * 1024 * 1024,
};

/** An endpoint with the options of a pair, alone. */
export function createEndpoint(options: Partial<EndpointOptions> = {}, seed: number = 1): ReliableEndpoint {
  const random = seededRandom(seed);
  return new ReliableEndpoint({
    ...DEFAULTS,
    congestion: new FixedBudget(),
    randomU32: () => Math.floor(random() * 2 ** 32),
    control: { bytesOf: () => 0, write: () => undefined, onAcked: () => undefined, resends: () => false },
    ...options,
  });
}

interface InTransit {
  atMs: number;
  order: number;
  to: Side;
  packetNumber: number;
  bytes: Uint8Array;
}

/** Packets on their way, the first to arrive on top. */
class TransitHeap {
  private readonly heap: InTransit[] = [];

  peek(): InTransit | undefined {
    return this.heap[0];
  }

  push(packet: InTransit): void {
    const { heap } = this;
    let at = heap.push(packet) - 1;
    while (at > 0) {
      const up = (at - 1) >>> 1;
      if (!earlier(packet, heap[up] as InTransit)) break;
      heap[at] = heap[up] as InTransit;
      at = up;
    }
    heap[at] = packet;
  }

  pop(): InTransit | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && earlier(heap[down + 1] as InTransit, heap[down] as InTransit)) down += 1;
      if (!earlier(heap[down] as InTransit, last)) break;
      heap[at] = heap[down] as InTransit;
      at = down;
    }
    heap[at] = last;
    return top;
  }
}

function earlier(a: InTransit, b: InTransit): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** One end: what a connection does around an endpoint, without encryption. */
export class Side {
  readonly endpoint: ReliableEndpoint;
  readonly received: InboundMessage[] = [];
  readonly receivedAtMs: number[] = [];
  readonly seen = new Set<number>();
  /** Sizes of the packets sent, and their frames' kinds. */
  packets = 0;
  wireBytes = 0;
  violation: EndpointViolation | undefined = undefined;
  /** Whether the application polls. */
  reading = true;
  onPacket: ((packetNumber: number, frames: PacketFrames, bytes: Uint8Array) => void) | undefined;
  private readonly frames = new PacketFrames();

  constructor(endpoint: ReliableEndpoint) {
    this.endpoint = endpoint;
  }

  receive(packetNumber: number, bytes: Uint8Array, nowMs: number): void {
    // The connection's replay window.
    if (this.seen.has(packetNumber)) return;
    const { endpoint, frames } = this;
    const error = frames.decode(bytes, 0, bytes.length);
    if (error !== undefined) throw new Error(`own packet does not decode: ${error}`);
    if (!endpoint.canAccept(frames, nowMs)) return;
    this.seen.add(packetNumber);
    let urgency: AckUrgency = AckUrgency.None;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      urgency = Math.max(urgency, urgencyOf(frame)) as AckUrgency;
      this.violation ??= this.apply(frame, bytes, packetNumber, nowMs);
    }
    endpoint.onPacketReceived(packetNumber, urgency, nowMs, bytes.length + PACKET_OVERHEAD_BYTES);
    if (this.reading) this.poll(nowMs);
  }

  poll(nowMs: number): void {
    for (let message = this.endpoint.pollMessage(); message !== undefined; message = this.endpoint.pollMessage()) {
      this.received.push(message);
      this.receivedAtMs.push(nowMs);
    }
  }

  apply(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    switch (frame.kind) {
      case FrameKind.Ack:
        return this.endpoint.onAck(frame, bytes, nowMs);
      case FrameKind.Credit:
        this.endpoint.onCredit(frame, nowMs);
        return undefined;
      case FrameKind.Message:
        return this.endpoint.onMessage(frame, bytes, packetNumber, nowMs);
      case FrameKind.Fragment:
        return this.endpoint.onFragment(frame, bytes, packetNumber, nowMs);
      default:
        return undefined;
    }
  }
}

/** Two endpoints and a link with faults each way, in virtual time. */
export class Pair {
  readonly a: Side;
  readonly b: Side;
  nowMs = 1000;
  /** Conditions of what a sends, and of what b sends. */
  readonly fromA: LinkConditions;
  readonly fromB: LinkConditions;
  private readonly random: () => number;
  private readonly transit = new TransitHeap();
  private order = 0;
  private readonly writer = new ByteWriter();
  private readonly buffer = new Uint8Array(1500);
  private readonly maxBytes: [number, number] = [1200, 1200];

  constructor(
    conditions: Partial<LinkConditions> = {},
    options: { seed?: number; a?: Partial<EndpointOptions>; b?: Partial<EndpointOptions> } = {},
  ) {
    const seed = options.seed ?? 1;
    this.random = seededRandom(seed);
    this.a = new Side(createEndpoint(options.a, seed + 1));
    this.b = new Side(createEndpoint(options.b, seed + 2));
    this.maxBytes = [options.a?.maxDatagramBytes ?? 1200, options.b?.maxDatagramBytes ?? 1200];
    this.fromA = { ...PERFECT, ...conditions };
    this.fromB = { ...PERFECT, ...conditions };
  }

  setMaxDatagramBytes(side: Side, bytes: number): void {
    side.endpoint.setMaxDatagramBytes(bytes);
    this.maxBytes[side === this.a ? 0 : 1] = bytes;
  }

  /** Sends what both sides have to send now. */
  flush(): void {
    this.flushSide(this.a);
    this.flushSide(this.b);
  }

  flushSide(side: Side): void {
    const { endpoint } = side;
    const limit = (this.maxBytes[side === this.a ? 0 : 1] as number) - PACKET_OVERHEAD_BYTES;
    for (let packets = 0; ; packets++) {
      if (packets > 5000) throw new Error("buildPacket never ends");
      const wants = endpoint.wantsToSend(this.nowMs);
      const writer = this.writer.reset(this.buffer, 0, limit);
      const packetNumber = endpoint.buildPacket(writer, this.nowMs);
      if (wants !== packetNumber >= 0) throw new Error(`wantsToSend said ${wants}, buildPacket gave ${packetNumber}`);
      if (packetNumber < 0) return;
      side.packets += 1;
      side.wireBytes += writer.written + PACKET_OVERHEAD_BYTES;
      this.transmit(side, packetNumber, this.buffer.slice(0, writer.written));
    }
  }

  /** Runs until `untilMs`, everything sent as soon as it may. */
  runUntil(untilMs: number): void {
    this.flush();
    for (let rounds = 0; ; rounds++) {
      if (rounds > 5_000_000) throw new Error("virtual time does not advance");
      const nextMs = Math.min(this.nextArrivalMs(), this.timeoutMs(this.a), this.timeoutMs(this.b));
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.step();
    }
    this.nowMs = untilMs;
  }

  runFor(ms: number): void {
    this.runUntil(this.nowMs + ms);
  }

  /** Runs until `done`, at most `limitMs`; throws when that is not enough. */
  runWhile(busy: () => boolean, limitMs: number): void {
    const endMs = this.nowMs + limitMs;
    while (busy()) {
      if (this.nowMs >= endMs) throw new Error(`not done after ${limitMs} ms`);
      this.runFor(Math.min(5, endMs - this.nowMs));
    }
  }

  /** Whether something is queued or in flight on either side. */
  get isBusy(): boolean {
    const a = this.a.endpoint.statistics;
    const b = this.b.endpoint.statistics;
    return a.queuedMessages + a.packetsInFlight + b.queuedMessages + b.packetsInFlight > 0;
  }

  private step(): void {
    for (const side of [this.a, this.b]) {
      if (side.endpoint.nextTimeoutAt() <= this.nowMs) side.endpoint.handleTimeout(this.nowMs);
    }
    while (this.nextArrivalMs() <= this.nowMs) {
      const packet = this.transit.pop() as InTransit;
      packet.to.receive(packet.packetNumber, packet.bytes, this.nowMs);
    }
    this.flush();
  }

  private timeoutMs(side: Side): number {
    return side.endpoint.nextTimeoutAt();
  }

  private nextArrivalMs(): number {
    return this.transit.peek()?.atMs ?? Infinity;
  }

  private transmit(from: Side, packetNumber: number, bytes: Uint8Array): void {
    const link = from === this.a ? this.fromA : this.fromB;
    if (from.onPacket !== undefined) {
      const frames = new PacketFrames();
      frames.decode(bytes, 0, bytes.length);
      from.onPacket(packetNumber, frames, bytes);
    }
    const lost = this.random() < link.loss;
    if (link.drop?.(packetNumber, this.nowMs) === true || lost) return;
    if (bytes.length + PACKET_OVERHEAD_BYTES > link.mtu) return;
    const copies = this.random() < link.duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const extra = this.random() < link.reorder ? link.reorderDelayMs : 0;
      const atMs = this.nowMs + link.latencyMs + this.random() * link.jitterMs + extra;
      const to = from === this.a ? this.b : this.a;
      this.transit.push({ atMs, order: this.order++, to, packetNumber, bytes });
    }
  }
}

/** A payload of `bytes` (at least 4) that begins with `index` and goes on with bytes that depend on it. */
export function payload(index: number, bytes: number): Uint8Array {
  const data = new Uint8Array(Math.max(bytes, 4));
  new DataView(data.buffer).setUint32(0, index);
  for (let i = 4; i < data.length; i++) data[i] = (index * 31 + i * 7 + (i >>> 8)) & 0xff;
  return data;
}

export function indexOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}
