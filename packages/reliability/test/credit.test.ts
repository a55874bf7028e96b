import { ByteWriter, type Frame, FrameKind, PacketFrames } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { channelWindowBytes, connectionWindowBytes, creditCost } from "../src/credit.js";
import { ReceiveCredit } from "../src/receive-credit.js";
import { indexOf, Pair, payload } from "./support/pair.js";

const KIB = 1024;
const WINDOW = 64 * KIB;
/** What one channel, and all together, may have unread: overhead included. */
const CHANNEL_BYTES = channelWindowBytes(WINDOW);
const CONNECTION_BYTES = connectionWindowBytes(WINDOW);
const SMALL = {
  maxMessageBytes: WINDOW,
  receiveWindowBytes: WINDOW,
  peerMaxMessageBytes: WINDOW,
  peerReceiveWindowBytes: WINDOW,
};

function smallPair(conditions: ConstructorParameters<typeof Pair>[0] = {}, seed = 1): Pair {
  return new Pair(conditions, { seed, a: SMALL, b: SMALL });
}

/** Keeps the sender's queue filled with messages of `bytes` on each of the channels. */
class Feeder {
  readonly sent: number[] = [];
  private readonly pair: Pair;
  private readonly bytes: number;

  constructor(pair: Pair, bytes: number) {
    this.pair = pair;
    this.bytes = bytes;
  }

  run(ms: number, channels: readonly number[], delivery: "ordered" | "reliable" = "ordered"): void {
    const { pair } = this;
    for (let at = 0; at < ms; at += 10) {
      for (let i = 0; i < 20; i++) {
        const channel = channels[i % channels.length] as number;
        const data = payload(this.sent.length, this.bytes);
        if (pair.a.endpoint.send(data, { delivery, channel }, pair.nowMs).accepted) this.sent.push(channel);
      }
      pair.runFor(10);
    }
  }
}

function indicesOn(pair: Pair, channel: number): number[] {
  return pair.b.received.filter((m) => m.channel === channel).map((m) => indexOf(m.payload));
}

