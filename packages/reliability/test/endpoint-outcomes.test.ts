import { describe, expect, it } from "vitest";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import type { Outcome, SendReceipt } from "../src/send-receipt.js";
import { indexOf, Pair, payload } from "./support/pair.js";

/** What a receipt has resolved to by now. */
async function outcomeNow(receipt: SendReceipt): Promise<Outcome | "open"> {
  return Promise.race([receipt.outcome, Promise.resolve("open" as const)]);
}

describe("outcomes", () => {
  it("acked, whether asked before or after, and the same promise each time", async () => {
    const pair = new Pair();
    const early = pair.a.endpoint.send(payload(1, 10), { delivery: "reliable" }, pair.nowMs);
    const late = pair.a.endpoint.send(payload(2, 10), undefined, pair.nowMs);
    const promise = early.outcome;
    expect(early.outcome).toBe(promise);
    expect(await outcomeNow(early)).toBe("open");
    pair.runFor(200);
    expect(await outcomeNow(early)).toBe("acked");
    expect(await outcomeNow(late)).toBe("acked");
    expect(late.outcome).toBe(late.outcome);
  });

  it("acked, of an ordered one, once it can be given to the application; not if that does not come", async () => {
    const pair = new Pair();
    pair.fromA.drop = (packetNumber) => packetNumber === 1 || packetNumber > 3;
    const receipts: SendReceipt[] = [];
    for (let i = 0; i < 4; i++) {
      receipts.push(pair.a.endpoint.send(payload(i, 10), { delivery: "ordered" }, pair.nowMs));
      pair.runFor(2);
    }
    const early = receipts.map((receipt) => outcomeNow(receipt));
    expect(await Promise.all(early)).toEqual(["open", "open", "open", "open"]);
    pair.runFor(300);
    expect(pair.b.received).toHaveLength(1);
    expect(pair.a.endpoint.undelivered).toBe(1);
    expect(await Promise.all(receipts.map(outcomeNow))).toEqual(["acked", "open", "open", "open"]);
    pair.a.endpoint.close();
    expect(await Promise.all(receipts.map(outcomeNow))).toEqual(["acked", "closed", "closed", "closed"]);
  });

  it("acked, of ordered ones behind a gap, when it is filled", async () => {
    const pair = new Pair();
    pair.fromA.drop = (packetNumber) => packetNumber === 0;
    const receipts = [0, 1, 2].map((i) => {
      const receipt = pair.a.endpoint.send(payload(i, 1000), { delivery: "ordered" }, pair.nowMs);
      pair.runFor(1);
      return receipt;
    });
    // The outcome of the last is asked for late.
    expect(await Promise.all(receipts.slice(0, 2).map(outcomeNow))).toEqual(["open", "open"]);
    pair.runFor(500);
    expect(pair.b.received).toHaveLength(3);
    expect(await Promise.all(receipts.map(outcomeNow))).toEqual(["acked", "acked", "acked"]);
    expect(pair.a.endpoint.undelivered).toBe(0);
  });

  it("acked, when two copies were acknowledged before anybody asks", async () => {
    const modes = ["bestEffort", "reliable", "ordered"] as const;
    for (const delivery of modes) {
      const pair = new Pair();
      pair.fromB.drop = () => true;
      const receipt = pair.a.endpoint.send(payload(0, 10), { delivery }, pair.nowMs);
      pair.runFor(400);
      pair.fromB.drop = () => false;
      pair.runFor(2000);
      expect(pair.b.endpoint.statistics.duplicatesRejected, delivery).toBeGreaterThan(0);
      expect(await outcomeNow(receipt), delivery).toBe("acked");
    }
  });

  it("an empty message arrives in every mode", async () => {
    const pair = new Pair();
    const modes = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const;
    const receipts = modes.map((delivery) => pair.a.endpoint.send(new Uint8Array(0), { delivery }, pair.nowMs));
    pair.runFor(200);
    expect(pair.b.received.map((m) => [m.delivery, m.payload.length])).toEqual(modes.map((mode) => [mode, 0]));
    for (const receipt of receipts) expect(await receipt.outcome).toBe("acked");
  });

  it("a lost unreliable message is dropped, also when only one of its pieces is lost", async () => {
    const pair = new Pair();
    pair.fromA.drop = (packetNumber) => packetNumber === 0 || packetNumber === 3;
    const whole = pair.a.endpoint.send(payload(0, 10), undefined, pair.nowMs);
    pair.runFor(5);
    const pieces = pair.a.endpoint.send(payload(1, 6000), undefined, pair.nowMs);
    pair.runFor(1000);
    expect(await whole.outcome).toBe("dropped");
    expect(await pieces.outcome).toBe("dropped");
    expect(pair.b.received).toHaveLength(0);
    expect(pair.a.endpoint.statistics.messagesDropped).toBe(2);
    expect(pair.a.endpoint.statistics.retransmittedMessages).toBe(0);
    expect(pair.b.endpoint.statistics.reassembliesActive).toBe(1);
    pair.runFor(5000);
    expect(pair.b.endpoint.statistics.reassembliesActive).toBe(0);
    expect(pair.b.endpoint.statistics.reassembliesExpired).toBe(1);
  });

  it("bestEffort expires after a second by default, and is not resent from then on", async () => {
    const pair = new Pair();
    pair.fromA.drop = () => true;
    const receipt = pair.a.endpoint.send(payload(0, 10), { delivery: "bestEffort" }, pair.nowMs);
    pair.runFor(990);
    expect(await outcomeNow(receipt)).toBe("open");
    expect(pair.a.endpoint.statistics.retransmittedMessages).toBeGreaterThan(0);
    pair.runFor(20);
    expect(await outcomeNow(receipt)).toBe("expired");
    const { retransmittedMessages } = pair.a.endpoint.statistics;
    pair.fromA.drop = undefined;
    pair.runFor(5000);
    expect(pair.a.endpoint.statistics.retransmittedMessages).toBe(retransmittedMessages);
    expect(pair.b.received).toHaveLength(0);
    expect(pair.a.endpoint.statistics.queuedMessages).toBe(0);
  });

  it("bestEffort goes on over the gap that an expired message leaves", () => {
    const pair = new Pair();
    pair.fromA.drop = () => true;
    for (let i = 0; i < 50; i++) {
      pair.a.endpoint.send(payload(i, 10), { delivery: "bestEffort", expiresInMs: 50 }, pair.nowMs);
      pair.runFor(10);
    }
    pair.runFor(100);
    pair.fromA.drop = undefined;
    pair.a.endpoint.send(payload(50, 10), { delivery: "bestEffort" }, pair.nowMs);
    pair.runFor(2000);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([50]);
  });

  it("unreliable and sequenced messages past their time leave the queue unsent", async () => {
    const pair = new Pair({}, { a: { congestion: closedGate() } });
    const unreliable = pair.a.endpoint.send(payload(0, 10), { expiresInMs: 30 }, pair.nowMs);
    const sequenced = pair.a.endpoint.send(payload(1, 10), { delivery: "sequenced", expiresInMs: 40 }, pair.nowMs);
    const lasting = pair.a.endpoint.send(payload(2, 10), undefined, pair.nowMs);
    expect(pair.a.endpoint.nextTimeoutAt()).toBe(pair.nowMs + 30);
    pair.runFor(35);
    expect(await outcomeNow(unreliable)).toBe("expired");
    expect(await outcomeNow(sequenced)).toBe("open");
    pair.runFor(100);
    expect(await outcomeNow(sequenced)).toBe("expired");
    expect(await outcomeNow(lasting)).toBe("open");
    expect(pair.a.endpoint.statistics.messagesExpired).toBe(2);
    expect(pair.a.packets).toBe(0);
  });

  it("sequenced messages of one flush go together, in the place of what an earlier one left over", async () => {
    const pair = new Pair({}, { a: { congestion: closedGate() } });
    const send = (index: number, channel: number): SendReceipt =>
      pair.a.endpoint.send(payload(index, 10), { delivery: "sequenced", channel }, pair.nowMs);
    const old = [send(0, 0), send(1, 0)];
    const other = send(2, 1);
    expect(pair.a.endpoint.statistics.messagesSuperseded).toBe(0);
    pair.runFor(1);
    const newest = [send(3, 0), send(4, 0)];
    for (const { outcome } of old) expect(await outcome).toBe("dropped");
    expect(pair.a.endpoint.statistics.messagesSuperseded).toBe(2);
    expect(pair.a.endpoint.statistics.queuedMessages).toBe(3);
    for (const receipt of [other, ...newest]) expect(await outcomeNow(receipt)).toBe("open");
  });

  it("a sequenced message that goes before older ones of its flush ends them", async () => {
    const pair = new Pair();
    const send = (index: number, bytes: number, priority: number): SendReceipt =>
      pair.a.endpoint.send(payload(index, bytes), { delivery: "sequenced", priority }, pair.nowMs);
    const low = send(0, 40, 1);
    const large = send(1, 3000, 4);
    const behind = send(2, 40, 4);
    const high = send(3, 40, 7);
    pair.runFor(200);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([3]);
    for (const { outcome } of [low, large, behind]) expect(await outcome).toBe("dropped");
    expect(await high.outcome).toBe("acked");
    send(4, 40, 4);
    send(5, 3000, 4);
    send(6, 40, 4);
    pair.runFor(200);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([3, 4, 5, 6]);
  });

  it("several sequenced messages of a channel arrive, flush by flush, in order", () => {
    const pair = new Pair();
    for (let tick = 0; tick < 20; tick++) {
      for (let entity = 0; entity < 60; entity++) {
        pair.a.endpoint.send(payload(tick * 60 + entity, 100), { delivery: "sequenced" }, pair.nowMs);
      }
      pair.runFor(16);
    }
    pair.runFor(100);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual(Array.from({ length: 1200 }, (_, i) => i));
    expect(pair.a.endpoint.statistics.messagesSuperseded).toBe(0);
  });

  it("closed settles everything, in every state, and frees all", async () => {
    const pair = new Pair({ latencyMs: 100 });
    const modes = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const;
    const receipts: SendReceipt[] = [];
    for (const delivery of modes) {
      for (let i = 0; i < 1100; i++) {
        const bytes = payload(i, i === 50 ? 20_000 : 8);
        receipts.push(pair.a.endpoint.send(bytes, { delivery, channel: i & 1 }, pair.nowMs));
        if (receipts.length % 300 === 0) pair.runFor(1);
      }
    }
    const accepted = receipts.filter((receipt) => receipt.accepted);
    pair.a.endpoint.close();
    const outcomes = await Promise.all(accepted.map((receipt) => receipt.outcome));
    expect(outcomes.filter((outcome) => outcome === "closed").length).toBeGreaterThan(3000);
    const { statistics } = pair.a.endpoint;
    expect([statistics.queuedMessages, statistics.queuedBytes]).toEqual([0, 0]);
    expect([statistics.packetsInFlight, statistics.bytesInFlight]).toEqual([0, 0]);
    expect(pair.a.endpoint.nextTimeoutAt()).toBe(Infinity);
    expect(pair.a.endpoint.wantsToSend(pair.nowMs)).toBe(false);
    const refused = pair.a.endpoint.send(payload(0, 8), undefined, pair.nowMs);
    expect([refused.accepted, refused.refusal, await refused.outcome]).toEqual([false, "closed", "closed"]);
    pair.a.endpoint.close();
    pair.a.endpoint.handleTimeout(pair.nowMs);
  });

  it("close frees what was held for the peer, and leaves the inbox to be polled", () => {
    const pair = new Pair();
    pair.b.reading = false;
    pair.fromA.drop = (packetNumber) => packetNumber === 1;
    pair.a.endpoint.send(payload(0, 10), { delivery: "ordered" }, pair.nowMs);
    pair.flush();
    pair.a.endpoint.send(payload(1, 10), { delivery: "ordered" }, pair.nowMs);
    pair.flush();
    pair.a.endpoint.send(payload(2, 10), { delivery: "ordered" }, pair.nowMs);
    pair.runFor(30);
    expect(pair.b.endpoint.statistics.heldBytes).toBeGreaterThan(0);
    pair.b.endpoint.close();
    expect(pair.b.endpoint.statistics.heldBytes).toBe(0);
    pair.b.poll(pair.nowMs);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual([0]);
  });

  it("takes a copy of the payload, also of a Node Buffer", () => {
    const pair = new Pair();
    const bytes = Buffer.from([0, 0, 0, 9, 1, 2, 3]);
    pair.a.endpoint.send(bytes, { delivery: "reliable" }, pair.nowMs);
    bytes.fill(0xff);
    pair.runFor(100);
    expect([...(pair.b.received[0]?.payload ?? [])]).toEqual([0, 0, 0, 9, 1, 2, 3]);
  });
});

/** A congestion controller that lets nothing through. */
function closedGate(): CongestionController {
  return {
    onPacketSent: () => undefined,
    onPacketAcked: () => undefined,
    onAck: () => undefined,
    onPacketsLost: () => undefined,
    onSpuriousLoss: () => undefined,
    onPathChanged: () => undefined,
    canSend: () => false,
    nextSendAt: () => Infinity,
    windowBytes: 0,
    paceBytesPerSecond: 0,
    bandwidthBytesPerSecond: 0,
  };
}
