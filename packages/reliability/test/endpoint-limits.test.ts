import { ByteWriter, FrameKind, MAX_FRAMES_PER_PACKET, PacketFrames } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { Delivery } from "../src/delivery.js";
import { MAX_UNRELIABLE_MESSAGE_BYTES } from "../src/send-options.js";
import { createEndpoint, indexOf, Pair, payload } from "./support/pair.js";

const KIB = 1024;
const MODES: Delivery[] = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];

describe("send queue caps", () => {
  it("T35 modes that resend are refused when the queue is full, and taken again when it drains", async () => {
    const pair = new Pair({}, { a: { limits: { maxQueuedMessages: 10 } } });
    const send = () => pair.a.endpoint.send(payload(0, 8), { delivery: "reliable" }, pair.nowMs);
    for (let i = 0; i < 10; i++) expect(send().accepted).toBe(true);
    const refused = send();
    expect([refused.accepted, refused.refusal, await refused.outcome]).toEqual([false, "queue-full", "dropped"]);
    pair.flush();
    // In flight is not gone: the payloads may have to be sent again.
    expect(send().accepted).toBe(false);
    pair.runFor(200);
    expect(send().accepted).toBe(true);
    expect(pair.a.endpoint.statistics.messagesRefused).toBe(2);
  });

  it("unreliable ones push out the oldest of the lowest priority, and are refused below it", async () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 1000 } });
    const receipts = Array.from({ length: 15 }, (_, i) => endpoint.send(payload(i, 100), { priority: i % 8 }, 0));
    const outcomes = await Promise.all(receipts.map((r) => Promise.race([r.outcome, Promise.resolve("open")])));
    const dropped = outcomes.flatMap((outcome, i) => (outcome === "dropped" ? [i] : []));
    expect(dropped).toEqual([0, 1, 8, 9]);
    expect(endpoint.send(payload(15, 100), { priority: 1 }, 0).refusal).toBe("queue-full");
    expect(endpoint.statistics.queuedBytes).toBe(1100);
  });

  it("bulk that fills the queue leaves an eighth more for what may be dropped, and cannot push it out", async () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 1000, maxQueuedMessages: 40 } });
    const bulk = (): boolean => endpoint.send(payload(0, 100), { delivery: "ordered", priority: 7 }, 0).accepted;
    const position = endpoint.send(payload(1, 60), { delivery: "sequenced", channel: 1 }, 0);
    const effect = endpoint.send(payload(2, 60), undefined, 0);
    while (bulk());
    expect(endpoint.statistics).toMatchObject({ queuedBytes: 1120, messagesDropped: 0 });
    const outcomes = Promise.all([position, effect].map((r) => Promise.race([r.outcome, Promise.resolve("open")])));
    expect(await outcomes).toEqual(["open", "open"]);
    // A newer one takes the place of the oldest, not of bulk.
    expect(endpoint.send(payload(3, 60), undefined, 0).accepted).toBe(true);
    expect(endpoint.statistics).toMatchObject({ queuedBytes: 1120, messagesDropped: 1 });
    const short = createEndpoint({ limits: { maxQueuedMessages: 40 } });
    while (short.send(payload(0, 10), { delivery: "ordered" }, 0).accepted);
    for (let i = 0; i < 10; i++) expect(short.send(payload(i, 10), undefined, 0).accepted).toBe(true);
    expect(short.statistics).toMatchObject({ queuedMessages: 45, messagesDropped: 5 });
  });

  it("reliable ones push out unreliable ones, but only where that makes room", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 1000 } });
    for (let i = 0; i < 6; i++) endpoint.send(payload(i, 100), { delivery: "reliable" }, 0);
    for (let i = 0; i < 4; i++) endpoint.send(payload(i, 100), undefined, 0);
    expect(endpoint.send(payload(0, 450), { delivery: "ordered" }, 0).refusal).toBe("queue-full");
    expect(endpoint.statistics.messagesDropped).toBe(0);
    expect(endpoint.send(payload(0, 300), { delivery: "ordered" }, 0).accepted).toBe(true);
    expect(endpoint.statistics.messagesDropped).toBe(2);
    expect(endpoint.send(payload(0, 300), undefined, 0).refusal).toBe("queue-full");
  });

  it("one large message goes on top of the cap, and does not keep small ones out", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 1000 }, peerMaxMessageBytes: 5000 });
    const send = (bytes: number) => endpoint.send(payload(0, bytes), { delivery: "ordered" }, 0);
    expect(send(5000).accepted).toBe(true);
    expect(send(5000).refusal).toBe("queue-full");
    for (let i = 0; i < 10; i++) expect(send(100).accepted).toBe(true);
    expect(send(100).refusal).toBe("queue-full");
    expect(endpoint.statistics.queuedBytes).toBe(6000);
    expect(send(5001).refusal).toBe("message-too-large");
  });

  it("larger than the peer takes, and larger than unreliable messages may be", async () => {
    const endpoint = createEndpoint({ peerMaxMessageBytes: 200 * KIB });
    for (const delivery of MODES) {
      const receipt = endpoint.send(new Uint8Array(200 * KIB + 1), { delivery }, 0);
      expect([receipt.refusal, await receipt.outcome]).toEqual(["message-too-large", "dropped"]);
      const largest = MODES.indexOf(delivery) < 2 ? MAX_UNRELIABLE_MESSAGE_BYTES : 200 * KIB;
      expect(endpoint.send(new Uint8Array(largest), { delivery }, 0).accepted).toBe(true);
    }
    const beyond = new Uint8Array(MAX_UNRELIABLE_MESSAGE_BYTES + 1);
    expect(endpoint.send(beyond, undefined, 0).refusal).toBe("message-too-large");
  });

  it("the largest unreliable message arrives", () => {
    const pair = new Pair();
    pair.a.endpoint.send(payload(4, MAX_UNRELIABLE_MESSAGE_BYTES), undefined, pair.nowMs);
    pair.a.endpoint.send(payload(5, MAX_UNRELIABLE_MESSAGE_BYTES), { delivery: "sequenced" }, pair.nowMs);
    pair.runFor(1000);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([4, 5]);
  });
});

