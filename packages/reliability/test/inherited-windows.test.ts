import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { Delivery } from "../src/delivery.js";
import { Pair, payload, seededRandom } from "./support/pair.js";

/** Channel whose messages of priority 4 fill the line. */
const BUSY_CHANNEL = 9;
const RATE_BYTES_PER_SECOND = 2_000_000;

function createPair(latencyMs: number, receiveWindowBytes: number = 8 * 1024 * 1024): Pair {
  const congestion = new FixedBudget({ rateBytesPerSecond: RATE_BYTES_PER_SECOND, burstBytes: 1452 });
  const limits = { maxMessageBytes: receiveWindowBytes, peerMaxMessageBytes: receiveWindowBytes };
  const options = { ...limits, receiveWindowBytes, peerReceiveWindowBytes: receiveWindowBytes };
  return new Pair({ latencyMs }, { seed: 11, a: { ...options, congestion }, b: options });
}

function send(pair: Pair, delivery: Delivery, channel: number, priority: number, bytes: number): void {
  expect(pair.a.endpoint.send(payload(0, bytes), { delivery, channel, priority }, pair.nowMs).accepted).toBe(true);
}

function fillLine(pair: Pair, bytes: number = 2_500_000): void {
  while (pair.a.endpoint.statistics.queuedBytes < bytes) send(pair, "reliable", BUSY_CHANNEL, 4, 1000);
}

function received(pair: Pair, channel: number, bytes: number): number {
  return pair.b.received.filter((message) => message.channel === channel && message.payload.length === bytes).length;
}

/** What is sent is lost, for as long as so many bytes take. */
function runInVain(pair: Pair, bytes: number): void {
  pair.fromA.drop = () => true;
  pair.runFor((bytes / RATE_BYTES_PER_SECOND) * 1000 + 5);
  pair.fromA.drop = undefined;
}

/** What is sent arrives, and the sender does not notice: nothing that was lost goes again. */
function runUnnoticed(pair: Pair, bytes: number): void {
  pair.fromB.drop = () => true;
  pair.runFor(((bytes * 1.1) / RATE_BYTES_PER_SECOND) * 1000);
  pair.fromB.drop = undefined;
}

/** A message of priority 0 is lost, and `count` others go behind it before that is noticed; then the line is full. */
function holdUp(pair: Pair, lost: number, count: number, bytes: number): void {
  send(pair, "ordered", 0, 0, lost);
  runInVain(pair, lost);
  for (let i = 0; i < count; i++) send(pair, "ordered", 0, 0, bytes);
  runUnnoticed(pair, count * bytes);
  fillLine(pair);
}

describe("what was lost while an urgent message waits for a window", () => {
  it.each([0, 2])("goes again in its turn: the small window, channel %d", (channel) => {
    const pair = createPair(40);
    holdUp(pair, 100, 232, 1000);
    send(pair, "ordered", channel, 7, 300);
    pair.runFor(600);
    expect([received(pair, channel, 300), received(pair, 0, 100), received(pair, 0, 1000)]).toEqual([1, 1, 232]);
    expect(pair.b.violation).toBeUndefined();
  });

  it("goes again in its turn: a large message that keeps small ones", () => {
    const pair = createPair(40);
    holdUp(pair, 2000, 232, 1001);
    send(pair, "ordered", 2, 7, 300);
    pair.runFor(600);
    expect(received(pair, 2, 300)).toBe(1);
  });

  it.each<Delivery>(["ordered", "reliable"])(
    "goes again in its turn: the window for large messages, %s",
    (delivery) => {
      const pair = createPair(40, 200_000);
      holdUp(pair, 100, 7, 25_000);
      send(pair, delivery, 2, 7, 30_000);
      pair.runFor(600);
      expect([received(pair, 2, 30_000), received(pair, 0, 25_000)]).toEqual([1, 7]);
    },
  );

  it("goes again in its turn: the credit of a channel", () => {
    const pair = createPair(40, 16_384);
    // 344,064 bytes of credit, of which each takes 256 more.
    holdUp(pair, 100, 640, 200);
    send(pair, "reliable", 0, 7, 16_000);
    pair.runFor(600);
    expect([received(pair, 0, 16_000), received(pair, 0, 200)]).toEqual([1, 640]);
  });

  it("waits for its own turn while the windows are free", () => {
    const pair = createPair(40);
    holdUp(pair, 100, 200, 1000);
    send(pair, "ordered", 2, 7, 300);
    pair.runFor(600);
    expect([received(pair, 2, 300), received(pair, 0, 100)]).toEqual([1, 0]);
  });

  it("takes nothing from what was lost on its channel at the priority of the urgent one", () => {
    const pair = createPair(40);
    for (let i = 0; i < 30; i++) send(pair, "ordered", 0, 0, 100);
    for (let i = 0; i < 20; i++) send(pair, "reliable", 0, 7, 900);
    runInVain(pair, 22_000);
    for (let i = 0; i < 226; i++) send(pair, "ordered", 0, 0, 1000);
    runUnnoticed(pair, 226_000);
    fillLine(pair);
    for (let i = 0; i < 20; i++) send(pair, "ordered", 2, 7, 300);
    pair.runFor(600);
    expect([received(pair, 2, 300), received(pair, 0, 900), received(pair, 0, 100)]).toEqual([20, 20, 30]);
  });

  it("never holds up urgent messages for long, whatever is lost", () => {
    const random = seededRandom(5);
    const pair = createPair(20);
    let worstMs = 0;
    for (let round = 0; round < 4; round++) {
      const bytes = 950 + Math.floor(random() * 150);
      for (let i = 0; i < 280; i++) send(pair, "ordered", Math.floor(random() * 3), Math.floor(random() * 4), bytes);
      pair.fromA.loss = random() * 0.3;
      runUnnoticed(pair, 280 * bytes);
      pair.fromA.loss = 0.05;
      fillLine(pair, 600_000);
      const before = pair.b.received.length;
      for (let i = 0; i < 100; i++) send(pair, "ordered", 3 + (i % 3), 7, i % 4 === 0 ? 2000 : 1000);
      const sentAtMs = pair.nowMs;
      pair.runWhile(() => {
        fillLine(pair, 600_000);
        return (
          pair.b.received.slice(before).filter(({ channel }) => channel >= 3 && channel < BUSY_CHANNEL).length < 30
        );
      }, 3000);
      worstMs = Math.max(worstMs, pair.nowMs - sentAtMs);
      pair.runWhile(() => pair.isBusy, 10_000);
    }
    expect(worstMs).toBeLessThan(700);
    expect(pair.b.violation).toBeUndefined();
  });
});
