import { ByteWriter, FrameKind, PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { channelWindowBytes } from "../src/credit.js";
import { ReceiveCredit } from "../src/receive-credit.js";
import { Pair, payload, seededRandom } from "./support/pair.js";

const WINDOW = 64 * 1024;
const CHANNELS = 256;
/** CREDIT frames of one packet at most. */
const PER_PACKET = 4;
const SMALL = {
  maxMessageBytes: WINDOW,
  receiveWindowBytes: WINDOW,
  peerMaxMessageBytes: WINDOW,
  peerReceiveWindowBytes: WINDOW,
};

/** Counts the CREDIT frames that b sends, and those of them that the link drops. */
class CreditCount {
  sent = 0;
  dropped = 0;
  private ofPacket = 0;

  /** @param drops whether the packet with CREDIT frames at hand, or without any, is to be lost */
  constructor(pair: Pair, drops: (hasCredit: boolean) => boolean) {
    pair.b.onPacket = (_number, frames) => {
      this.ofPacket = 0;
      for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === FrameKind.Credit) this.ofPacket += 1;
      this.sent += this.ofPacket;
    };
    pair.fromB.drop = () => {
      if (!drops(this.ofPacket > 0)) return false;
      this.dropped += this.ofPacket;
      return true;
    };
  }
}

/** Has so much read on every channel that the peer must be told of each. */
function readOnAll(pair: Pair, seed: number): void {
  for (let part = 0; part < 3; part++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      pair.a.endpoint.send(payload(seed, 30_000), { delivery: "reliable", channel }, pair.nowMs);
      if (channel % 16 === 15) pair.runFor(400);
    }
  }
  pair.runWhile(() => pair.isBusy, 60_000);
}

describe("lost CREDIT frames", () => {
  it("go again as many as were lost, though every channel was told of once", () => {
    for (const seed of [7, 8]) {
      const pair = new Pair({}, { seed, a: SMALL, b: SMALL });
      readOnAll(pair, seed);
      const random = seededRandom(seed);
      const count = new CreditCount(pair, () => random() < 0.1);
      const limits = (30 * 60 * 1000) / (WINDOW - 256);
      for (let i = 0; i < 30 * 60; i++) {
        pair.a.endpoint.send(payload(i, 1000), { delivery: "reliable", channel: 0 }, pair.nowMs);
        pair.runFor(16);
      }
      expect(count.sent).toBeGreaterThan(limits / 2);
      expect(count.dropped).toBeGreaterThan(0);
      // Each new limit once, what was lost once more; probe timeouts may repeat what was not lost.
      expect(count.sent).toBeLessThan(2 * limits + 4 * count.dropped);
      // Nothing is read any more: what is in flight settles, and then all is quiet.
      pair.runFor(5000);
      const { sent } = count;
      const { packets } = pair.b;
      pair.runFor(60_000);
      expect([count.sent - sent, pair.b.packets - packets]).toEqual([0, 0]);
    }
  });

  it("of many channels go again as often as they are lost, until they have come", () => {
    for (const seed of [1, 2, 3]) {
      const pair = new Pair({}, { seed, a: SMALL, b: SMALL });
      const random = seededRandom(seed);
      const count = new CreditCount(pair, (hasCredit) => random() < (hasCredit ? 0.4 : 0.1));
      readOnAll(pair, seed);
      expect(count.dropped).toBeGreaterThan(CHANNELS / 4);
      // A frame is sent 1 / (1 - 0.4) times; the rest is for losses that were none, and probes.
      expect(count.sent).toBeLessThan(2 * CHANNELS + 2 * count.dropped);
      const { sent } = count;
      pair.runFor(60_000);
      expect(count.sent).toBe(sent);
    }
  });

  it("stall no sender: those that carry the newest limits are told until they arrive", () => {
    for (const seed of [1, 2, 3, 4]) {
      const pair = new Pair({}, { seed, a: SMALL, b: SMALL });
      const random = seededRandom(seed);
      pair.b.reading = false;
      const fill = (): number => {
        let accepted = 0;
        for (let i = 0; i < 2500; i++) {
          const options = { delivery: "reliable", channel: i % 8 } as const;
          if (pair.a.endpoint.send(payload(i, 1000), options, pair.nowMs).accepted) accepted += 1;
        }
        return accepted;
      };
      let accepted = fill();
      pair.runFor(5000);
      // Blocked on its credit; and of what tells it of more, most is lost, at first all.
      expect(pair.a.endpoint.statistics.blockedChannels).toBeGreaterThan(0);
      let outage = true;
      new CreditCount(pair, (hasCredit) => hasCredit && (outage || random() < 0.7));
      pair.b.reading = true;
      pair.b.poll(pair.nowMs);
      pair.runFor(4000);
      outage = false;
      accepted += fill();
      pair.runWhile(() => pair.isBusy, 600_000);
      expect(pair.b.received).toHaveLength(accepted);
      expect(pair.a.endpoint.statistics.blockedChannels).toBe(0);
    }
  });

  it("survive a change of path, and packets that are given up", () => {
    const pair = new Pair({}, { seed: 5, a: SMALL, b: SMALL });
    let lost = true;
    const count = new CreditCount(pair, (hasCredit) => hasCredit && lost);
    pair.b.reading = false;
    for (let i = 0; i < 600; i++) {
      pair.a.endpoint.send(payload(i, 1000), { delivery: "ordered" }, pair.nowMs);
    }
    pair.runFor(3000);
    pair.b.reading = true;
    pair.b.poll(pair.nowMs);
    pair.runFor(1);
    expect(count.dropped).toBeGreaterThan(0);
    pair.b.endpoint.onPathChanged(pair.nowMs);
    // Nothing comes back until more packets are out than an ACK can state.
    pair.fromA.loss = 1;
    for (let i = 0; i < 3000; i++) {
      pair.b.endpoint.requestPing();
      pair.runFor(1);
    }
    pair.fromA.loss = 0;
    lost = false;
    pair.runWhile(() => pair.isBusy, 60_000);
    expect(pair.b.received).toHaveLength(600);
  });

  it("are not asked for by a peer that acknowledges nothing, but for a packet each probe timeout", () => {
    const pair = new Pair({}, { seed: 9, a: SMALL, b: SMALL });
    const acked = pair.a.endpoint.onPacketReceived.bind(pair.a.endpoint);
    let isSilent = false;
    pair.a.endpoint.onPacketReceived = (packetNumber, urgency, nowMs) => {
      if (!isSilent) acked(packetNumber, urgency, nowMs);
    };
    const count = new CreditCount(pair, () => false);
    pair.b.reading = false;
    for (let channel = 0; channel < 12; channel++) {
      for (let i = 0; i < 70; i++) {
        pair.a.endpoint.send(payload(i, 1000), { delivery: "reliable", channel }, pair.nowMs);
      }
    }
    pair.runWhile(() => pair.isBusy, 60_000);
    expect(count.sent).toBe(0);
    isSilent = true;
    pair.b.reading = true;
    pair.b.poll(pair.nowMs);
    pair.runFor(5);
    const told = count.sent;
    expect(told).toBe(12);
    const before = pair.b.endpoint.statistics.probeTimeouts;
    pair.runFor(20_000);
    const timeouts = pair.b.endpoint.statistics.probeTimeouts - before;
    expect(timeouts).toBeGreaterThan(5);
    expect(count.sent - told).toBeGreaterThan(0);
    expect(count.sent - told).toBeLessThanOrEqual(timeouts * PER_PACKET);
  });
});