describe("a receiver whose application does not read", () => {
  it("stops the sender within its credit, costs no retransmission, and gets everything once it reads", () => {
    const pair = smallPair();
    const feeder = new Feeder(pair, 1000);
    pair.b.reading = false;
    feeder.run(3000, [0]);
    const held = pair.b.endpoint.statistics;
    expect(held.inboxBytes + held.inboxMessages * 256).toBeLessThanOrEqual(CHANNEL_BYTES);
    expect(held.inboxBytes + held.inboxMessages * 256).toBeGreaterThan(CHANNEL_BYTES - creditCost(1000));
    const { packetsSent, retransmittedBytes } = pair.a.endpoint.statistics;
    expect(retransmittedBytes).toBe(0);
    pair.runFor(30_000);
    // Nothing is in flight, so that nothing is probed for either.
    expect(pair.a.endpoint.statistics.packetsSent).toBe(packetsSent);
    expect(pair.a.endpoint.statistics.retransmittedBytes).toBe(0);
    expect(held.packetsRefused).toBe(0);
    pair.b.reading = true;
    pair.b.poll(pair.nowMs);
    const readAtMs = pair.nowMs;
    const before = pair.b.received.length;
    pair.runWhile(() => pair.b.received.length === before, 1000);
    // One round trip: the credit there, the data back.
    expect(pair.nowMs - readAtMs).toBeLessThanOrEqual(55);
    pair.runWhile(() => pair.isBusy, 20_000);
    expect(indicesOn(pair, 0)).toEqual(feeder.sent.map((_, i) => i));
    expect([pair.a.violation, pair.b.violation]).toEqual([undefined, undefined]);
  });

  it("lets unreliable and bestEffort messages, and acknowledgements, pass", async () => {
    const pair = smallPair();
    pair.b.reading = false;
    new Feeder(pair, 1000).run(2000, [0]);
    const news = pair.a.endpoint.send(payload(1, 40), { delivery: "bestEffort", channel: 0 }, pair.nowMs);
    pair.a.endpoint.send(payload(2, 40), { channel: 0 }, pair.nowMs);
    const back = pair.b.endpoint.send(payload(3, 40), { delivery: "ordered" }, pair.nowMs);
    pair.runFor(200);
    expect(await Promise.race([news.outcome, "open"])).toBe("acked");
    expect(await Promise.race([back.outcome, "open"])).toBe("acked");
    pair.b.poll(pair.nowMs);
    expect(pair.b.received.filter((m) => m.delivery === "bestEffort" || m.delivery === "unreliable")).toHaveLength(2);
  });

  it("of one channel stalls that channel alone, and three stalled ones leave room for the others", () => {
    const pair = smallPair();
    const feeder = new Feeder(pair, 1000);
    for (const channel of [1, 2, 3]) pair.b.endpoint.setPaused(channel, true);
    feeder.run(4000, [1, 2, 3, 4]);
    expect([1, 2, 3].flatMap((channel) => indicesOn(pair, channel))).toEqual([]);
    const before = indicesOn(pair, 4).length;
    feeder.run(1000, [4]);
    pair.runFor(1000);
    expect(indicesOn(pair, 4).length).toBeGreaterThan(before + 500);
    for (const channel of [1, 2, 3]) pair.b.endpoint.setPaused(channel, false);
    pair.b.poll(pair.nowMs);
    pair.runWhile(() => pair.isBusy, 60_000);
    for (const channel of [1, 2, 3, 4]) {
      const wanted = feeder.sent.flatMap((sentOn, i) => (sentOn === channel ? [i] : []));
      expect(indicesOn(pair, channel)).toEqual(wanted);
    }
  });

  it("may have the largest message come although small ones were read before", () => {
    const pair = smallPair();
    for (let i = 0; i < 300; i++) {
      pair.a.endpoint.send(payload(i, 1 + ((i * 37) % 900)), { delivery: "ordered" }, pair.nowMs);
      if (i % 7 === 0) pair.a.endpoint.send(payload(i, WINDOW), { delivery: "ordered" }, pair.nowMs);
      pair.runFor(20);
    }
    pair.runWhile(() => pair.isBusy, 30_000);
    expect(pair.b.received).toHaveLength(300 + 43);
  });

  it("bulk data leaves room for small messages of its channel", () => {
    const pair = smallPair();
    pair.b.reading = false;
    new Feeder(pair, 20_000).run(2000, [0], "reliable");
    const small = pair.a.endpoint.send(payload(7, 40), { delivery: "reliable" }, pair.nowMs);
    pair.runFor(200);
    const { inboxMessages } = pair.b.endpoint.statistics;
    expect(small.accepted).toBe(true);
    pair.b.poll(pair.nowMs);
    expect(pair.b.received.slice(0, inboxMessages).some((m) => m.payload.length === 40)).toBe(true);
  });

  it("tells the sender that it waits", () => {
    const pair = smallPair();
    pair.b.reading = false;
    new Feeder(pair, 1000).run(2000, [0, 7]);
    expect(pair.a.endpoint.statistics.blockedChannels).toBe(2);
    pair.b.reading = true;
    pair.b.poll(pair.nowMs);
    pair.runWhile(() => pair.isBusy, 20_000);
    expect(pair.a.endpoint.statistics.blockedChannels).toBe(0);
  });
});

describe("CREDIT frames", () => {
  it("that are lost come again: readers that stop and go on over a bad link get everything, once, in order", () => {
    const link = fc.record({
      loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
      reorder: fc.double({ min: 0, max: 0.4, noNaN: true }),
      duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
    });
    const stops = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(link, stops, fc.integer({ min: 1, max: 1e6 }), (conditions, pauses, seed) => {
        const pair = smallPair(conditions, seed);
        const feeder = new Feeder(pair, 3000);
        for (const pause of pauses) {
          pair.b.reading = !pair.b.reading;
          pair.b.endpoint.setPaused(2, true);
          feeder.run(pause * 40, [0, 1, 2]);
          const { inboxBytes, inboxMessages, packetsRefused } = pair.b.endpoint.statistics;
          expect(inboxBytes + inboxMessages * 256).toBeLessThanOrEqual(CONNECTION_BYTES);
          expect(packetsRefused).toBe(0);
        }
        pair.b.reading = true;
        pair.b.endpoint.setPaused(2, false);
        pair.b.poll(pair.nowMs);
        pair.runWhile(() => pair.isBusy, 600_000);
        for (const channel of [0, 1, 2]) {
          const wanted = feeder.sent.flatMap((sentOn, i) => (sentOn === channel ? [i] : []));
          expect(indicesOn(pair, channel)).toEqual(wanted);
        }
        expect([pair.a.violation, pair.b.violation]).toEqual([undefined, undefined]);
      }),
      { seed: 13, numRuns: 6 },
    );
  });

  it("are few while the application reads along", () => {
    const pair = smallPair();
    let credits = 0;
    pair.b.onPacket = (_number, frames) => {
      for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === FrameKind.Credit) credits += 1;
    };
    new Feeder(pair, 1000).run(3000, [0]);
    pair.runWhile(() => pair.isBusy, 20_000);
    const bytes = pair.b.received.length * creditCost(1000);
    expect(credits).toBeGreaterThan(0);
    expect(credits).toBeLessThanOrEqual(Math.ceil(bytes / (64 * KIB - 256)));
  });

  it("T45 that shrink, repeat or name idle channels change nothing for the worse", () => {
    const pair = smallPair();
    const { endpoint } = pair.a;
    const credit = (channel: number, channelLimitBytes: number, connectionLimitBytes: number) =>
      endpoint.onCredit({ channel, channelLimitBytes, connectionLimitBytes } as Frame, pair.nowMs);
    for (let channel = 0; channel < 256; channel++) credit(channel, 0, 0);
    new Feeder(pair, 1000).run(500, [0, 255]);
    pair.runWhile(() => pair.isBusy, 5000);
    expect(pair.b.received.length).toBeGreaterThan(500);
    credit(0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    credit(0, 1, 1);
    new Feeder(pair, 1000).run(100, [0]);
    pair.runWhile(() => pair.isBusy, 5000);
    expect(pair.a.endpoint.statistics.blockedChannels).toBe(0);
  });

  it("T45 a sender that overruns its credit is found out, on a channel and on the connection", () => {
    const pair = smallPair();
    pair.b.reading = false;
    // The peer believes in limits that it was never given.
    for (const channel of [0, 1, 2, 3, 4, 5]) {
      const lie = { channel, channelLimitBytes: 2 ** 40, connectionLimitBytes: 2 ** 40 } as Frame;
      pair.a.endpoint.onCredit(lie, pair.nowMs);
    }
    const feeder = new Feeder(pair, 1000);
    feeder.run(200, [0]);
    for (let i = 0; i < 100 && pair.b.violation === undefined; i++) feeder.run(50, [0]);
    expect(pair.b.violation).toBe("credit-exceeded");
    const { inboxBytes, inboxMessages, heldBytes } = pair.b.endpoint.statistics;
    expect(inboxBytes + inboxMessages * 256 + heldBytes).toBeLessThan(CHANNEL_BYTES + 300 * KIB);
  });
});