describe("inbox caps", () => {
  it("unreliable messages: the oldest go", () => {
    const pair = new Pair({}, { b: { limits: { maxInboxMessages: 5 } } });
    pair.b.reading = false;
    for (let i = 0; i < 12; i++) pair.a.endpoint.send(payload(i, 10), undefined, pair.nowMs);
    pair.runFor(100);
    pair.b.poll(pair.nowMs);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([7, 8, 9, 10, 11]);
    expect(pair.b.endpoint.statistics.inboxDropped).toBe(7);
  });
});

describe("windows", () => {
  it("an honest sender never exceeds the receive window, whatever the link does", () => {
    const link = fc.record({
      loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
      reorder: fc.double({ min: 0, max: 0.5, noNaN: true }),
      duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
      jitterMs: fc.integer({ min: 0, max: 40 }),
      latencyMs: fc.integer({ min: 0, max: 80 }),
    });
    const sends = fc.array(
      fc.record({
        delivery: fc.constantFrom(...MODES),
        channel: fc.integer({ min: 0, max: 3 }),
        priority: fc.integer({ min: 0, max: 7 }),
        bytes: fc.oneof(fc.integer({ min: 4, max: 300 }), fc.integer({ min: 300, max: 20_000 })),
      }),
      { minLength: 20, maxLength: 150 },
    );
    fc.assert(
      fc.property(link, sends, fc.integer(), (conditions, messages, seed) => {
        const window = { maxMessageBytes: 20_000, receiveWindowBytes: 20_000 };
        const peer = { peerMaxMessageBytes: 20_000, peerReceiveWindowBytes: 20_000 };
        const pair = new Pair(conditions, { seed, a: peer, b: window });
        const wanted: number[] = [];
        let heldMost = 0;
        messages.forEach(({ delivery, channel, priority, bytes }, i) => {
          pair.a.endpoint.send(payload(i, bytes), { delivery, channel, priority }, pair.nowMs);
          if (delivery === "ordered" || delivery === "reliable") wanted.push(i);
          if (i % 5 === 0) pair.runFor(10);
          heldMost = Math.max(heldMost, pair.b.endpoint.statistics.heldBytes);
        });
        pair.runWhile(() => pair.isBusy, 600_000);
        expect(pair.b.violation).toBeUndefined();
        const kept = pair.b.received.filter((m) => m.delivery === "ordered" || m.delivery === "reliable");
        expect(kept.map((m) => indexOf(m.payload)).sort((x, y) => x - y)).toEqual(wanted);
        for (let channel = 0; channel < 4; channel++) {
          const ordered = pair.b.received.filter((m) => m.delivery === "ordered" && m.channel === channel);
          const indices = ordered.map((m) => indexOf(m.payload));
          expect(indices).toEqual([...indices].sort((x, y) => x - y));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("large messages wait for the window while small ones and other modes go on", () => {
    const pair = new Pair({}, { a: { peerReceiveWindowBytes: 20_000, peerMaxMessageBytes: 20_000 } });
    for (let i = 0; i < 5; i++) {
      pair.a.endpoint.send(payload(i, 15_000), { delivery: "ordered", channel: i }, pair.nowMs);
    }
    pair.a.endpoint.send(payload(5, 50), { delivery: "ordered", channel: 4 }, pair.nowMs);
    pair.a.endpoint.send(payload(6, 50), { delivery: "ordered", channel: 5 }, pair.nowMs);
    pair.a.endpoint.send(payload(7, 50), { delivery: "reliable" }, pair.nowMs);
    pair.a.endpoint.send(payload(8, 3000), undefined, pair.nowMs);
    pair.runFor(30);
    // The first turn of channel 0 is the unreliable message's, so that 1 is the first to find the window free.
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([6, 7, 8, 1]);
    pair.runWhile(() => pair.isBusy, 2000);
    expect(pair.b.received).toHaveLength(9);
  });

  it("1024 message IDs are out at most; other channels do not wait", () => {
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ burstBytes: 1e8 }) } });
    pair.fromA.drop = (packetNumber) => packetNumber === 0;
    const blocked: number[] = [];
    for (let i = 0; i < 3000; i++) {
      pair.a.endpoint.send(payload(i, 4), { delivery: "ordered", channel: 1 }, pair.nowMs);
      if (i % 100 === 0) pair.flush();
    }
    pair.a.endpoint.send(payload(1, 4), { delivery: "ordered", channel: 2 }, pair.nowMs);
    pair.runFor(26);
    blocked.push(pair.b.received.filter((m) => m.channel === 1).length);
    expect(blocked).toEqual([0]);
    expect(pair.b.received.filter((m) => m.channel === 2)).toHaveLength(1);
    pair.runWhile(() => pair.isBusy, 10_000);
    expect(pair.b.violation).toBeUndefined();
    const indices = pair.b.received.filter((m) => m.channel === 1).map((m) => indexOf(m.payload));
    expect(indices).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });

  it.each([0, 0.1])(
    "bestEffort waits while 1024 are under way, and is given up by its time alone (%d lost)",
    async (loss) => {
      const pair = new Pair({ loss });
      const options = { delivery: "bestEffort", expiresInMs: 20_000 } as const;
      const send = (index: number) => pair.a.endpoint.send(payload(index, 4), options, pair.nowMs).outcome;
      const outcomes = Array.from({ length: 4000 }, (_, i) => send(i));
      pair.runWhile(() => pair.isBusy, 10_000);
      expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["acked"]));
      const indices = pair.b.received.map((m) => indexOf(m.payload)).sort((a, b) => a - b);
      expect(indices).toEqual(Array.from({ length: 4000 }, (_, i) => i));
      expect(pair.b.violation).toBeUndefined();
    },
  );

  it("bestEffort of a higher rank goes on while a large one keeps the lowest ID, which is given up", async () => {
    const congestion = new FixedBudget({ rateBytesPerSecond: 60_000, burstBytes: 1452 });
    const pair = new Pair({ latencyMs: 20 }, { a: { congestion } });
    const send = (index: number, bytes: number, priority: number, expiresInMs: number) => {
      return pair.a.endpoint.send(payload(index, bytes), { delivery: "bestEffort", priority, expiresInMs }, pair.nowMs);
    };
    const large = send(0, 600_000, 0, 25_000).outcome;
    const urgent = [];
    for (let i = 1; i <= 1800; i++) {
      urgent.push(send(i, 20, 7, 1000).outcome);
      pair.runFor(6);
    }
    pair.runFor(500);
    expect(new Set(await Promise.all(urgent))).toEqual(new Set(["acked"]));
    expect(await large).toBe("dropped");
    const gaps = pair.b.receivedAtMs.map((at, i) => (i === 0 ? 0 : at - (pair.b.receivedAtMs[i - 1] as number)));
    expect(Math.max(...gaps)).toBeLessThan(100);
  });

  it("bestEffort that waits behind an outage goes once the time of what is under way is over", async () => {
    const pair = new Pair();
    pair.fromA.drop = () => true;
    const send = (index: number) =>
      pair.a.endpoint.send(payload(index, 4), { delivery: "bestEffort", expiresInMs: 3000 }, pair.nowMs).outcome;
    const early = Array.from({ length: 1500 }, (_, i) => send(i));
    pair.runFor(2000);
    const late = Array.from({ length: 100 }, (_, i) => send(1500 + i));
    pair.fromA.drop = undefined;
    pair.runFor(2500);
    expect(new Set(await Promise.all(late))).toEqual(new Set(["acked"]));
    const outcomes = await Promise.all(early);
    expect(outcomes.filter((outcome) => outcome === "acked").length).toBe(
      pair.b.received.filter((m) => indexOf(m.payload) < 1500).length,
    );
    expect(pair.b.violation).toBeUndefined();
  });
});

