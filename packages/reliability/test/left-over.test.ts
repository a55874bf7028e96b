import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { DEFAULT_LIMITS } from "../src/endpoint-options.js";
import { LeftOver } from "../src/left-over.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { createEndpoint, indexOf, Pair, payload, seededRandom } from "./support/pair.js";

const MODES = ["unreliable", "sequenced"] as const;

/** 2000 bytes a second, in single packets, of which one has just gone. */
function spentPair(): Pair {
  const pair = new Pair(
    { latencyMs: 20 },
    { a: { congestion: new FixedBudget({ rateBytesPerSecond: 2000, burstBytes: 1452 }) } },
  );
  pair.a.endpoint.send(payload(0, 1100), undefined, pair.nowMs);
  pair.flush();
  return pair;
}

function indices(pair: Pair): number[] {
  return pair.b.received.map(({ payload: data }) => indexOf(data));
}

describe("a message that no flush has left over", () => {
  it.each(MODES)("goes with the first one, however late that is (%s)", (delivery) => {
    const pair = new Pair();
    const { endpoint } = pair.a;
    for (let i = 0; i < 10; i++) {
      endpoint.send(payload(i, 20), { delivery, channel: i }, pair.nowMs);
      // What others would have been told by: later sends, timeouts, and questions.
      pair.nowMs += 90;
      endpoint.send(payload(100 + i, 20), { delivery: "unreliable", channel: i }, pair.nowMs);
      endpoint.handleTimeout(pair.nowMs);
      expect(endpoint.wantsToSend(pair.nowMs)).toBe(true);
    }
    pair.nowMs += 5000;
    pair.runFor(100);
    expect(pair.b.received).toHaveLength(20);
    expect(endpoint.statistics).toMatchObject({ messagesShed: 0, messagesDropped: 0 });
  });

  it("goes with one that an acknowledgement of earlier packets begins", () => {
    const pair = new Pair({ latencyMs: 20 });
    pair.a.endpoint.send(payload(1, 20), { delivery: "reliable" }, pair.nowMs);
    pair.flush();
    pair.a.endpoint.send(payload(2, 20), undefined, pair.nowMs);
    pair.nowMs += 300;
    pair.runFor(100);
    expect(indices(pair).toSorted()).toEqual([1, 2]);
  });

  it("waits in a queue that is bounded as ever", () => {
    const endpoint = createEndpoint();
    for (let i = 0; i < 20_000; i++) endpoint.send(payload(i, 20), { channel: i % 8 }, i);
    const { queuedMessages, messagesDropped, messagesShed } = endpoint.statistics;
    expect(queuedMessages).toBe(DEFAULT_LIMITS.maxQueuedMessages * 1.125);
    expect(messagesDropped).toBe(20_000 - queuedMessages);
    expect(messagesShed).toBe(0);
  });

  it("keeps the time that it was given, from the send on", async () => {
    const pair = new Pair();
    const outcomes = [100, 120].map(
      (expiresInMs) => pair.a.endpoint.send(payload(expiresInMs, 20), { expiresInMs }, pair.nowMs).outcome,
    );
    pair.nowMs += 110;
    pair.runFor(100);
    expect(await Promise.all(outcomes)).toEqual(["expired", "acked"]);
  });
});

describe("a message that a flush left over", () => {
  it.each([99, 100])("waits for 100 ms from then on, not from its send on: %i ms", (waitMs) => {
    const pair = spentPair();
    const { endpoint } = pair.a;
    endpoint.send(payload(1, 500), undefined, pair.nowMs);
    pair.nowMs += 70;
    pair.flush();
    // A second flush, and later messages, change nothing.
    endpoint.send(payload(2, 500), undefined, pair.nowMs + 30);
    pair.nowMs += 60;
    pair.flush();
    pair.nowMs += waitMs - 60;
    endpoint.send(payload(3, 500), undefined, pair.nowMs);
    expect(endpoint.statistics.messagesShed).toBe(waitMs < 100 ? 0 : 1);
    // The second was left over 60 ms later, and ends as much later.
    pair.nowMs += 160 - waitMs - 1;
    endpoint.send(payload(4, 500), undefined, pair.nowMs);
    expect(endpoint.statistics.messagesShed).toBe(1);
    pair.nowMs += 1;
    endpoint.send(payload(5, 500), undefined, pair.nowMs);
    expect(endpoint.statistics.messagesShed).toBe(2);
  });

  it("is not sent by the next flush where that comes too late, which sends what is new", () => {
    const pair = spentPair();
    const { endpoint } = pair.a;
    for (let i = 1; i <= 5; i++) endpoint.send(payload(i, 500), undefined, pair.nowMs);
    pair.flush();
    pair.nowMs += 700;
    endpoint.send(payload(6, 500), undefined, pair.nowMs);
    pair.runFor(50);
    expect(indices(pair)).toEqual([0, 6]);
    expect(endpoint.statistics.messagesShed).toBe(5);
  });

  it("waits on where its owner gave it a time of its own, or it is resent", () => {
    const pair = spentPair();
    const { endpoint } = pair.a;
    endpoint.send(payload(1, 200), { expiresInMs: 5000 }, pair.nowMs);
    endpoint.send(payload(2, 200), { delivery: "reliable" }, pair.nowMs);
    endpoint.send(payload(3, 200), { delivery: "bestEffort", expiresInMs: 5000 }, pair.nowMs);
    pair.flush();
    pair.nowMs += 2000;
    pair.runFor(300);
    expect(indices(pair).toSorted()).toEqual([0, 1, 2, 3]);
  });
});

describe("LeftOver", () => {
  const MAX_WAIT_MS = 100;

  it("keeps few marks, and gives each message its time and a thirty-second part of it at most", () => {
    const random = seededRandom(91);
    const leftOver = new LeftOver(MAX_WAIT_MS);
    const waiting: { readonly message: OutgoingMessage; readonly sinceMs: number }[] = [];
    let order = 0;
    let most = 0;
    let stale = 0;
    for (let nowMs = 0; nowMs < 1500; nowMs += random() < 0.01 ? 300 * random() : random()) {
      for (let i = Math.floor(3 * random()); i > 0; i--) {
        const message = new OutgoingMessage(new Uint8Array(1), DeliveryCode.Unreliable, 0, 4, Infinity, order++);
        expect(leftOver.isStale(message, nowMs)).toBe(false);
        waiting.push({ message, sinceMs: nowMs });
      }
      leftOver.add(order, nowMs);
      most = Math.max(most, leftOver.marks);
      for (let first = waiting[0]; first !== undefined && leftOver.isStale(first.message, nowMs); first = waiting[0]) {
        expect(nowMs - first.sinceMs).toBeGreaterThanOrEqual(MAX_WAIT_MS);
        waiting.shift();
        stale += 1;
      }
      const oldest = waiting[0]?.sinceMs ?? nowMs;
      expect(nowMs - oldest).toBeLessThan(MAX_WAIT_MS * (1 + 1 / 32));
    }
    expect(most).toBeLessThanOrEqual(33);
    expect(stale).toBeGreaterThan(500);
  });
});
