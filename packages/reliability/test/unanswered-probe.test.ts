import { ByteWriter, DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint, payload } from "./support/pair.js";

/** bytes. A PATH_CHALLENGE. */
const CHALLENGE_BYTES = 34;
const RTT_MS = 30;

class Sender {
  readonly endpoint: ReliableEndpoint;
  readonly peer: Crafted;
  /** bytes of the frames of the packet built last. */
  built = 0;
  private readonly writer = new ByteWriter();
  private readonly buffer = new Uint8Array(1200);

  constructor(congestion: CongestionController = new FixedBudget()) {
    this.endpoint = createEndpoint({ congestion });
    this.peer = new Crafted(this.endpoint);
  }

  send(bytes: number): number {
    this.endpoint.send(payload(bytes, bytes), { delivery: "reliable" }, this.peer.nowMs);
    return this.build();
  }

  build(): number {
    const number = this.endpoint.buildPacket(this.writer.reset(this.buffer, 0, 1175), this.peer.nowMs);
    this.built = number < 0 ? 0 : this.writer.written;
    return number;
  }

  /** A round trip is known. */
  measure(): void {
    for (let i = 0; i < 10; i++) {
      const number = this.send(8);
      this.peer.nowMs += RTT_MS;
      this.peer.ack(number);
    }
  }

  /** The peer uploads, and hears acknowledgements only, until `number` is used: 1023 beyond another none is free. */
  acknowledgeOnly(number: number): void {
    for (let last = 0; last < number;) {
      this.peer.nowMs += 5;
      this.peer.message(DeliveryCode.Unreliable, 0, 0, new Uint8Array(8));
      last = Math.max(this.build(), last);
    }
  }
}

/** Lets nothing go. */
class Closed extends FixedBudget {
  isOpen = true;

  override canSend(bytes: number, inFlight: number, nowMs: number): boolean {
    return this.isOpen && super.canSend(bytes, inFlight, nowMs);
  }
}

describe("a path probe that nobody answers", () => {
  it("makes no packet old that goes long after it", () => {
    const sender = new Sender();
    const { endpoint, peer } = sender;
    sender.measure();
    endpoint.buildProbe(peer.nowMs, CHALLENGE_BYTES);
    peer.nowMs += 5000;
    for (let i = 0; i < 5; i++) {
      sender.send(100);
      expect(endpoint.isStalled(peer.nowMs)).toBe(false);
      expect(peer.nowMs - endpoint.unansweredSinceMs).toBe(i * 5);
      expect(sender.built, "its own message, and none of those before it").toBeLessThan(110);
      peer.nowMs += 5;
    }
    expect(endpoint.statistics.retransmittedMessages).toBe(0);
  });

  it("opens no way past the congestion controller", () => {
    const congestion = new Closed();
    const sender = new Sender(congestion);
    const { endpoint, peer } = sender;
    sender.measure();
    endpoint.buildProbe(peer.nowMs, CHALLENGE_BYTES);
    peer.nowMs += 5000;
    sender.send(100);
    congestion.isOpen = false;
    peer.nowMs += 26;
    expect(sender.send(100)).toBe(-1);
    expect(endpoint.wantsToSend(peer.nowMs)).toBe(false);
    // On a path that is silent for a probe timeout it goes, as it would without the probe.
    peer.nowMs += endpoint.probeTimeoutMs();
    expect(sender.build()).toBeGreaterThan(0);
  });

  it("counts for no probe timeout: that is measured from the oldest of a few packets", () => {
    const timeoutAt = (withProbe: boolean): number => {
      const sender = new Sender();
      const { endpoint, peer } = sender;
      sender.measure();
      if (withProbe) endpoint.buildProbe(peer.nowMs, CHALLENGE_BYTES);
      peer.nowMs += 1000;
      sender.send(100);
      peer.nowMs += 10;
      sender.send(100);
      return endpoint.nextTimeoutAt() - peer.nowMs;
    };
    expect(timeoutAt(true)).toBe(timeoutAt(false));
  });

  it("does not stop data when it is all that holds the window of numbers", () => {
    const sender = new Sender();
    const { endpoint, peer } = sender;
    const probe = endpoint.buildProbe(peer.nowMs, CHALLENGE_BYTES);
    sender.acknowledgeOnly(probe + 1023);
    peer.nowMs += 200;
    expect(endpoint.statistics.packetsInFlight).toBe(0);
    const number = sender.send(8);
    expect(number).toBeGreaterThan(probe + 1023);
    expect(endpoint.statistics.packetsInFlight).toBe(1);
    expect(endpoint.nextTimeoutAt()).toBeLessThan(Infinity);
    expect(peer.ack(number)).toBeUndefined();
    expect(endpoint.undelivered).toBe(0);
  });

  it("lets data that waits for the pace go in its time", () => {
    const sender = new Sender(new FixedBudget({ rateBytesPerSecond: 100_000, burstBytes: 1452 }));
    const { endpoint, peer } = sender;
    const probe = endpoint.buildProbe(peer.nowMs, CHALLENGE_BYTES);
    sender.acknowledgeOnly(probe + 1022);
    expect(sender.send(1100)).toBeGreaterThanOrEqual(probe + 1023);
    expect(sender.send(1100)).toBe(-1);
    const atMs = endpoint.nextTimeoutAt();
    expect(atMs - peer.nowMs).toBeLessThan(20);
    peer.nowMs = atMs;
    expect(sender.build()).toBeGreaterThan(probe + 1023);
  });
});

describe("SentPackets", () => {
  it("knows the lowest in flight, with and without probes, and their bytes, whatever happens in which order", () => {
    let random = 3;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % below;
    };
    const states = [SentState.InFlight, SentState.InFlight, SentState.Probe, SentState.Passive] as const;
    const sent = new SentPackets(5, () => next(1000));
    const open = new Map<number, number>();
    for (let step = 0; step < 30_000; step++) {
      if (sent.hasRoom && next(100) < 52) {
        const state = states[next(4)] as SentState;
        const number = sent.begin();
        sent.commit(state, 100 + (number % 50), step, 0, -1);
        expect(sent.isProbe(number)).toBe(state === SentState.Probe);
        if (state !== SentState.Passive) open.set(number, state);
      } else if (open.size > 0) {
        const number = [...open.keys()][next(8) === 0 ? next(open.size) : 0] as number;
        const wasProbe = open.get(number) === SentState.Probe;
        sent.resolve(number, next(2) === 0 ? SentState.Acked : SentState.LostByOrder);
        expect(sent.isProbe(number)).toBe(wasProbe);
        open.delete(number);
      }
      const numbers = [...open.keys()];
      const data = numbers.filter((number) => open.get(number) === SentState.InFlight);
      expect(sent.lowest).toBe(Math.min(...numbers, sent.nextNumber));
      expect(sent.oldest).toBe(Math.min(...data, sent.nextNumber));
      expect(sent.packetsInFlight).toBe(data.length);
      expect(sent.bytesInFlight).toBe(data.reduce((sum, number) => sum + 100 + (number % 50), 0));
    }
    expect(sent.nextNumber).toBeGreaterThan(5000);
  });
});
