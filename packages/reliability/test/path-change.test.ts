import { ByteWriter } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AckUrgency } from "../src/ack-urgency.js";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { NewReno } from "../src/congestion/new-reno.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import { Recovery, type RecoverySink } from "../src/recovery.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { SentState } from "../src/sent-state.js";
import { createStatistics } from "../src/statistics.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint, payload } from "./support/pair.js";

const RTT_MS = 40;
const MEGABYTE = 1_000_000;

/** A sender whose packets the test acknowledges or not. */
class Sender {
  readonly endpoint: ReliableEndpoint;
  readonly peer: Crafted;
  private readonly writer = new ByteWriter();
  private readonly buffer = new Uint8Array(1200);

  constructor(options: Partial<EndpointOptions>) {
    this.endpoint = createEndpoint(options);
    this.peer = new Crafted(this.endpoint);
  }

  /** Sends what may go now; the numbers that it got. */
  flush(): number[] {
    const numbers: number[] = [];
    for (;;) {
      const number = this.endpoint.buildPacket(this.writer.reset(this.buffer, 0, 1175), this.peer.nowMs);
      if (number < 0) return numbers;
      numbers.push(number);
    }
  }

  /** A packet for each message of 1000 bytes. */
  sendUnreliable(count: number): number[] {
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) {
      this.endpoint.send(payload(i, 1000), { delivery: "unreliable" }, this.peer.nowMs);
      numbers.push(...this.flush());
    }
    return numbers;
  }

  ack(numbers: readonly number[]): void {
    expect(this.peer.ack(numbers.at(-1) as number, numbers.slice(0, -1))).toBeUndefined();
  }

  /** Bulk over a path of `bytesPerSecond`, for `ms`; the numbers that are still under way then. */
  bulk(bytesPerSecond: number, ms: number): number[] {
    const { endpoint, peer } = this;
    const wire: { number: number; atMs: number }[] = [];
    let freeAtMs = peer.nowMs;
    for (const endMs = peer.nowMs + ms; peer.nowMs < endMs; peer.nowMs += 0.5) {
      const arrived: number[] = [];
      while (wire[0] !== undefined && wire[0].atMs <= peer.nowMs) arrived.push(wire.shift()?.number as number);
      if (arrived.length > 0) this.ack(arrived);
      if (endpoint.nextTimeoutAt() <= peer.nowMs) endpoint.handleTimeout(peer.nowMs);
      for (const number of this.flush()) {
        freeAtMs = Math.max(freeAtMs, peer.nowMs) + (1200 * 1000) / bytesPerSecond;
        wire.push({ number, atMs: freeAtMs + RTT_MS });
      }
    }
    return wire.map(({ number }) => number);
  }
}

function bulkSender(congestion: CongestionController): Sender {
  const limits = { maxQueuedBytes: 2 ** 28 };
  const sender = new Sender({ congestion, limits, peerReceiveWindowBytes: 2 ** 29, peerMaxMessageBytes: 2 ** 28 });
  sender.endpoint.send(new Uint8Array(100 * MEGABYTE), { delivery: "reliable" }, sender.peer.nowMs);
  return sender;
}