describe("ReceiveCredit", () => {
  const buffer = new Uint8Array(1000);

  /** Writes a packet's frames: its ordinal, and the channels and limits told. */
  function write(credit: ReceiveCredit): { ordinal: number; told: [number, number][] } {
    const writer = new ByteWriter().reset(buffer, 0, buffer.length);
    const ordinal = credit.write(writer);
    const frames = new PacketFrames();
    const fault = writer.written > 0 ? frames.decode(buffer, 0, writer.written) : undefined;
    if (fault !== undefined) throw new Error(`no frames: ${fault}`);
    const told = Array.from({ length: frames.count }, (_, i): [number, number] => {
      const { channel, channelLimitBytes } = frames.at(i);
      return [channel, channelLimitBytes];
    });
    return { ordinal, told };
  }

  function read(credit: ReceiveCredit, ...channels: number[]): void {
    for (const channel of channels) for (let i = 0; i < 70; i++) credit.onRead(channel, 1000);
  }

  const limit = (reads: number): number => channelWindowBytes(WINDOW) + reads * 70 * 1256;

  it("tells again what the lost packet told last, and nothing that a later one did or that arrived", () => {
    const credit = new ReceiveCredit(WINDOW, WINDOW);
    read(credit, 0, 1, 2);
    const first = write(credit);
    read(credit, 1);
    const second = write(credit);
    read(credit, 3);
    const third = write(credit);
    expect([first.told.length, second.told, third.told]).toEqual([3, [[1, limit(2)]], [[3, limit(1)]]]);
    credit.onAcked(third.ordinal);
    credit.onLost(first.ordinal);
    const fourth = write(credit);
    expect(fourth.told).toEqual([
      [0, limit(1)],
      [2, limit(1)],
    ]);
    // Found out to have arrived after all, and lost once more: neither concerns the packets since.
    credit.onAcked(first.ordinal);
    credit.onLost(first.ordinal);
    expect(credit.isPending).toBe(false);
    credit.onLost(second.ordinal);
    expect(write(credit).told).toEqual([[1, limit(2)]]);
    credit.onAcked(fourth.ordinal);
    credit.onLost(fourth.ordinal);
    credit.onLost(third.ordinal);
    expect(credit.isPending).toBe(false);
  });

  it("repeats after a probe timeout a packet's worth, the oldest first, of what nobody answered", () => {
    const credit = new ReceiveCredit(WINDOW, WINDOW);
    credit.onProbeTimeout();
    expect(credit.isPending).toBe(false);
    read(credit, 9, 8, 7, 6, 5, 4);
    const first = write(credit);
    write(credit);
    read(credit, 9);
    write(credit);
    credit.onProbeTimeout();
    const channels = (): number[] => write(credit).told.map(([channel]) => channel);
    expect(channels().sort()).toEqual([5, 6, 7, 8]);
    expect(credit.isPending).toBe(false);
    credit.onLost(first.ordinal);
    expect(credit.isPending).toBe(false);
    credit.onProbeTimeout();
    expect(channels()).toContain(4);
  });

  it("knows packets apart though their ordinals come again", () => {
    const credit = new ReceiveCredit(WINDOW, WINDOW);
    read(credit, 0);
    const others: unknown[] = [];
    for (let i = 0; i < 0x10000 + 5; i++) {
      const { ordinal, told } = write(credit);
      if (ordinal !== (i & 0xffff) || told.length !== 1) others.push([i, ordinal, told.length]);
      credit.onLost(ordinal);
    }
    expect(others).toEqual([]);
    credit.onAcked(write(credit).ordinal);
    credit.onProbeTimeout();
    expect(credit.isPending).toBe(false);
  });
});
