import { describe, expect, it } from "vitest";
import type { SendOptions } from "../src/send-options.js";
import { createEndpoint, Pair, payload } from "./support/pair.js";

const BULK: SendOptions = { delivery: "ordered", channel: 4 };

describe("a queue that bulk has filled", () => {
  it("has an eighth more for each channel that holds no more than that, in bytes", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 8000 } });
    const send = (bytes: number, options: SendOptions): boolean =>
      endpoint.send(payload(0, bytes), options, 0).accepted;
    while (send(100, BULK));
    expect(endpoint.statistics.queuedBytes).toBe(8000);
    let taken = 0;
    for (; send(100, { delivery: "reliable", channel: 9 }); taken += 100);
    expect(taken).toBe(1000);
    // It is one reserve for all of them.
    expect(send(1, { delivery: "bestEffort", channel: 10 })).toBe(false);
    expect(send(1, BULK)).toBe(false);
  });

  it("has it in messages, too", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedMessages: 80 } });
    const send = (options: SendOptions): boolean => endpoint.send(payload(0, 8), options, 0).accepted;
    while (send(BULK));
    let taken = 0;
    for (; send({ delivery: "ordered", channel: 9 }); taken += 1);
    expect(taken).toBe(10);
  });

  it("gives none of it to a second channel of bulk, so that a third has it", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 8000 } });
    const send = (channel: number): boolean => endpoint.send(payload(0, 100), { ...BULK, channel }, 0).accepted;
    for (let i = 0; i < 60; i++) send(4);
    for (let i = 0; i < 40; i++) send(5);
    expect(endpoint.statistics.queuedBytes).toBe(8000);
    expect([send(4), send(5), send(6)]).toEqual([false, false, true]);
  });

  it("gives none of it to the channel of a message above half of the queue", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 8000 } });
    const send = (bytes: number, channel: number): boolean => {
      return endpoint.send(payload(0, bytes), { delivery: "ordered", channel }, 0).accepted;
    };
    expect(send(5000, 4)).toBe(true);
    while (send(100, 5));
    expect([send(100, 4), send(100, 9)]).toEqual([false, true]);
  });

  it("keeps as much again for what may be dropped, and drops none of it for what uses the reserve", async () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 8000 } });
    const fresh = Array.from({ length: 10 }, () => endpoint.send(payload(0, 100), { delivery: "unreliable" }, 0));
    const send = (options: SendOptions): boolean => endpoint.send(payload(0, 100), options, 0).accepted;
    while (send(BULK));
    for (let i = 0; i < 10; i++) expect(send({ delivery: "reliable", channel: 9 })).toBe(true);
    expect(endpoint.statistics).toMatchObject({ queuedBytes: 10_000, messagesDropped: 0 });
    expect(send({ delivery: "unreliable" })).toBe(true);
    expect(endpoint.statistics).toMatchObject({ queuedBytes: 10_000, messagesDropped: 1 });
    expect(await Promise.race([fresh[1]?.outcome, Promise.resolve("open")])).toBe("open");
  });

  it("refuses no event of a game that sends bulk until it is refused, and goes on at the drain", () => {
    const pair = new Pair({ latencyMs: 20 });
    const { endpoint } = pair.a;
    let mayFill = true;
    let refused = 0;
    for (let tick = 0; tick < 300; tick++) {
      mayFill ||= endpoint.takeDrain();
      while (mayFill) mayFill = endpoint.send(payload(0, 32_768), BULK, pair.nowMs).accepted;
      if (!endpoint.send(payload(tick, 20), { delivery: "ordered", channel: 9 }, pair.nowMs).accepted) refused += 1;
      pair.runFor(16);
    }
    expect(refused).toBe(0);
    pair.runFor(100);
    expect(pair.b.received.filter(({ channel }) => channel === 9).length).toBe(300);
    expect(pair.b.received.some(({ channel }) => channel === 4)).toBe(true);
  });
});