describe("a new path", () => {
  it.each([
    ["AdaptiveRate", () => new AdaptiveRate(), 3000],
    ["NewReno", () => new NewReno(), 250],
  ] as const)("%s: late acknowledgements of the former path set neither rate nor window", (_name, create, ms) => {
    const congestion = create();
    const sender = bulkSender(congestion);
    const old = sender.bulk(10 * MEGABYTE, ms);
    const { endpoint, peer } = sender;
    expect(congestion.windowBytes).toBeGreaterThan(200_000);
    expect(old.length).toBeGreaterThan(100);
    endpoint.onPathChanged(peer.nowMs);
    expect(endpoint.statistics).toMatchObject({ congestionWindowBytes: 12_000, bandwidthBytesPerSecond: 0 });
    const pace = congestion.paceBytesPerSecond;
    for (let i = 0; i < old.length; i += 8) {
      peer.nowMs += 1;
      sender.ack(old.slice(i, i + 8));
    }
    expect(endpoint.statistics).toMatchObject({ congestionWindowBytes: 12_000, bandwidthBytesPerSecond: 0 });
    expect(congestion.paceBytesPerSecond).toBe(pace);
    expect(endpoint.statistics.packetsInFlight).toBe(0);
  });

  it("has its whole window: what is in flight on the former path takes none of it, and goes again when lost", () => {
    const congestion = new NewReno();
    const sender = bulkSender(congestion);
    const old = sender.bulk(2 * MEGABYTE, 200);
    const { endpoint, peer } = sender;
    expect(endpoint.statistics.bytesInFlight).toBeGreaterThan(50_000);
    // Pauses, so that the pace is not what holds it.
    peer.nowMs += 20;
    endpoint.onPathChanged(peer.nowMs);
    expect(endpoint.statistics.bytesInFlight).toBe(0);
    expect(endpoint.statistics.packetsInFlight).toBe(old.length);
    const fresh = sender.flush();
    expect(fresh).toHaveLength(10);
    const freshBytes = endpoint.statistics.bytesInFlight;
    expect(freshBytes).toBeGreaterThan(11_900);
    // The first of the new path that arrive show that those of the former one did not.
    peer.nowMs += RTT_MS;
    sender.ack(fresh);
    expect(endpoint.statistics).toMatchObject({ packetsInFlight: 0, bytesInFlight: 0, packetsLost: old.length });
    expect(congestion.windowBytes, "ten packets were acknowledged, none lost").toBe(12_000 + freshBytes);
    const before = endpoint.statistics.retransmittedBytes;
    peer.nowMs += RTT_MS;
    sender.flush();
    expect(endpoint.statistics.retransmittedBytes - before).toBeGreaterThan(10_000);
    expect(endpoint.statistics.bytesInFlight).toBeLessThanOrEqual(12_000 + freshBytes);
  });

  it("is not in persistent congestion because the former one died", () => {
    const congestion = new AdaptiveRate();
    const sender = new Sender({ congestion });
    const { endpoint, peer } = sender;
    for (let round = 0; round < 5; round++) {
      const numbers = sender.sendUnreliable(2);
      peer.nowMs += RTT_MS;
      sender.ack(numbers);
    }
    for (let i = 0; i < 60; i++) {
      sender.sendUnreliable(1);
      peer.nowMs += 33;
      if (endpoint.nextTimeoutAt() <= peer.nowMs) endpoint.handleTimeout(peer.nowMs);
    }
    endpoint.onPathChanged(peer.nowMs);
    const fresh = sender.sendUnreliable(2);
    peer.nowMs += RTT_MS;
    sender.ack(fresh);
    expect(endpoint.statistics.packetsLost).toBeGreaterThan(40);
    expect(endpoint.statistics.congestionWindowBytes).toBeGreaterThanOrEqual(12_000);
  });

  it("is not told of losses of the former path that no acknowledgement had told of yet", () => {
    const samples: number[] = [];
    const trace = { onCongestion: ({ lostBytes }: { lostBytes: number }) => samples.push(lostBytes) };
    const sender = new Sender({ trace, congestion: new FixedBudget() });
    const { endpoint, peer } = sender;
    const first = sender.sendUnreliable(2);
    peer.nowMs += RTT_MS;
    sender.ack(first);
    const [, arrives] = sender.sendUnreliable(2) as [number, number];
    peer.nowMs += RTT_MS;
    sender.ack([arrives]);
    peer.nowMs += RTT_MS;
    endpoint.handleTimeout(peer.nowMs);
    expect(endpoint.statistics.packetsLost, "by time, between two acknowledgements").toBe(1);
    endpoint.onPathChanged(peer.nowMs);
    const fresh = sender.sendUnreliable(1);
    peer.nowMs += RTT_MS;
    sender.ack(fresh);
    expect(samples.at(-1)).toBe(0);
  });

  it("is not thought to be for want of data that the former one was not full, and has no rate yet", () => {
    const sender = new Sender({ congestion: new NewReno() });
    const { endpoint, peer } = sender;
    const first = sender.sendUnreliable(2);
    peer.nowMs += RTT_MS;
    sender.ack(first);
    sender.sendUnreliable(8);
    expect(endpoint.statistics.isAppLimited).toBe(true);
    expect(endpoint.statistics.deliveryRateBytesPerSecond).toBeGreaterThan(0);
    endpoint.onPathChanged(peer.nowMs);
    expect(endpoint.statistics.deliveryRateBytesPerSecond).toBe(0);
    endpoint.send(new Uint8Array(100_000), { delivery: "reliable" }, peer.nowMs);
    peer.nowMs += RTT_MS;
    const fresh = sender.flush();
    expect(fresh.length).toBeGreaterThan(5);
    peer.nowMs += RTT_MS;
    sender.ack(fresh.slice(0, 2));
    expect(endpoint.statistics.isAppLimited).toBe(false);
  });

  it("judges its MTU by its own packets", () => {
    const fates: string[] = [];
    const sender = new Sender({
      fates: {
        onPacketAcked: (number) => fates.push(`acked ${number}`),
        onPacketLost: (number) => fates.push(`lost ${number}`),
      },
    });
    const { endpoint, peer } = sender;
    const old = sender.sendUnreliable(3);
    endpoint.onPathChanged(peer.nowMs);
    const fresh = sender.sendUnreliable(5);
    peer.nowMs += RTT_MS;
    sender.ack([old[0] as number, fresh[4] as number]);
    expect(endpoint.statistics.packetsLost).toBe(4);
    expect(fates.sort()).toEqual([`acked ${fresh[4]}`, `lost ${fresh[0]}`, `lost ${fresh[1]}`]);
  });

  it("takes no measure of reordering from packets of the former one that turn up", () => {
    const { recovery, send, ack } = recoveryAlone();
    const old = Array.from({ length: 3 }, () => send(0));
    recovery.onPathChanged(10);
    const fresh = Array.from({ length: 20 }, () => send(20));
    ack(fresh.at(-1) as number, 60);
    ack(old[0] as number, 200);
    ack(old[1] as number, 400);
    expect(recovery.detector.packetThreshold).toBe(3);
    expect(recovery.detector.timeThreshold).toBe(9 / 8);
    // One of its own does.
    ack(fresh[9] as number, 410);
    expect(recovery.detector.packetThreshold).toBe(11);
  });

  it("knows nothing but its own packets, over many changes in any order of losses and acknowledgements", () => {
    let random = 7;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % below;
    };
    const { recovery, send, ack } = recoveryAlone();
    const open: { number: number; path: number }[] = [];
    let path = 0;
    for (let step = 0; step < 20_000; step++) {
      if (next(200) === 0) {
        recovery.onPathChanged(step);
        path += 1;
      }
      if (open.length < 40 || next(2) === 0) open.push({ number: send(step), path });
      if (open.length > 60 || next(3) === 0) ack(open[next(open.length)]?.number as number, step);
      for (let i = open.length - 1; i >= 0; i--) {
        if (!isInFlight(recovery, open[i]?.number as number)) open.splice(i, 1);
      }
      expect(recovery.sent.packetsInFlight).toBe(open.length);
      expect(recovery.sent.bytesInFlight).toBe(open.filter((packet) => packet.path === path).length * 1000);
    }
    expect(path).toBeGreaterThan(50);
  });
});