describe("packets", () => {
  it("hold at most 256 frames", () => {
    const endpoint = createEndpoint();
    for (let i = 0; i < 700; i++) endpoint.send(new Uint8Array(1), undefined, 0);
    const buffer = new Uint8Array(1200);
    const frames = new PacketFrames();
    let messages = 0;
    for (;;) {
      const writer = new ByteWriter().reset(buffer, 0, 1175);
      if (endpoint.buildPacket(writer, 0) < 0) break;
      expect(frames.decode(buffer, 0, writer.offset)).toBeUndefined();
      expect(frames.count).toBeLessThanOrEqual(MAX_FRAMES_PER_PACKET);
      for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === FrameKind.Message) messages += 1;
    }
    expect(messages).toBe(700);
  });

  it("a writer with too little room gets nothing, and uses up no number", () => {
    const endpoint = createEndpoint();
    endpoint.send(payload(0, 100), undefined, 0);
    const buffer = new Uint8Array(1200);
    expect(endpoint.buildPacket(new ByteWriter().reset(buffer, 0, 50), 0)).toBe(-1);
    expect(endpoint.buildPacket(new ByteWriter().reset(buffer, 0, 110), 0)).toBe(0);
  });

  it("whole unreliable messages use up no fragment IDs", () => {
    const pair = new Pair();
    const ids = new Set<number>();
    pair.a.onPacket = (_number, frames) => {
      for (let i = 0; i < frames.count; i++) {
        if (frames.at(i).kind === FrameKind.Fragment) ids.add(frames.at(i).messageId);
      }
    };
    for (const bytes of [2000, 20, 20, 2000, 20, 2000]) {
      for (const delivery of ["unreliable", "sequenced"] as const) {
        pair.a.endpoint.send(payload(bytes, bytes), { delivery }, pair.nowMs);
        pair.flush();
      }
    }
    expect([...ids]).toEqual([0, 1, 2]);
    pair.runFor(200);
    expect(pair.b.received).toHaveLength(12);
  });

  it("by priority, small before large, first come first served", () => {
    const pair = new Pair();
    const send = (index: number, priority: number, bytes: number, delivery: Delivery): void => {
      pair.a.endpoint.send(payload(index, bytes), { priority, delivery, channel: index }, pair.nowMs);
    };
    send(0, 0, 20, "reliable");
    send(1, 4, 5000, "ordered");
    send(2, 4, 20, "unreliable");
    send(3, 4, 20, "ordered");
    send(4, 7, 5000, "reliable");
    send(5, 7, 20, "sequenced");
    send(6, 4, 20, "reliable");
    pair.runFor(100);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([5, 4, 2, 3, 6, 1, 0]);
  });

  it("ordered messages keep their order whatever their priorities", () => {
    const pair = new Pair({ loss: 0.1 });
    for (let i = 0; i < 60; i++) {
      const options = { delivery: "ordered", priority: (i * 5) % 8 } as const;
      pair.a.endpoint.send(payload(i, i % 7 === 0 ? 4000 : 30), options, pair.nowMs);
    }
    pair.runWhile(() => pair.isBusy, 5000);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });
});

describe("options", () => {
  it("out of range throw with label, range and value", () => {
    const expected = '"maxDatagramBytes" expected 1200..1452';
    expect(() => createEndpoint({ maxDatagramBytes: 1199 })).toThrow(`${expected}, got 1199`);
    expect(() => createEndpoint({ localMaxAckDelayMs: -1 })).toThrow('"localMaxAckDelayMs" expected');
    expect(() => createEndpoint({ initialMessageId: 70_000 })).toThrow('"initialMessageId" expected 0..65535');
    expect(() => createEndpoint({ receiveWindowBytes: 0 })).toThrow('"receiveWindowBytes" expected');
    expect(() => createEndpoint({ limits: { maxQueuedMessages: 0 } })).toThrow('"maxQueuedMessages" expected');
    expect(() => createEndpoint().setMaxDatagramBytes(2000)).toThrow(`${expected}, got 2000`);
  });
});