describe("ReceiveCredit", () => {
  function written(credit: ReceiveCredit, room: number = 1000): [number, number, number][] {
    const bytes = new Uint8Array(1000);
    const writer = new ByteWriter().reset(bytes, 0, room);
    credit.write(writer);
    const frames = new PacketFrames();
    if (writer.written > 0) expect(frames.decode(bytes, 0, writer.written)).toBeUndefined();
    return Array.from({ length: frames.count }, (_, i) => {
      const { channel, channelLimitBytes, connectionLimitBytes } = frames.at(i);
      return [channel, channelLimitBytes, connectionLimitBytes];
    });
  }

  it("tells a quarter of a window at a time, and after a loss what the lost packet had told", () => {
    const credit = new ReceiveCredit(1024 * KIB, 1000);
    const window = channelWindowBytes(1024 * KIB);
    const step = Math.ceil(window / 4 / creditCost(1000));
    for (let i = 1; i < step; i++) credit.onRead(3, 1000);
    expect(credit.isPending).toBe(false);
    credit.onRead(3, 1000);
    expect(credit.isPending).toBe(true);
    expect(written(credit, 5)).toEqual([]);
    const told = step * creditCost(1000);
    expect(written(credit)).toEqual([[3, window + told, 4 * window + told]]);
    expect([credit.isPending, written(credit)]).toEqual([false, []]);
    credit.onRead(9, 1000);
    credit.onLost(0);
    expect(written(credit)).toEqual([[3, window + told, 4 * window + told + 1256]]);
  });

  it("tells of four channels a packet, and of the rest in the next", () => {
    const credit = new ReceiveCredit(WINDOW, WINDOW);
    for (let channel = 0; channel < 6; channel++) for (let i = 0; i < 70; i++) credit.onRead(channel, 1000);
    expect(written(credit).map(([channel]) => channel)).toEqual([0, 1, 2, 3]);
    expect(credit.isPending).toBe(true);
    expect(written(credit).map(([channel]) => channel)).toEqual([4, 5]);
    expect(credit.isPending).toBe(false);
  });

  it("counts each channel and all together", () => {
    const one = new ReceiveCredit(WINDOW, 1000);
    const most = Math.floor(CHANNEL_BYTES / creditCost(1000));
    for (let i = 0; i < most; i++) expect(one.onReceived(0, 1000)).toBe(true);
    expect(one.onReceived(1, 1000)).toBe(true);
    expect(one.onReceived(0, 1000)).toBe(false);
    const all = new ReceiveCredit(WINDOW, 1000);
    let taken = 0;
    while (all.onReceived(taken % 256, 1000)) taken += 1;
    expect(taken).toBe(Math.floor(CONNECTION_BYTES / creditCost(1000)));
  });
});
