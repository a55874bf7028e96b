import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { Urgency } from "../src/channels/urgency.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { Delivery } from "../src/delivery.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { Pair, payload } from "./support/pair.js";

const RATE_BYTES_PER_SECOND = 200_000;

/** A sender whose line priority 4 fills on channel 1, for as long as the tests last. */
function busyPair(): Pair {
  const congestion = new FixedBudget({ rateBytesPerSecond: RATE_BYTES_PER_SECOND, burstBytes: 1452 });
  return new Pair({ latencyMs: 20 }, { a: { congestion } });
}

function fillLine(pair: Pair): void {
  for (let i = 0; i < 2000; i++) send(pair, "reliable", 1, 4, 1000);
}

function send(pair: Pair, delivery: Delivery, channel: number, priority: number, bytes: number): void {
  expect(pair.a.endpoint.send(payload(0, bytes), { delivery, channel, priority }, pair.nowMs).accepted).toBe(true);
}

/** Sends a message whose packets, if they are one or two, are lost. */
function sendInVain(pair: Pair, delivery: Delivery, bytes: number): void {
  pair.fromA.drop = () => true;
  send(pair, delivery, 0, 0, bytes);
  pair.runFor(10);
  pair.fromA.drop = undefined;
}

function received(pair: Pair, channel: number): number {
  return pair.b.received.filter((message) => message.channel === channel).length;
}

describe("what was lost of an ordered channel", () => {
  it.each([100, 1200])("goes again as soon as its later, urgent messages: %d bytes", (bytes) => {
    const pair = busyPair();
    sendInVain(pair, "ordered", bytes);
    send(pair, "ordered", 0, 7, 60);
    fillLine(pair);
    pair.runFor(300);
    expect(received(pair, 0)).toBe(2);
  });

  it.each([false, true])("does so too when an urgent one starts while it waits (one had before: %s)", (before) => {
    const pair = busyPair();
    const first = before ? 1 : 0;
    if (before) send(pair, "ordered", 0, 7, 60);
    pair.runFor(100);
    sendInVain(pair, "ordered", 100);
    fillLine(pair);
    pair.runFor(1000);
    // What starts after an urgent one has no part in its urgency.
    expect(received(pair, 0)).toBe(first);
    send(pair, "ordered", 0, 7, 60);
    pair.runFor(150);
    expect(received(pair, 0)).toBe(first + 2);
  });

  it("is as urgent as the highest priority that started after it", () => {
    const message = (id: number, priority: number): OutgoingMessage => {
      const made = new OutgoingMessage(new Uint8Array(1), DeliveryCode.Ordered, 0, priority, Infinity, id);
      made.id = id;
      return made;
    };
    const urgency = new Urgency(4, 70_000);
    expect(urgency.onStart(message(70_001, 2))).toBe(false);
    expect(urgency.onStart(message(70_002, 6))).toBe(true);
    expect(urgency.onStart(message(70_003, 3))).toBe(false);
    const lost = [message(70_000, 4), message(70_001, 2), message(70_002, 6), message(70_003, 3)];
    expect(lost.map((one) => urgency.onLost(one))).toEqual([6, 6, 6, 3]);
    expect(urgency.onStart(message(70_004, 4))).toBe(true);
    expect(urgency.onLost(lost[3] as OutgoingMessage)).toBe(4);
    expect(urgency.onStart(message(70_005, 4))).toBe(false);
  });
});

describe("an ordered message that keeps the lowest ID", () => {
  it.each([
    [100, 1022],
    [100, 1023],
    [1200, 1023],
    [100, 1500],
  ])("goes again in the turn of an urgent one: %d bytes, %d behind it", (bytes, count) => {
    const pair = busyPair();
    sendInVain(pair, "ordered", bytes);
    // All that have an ID start before the loss is noticed.
    pair.fromB.drop = () => true;
    for (let i = 0; i < Math.min(count, 1023); i++) send(pair, "ordered", 0, 0, 20);
    pair.runFor(200);
    fillLine(pair);
    pair.fromB.drop = undefined;
    for (let i = 1023; i < count; i++) send(pair, "ordered", 0, 7, 20);
    pair.runFor(300);
    send(pair, "ordered", 0, 7, 60);
    pair.runFor(700);
    expect(received(pair, 0)).toBe(count + 2);
    expect(pair.b.violation).toBeUndefined();
  });

  it("goes with its rest at its own priority", () => {
    const pair = busyPair();
    send(pair, "ordered", 0, 0, 100_000);
    pair.runFor(50);
    fillLine(pair);
    for (let i = 0; i < 1500; i++) send(pair, "ordered", 0, 7, 60);
    pair.runFor(1000);
    expect(received(pair, 0)).toBe(0);
    pair.runWhile(() => pair.isBusy, 30_000);
    expect(received(pair, 0)).toBe(1501);
  });
});

describe("a reliable message that keeps the lowest ID", () => {
  it.each<[string, (pair: Pair) => void]>([
    ["lost", (pair) => sendInVain(pair, "reliable", 100)],
    ["lost in part, and begun", (pair) => sendInVain(pair, "reliable", 10_000)],
    [
      "begun",
      (pair) => {
        send(pair, "reliable", 0, 0, 20_000);
        pair.runFor(50);
      },
    ],
  ])("goes in the turns of urgent ones that have no ID: %s", (_what, begin) => {
    const pair = busyPair();
    begin(pair);
    fillLine(pair);
    const count = 1500;
    for (let i = 0; i < count; i++) send(pair, "reliable", 0, 7, 60);
    pair.runFor(1000);
    expect(received(pair, 0)).toBe(count + 1);
    expect(pair.a.endpoint.statistics.queuedBytes).toBeGreaterThan(1_500_000);
    pair.runWhile(() => pair.isBusy, 30_000);
    expect(pair.b.violation).toBeUndefined();
    expect(received(pair, 1)).toBe(2000);
  });

  it("waits for its own turn while IDs are free", () => {
    const pair = busyPair();
    sendInVain(pair, "reliable", 100);
    fillLine(pair);
    for (let i = 0; i < 1000; i++) send(pair, "reliable", 0, 7, 60);
    pair.runFor(1000);
    expect(received(pair, 0)).toBe(1000);
  });
});