function isInFlight(recovery: Recovery, packetNumber: number): boolean {
  return recovery.sent.stateOf(packetNumber) === SentState.InFlight;
}

/** Recovery without messages: `send` commits a packet of 1000 bytes, `ack` acknowledges one. */
function recoveryAlone(): {
  recovery: Recovery;
  send: (nowMs: number) => number;
  ack: (n: number, ms: number) => void;
} {
  const nothing = { onItem: () => undefined };
  const sink: RecoverySink = {
    acked: nothing,
    lost: nothing,
    onControlsAcked: () => undefined,
    onControlsLost: () => undefined,
    onAckAcked: () => undefined,
  };
  const options = { randomU32: () => 0xffff, peerMaxAckDelayMs: 10 } as unknown as EndpointOptions;
  const recovery = new Recovery(options, new FixedBudget(), createStatistics(), sink);
  const send = (nowMs: number): number => {
    const number = recovery.sent.begin();
    recovery.commit(AckUrgency.Prompt, 1000, nowMs, 0, -1);
    return number;
  };
  const ack = (largest: number, nowMs: number): void => {
    const frame = { kind: 0, largest, delayUs: 0, start: 0, end: 0 } as never;
    expect(recovery.onAck(frame, new Uint8Array(0), nowMs)).toBeUndefined();
  };
  return { recovery, send, ack };
}
