import { describe, expect, it } from "vitest";
import { DeadlineHeap } from "../src/deadline-heap.js";
import { FreshMessages } from "../src/fresh-messages.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { createEndpoint } from "./support/pair.js";
import { DeliveryCode } from "@sortie/wire";

const word = new Uint8Array(8);

describe("an endpoint whose owner sends in frames", () => {
  it("gives messages their time from the next frame on", async () => {
    const endpoint = createEndpoint();
    endpoint.beginFrame(0, 0);
    const receipts = [
      endpoint.send(word, { delivery: "bestEffort", expiresInMs: 50 }, 0),
      endpoint.send(word, { delivery: "bestEffort", expiresInMs: 20 }, 0),
    ];
    endpoint.beginFrame(1000, 16);
    endpoint.handleTimeout(1000);
    expect(endpoint.nextTimeoutAt()).toBe(1020);
    endpoint.handleTimeout(1020);
    expect(await (receipts[1] as (typeof receipts)[0]).outcome).toBe("expired");
    expect(endpoint.nextTimeoutAt()).toBe(1050);
    // Once only: later frames change nothing.
    endpoint.beginFrame(1049, 16);
    endpoint.handleTimeout(1049);
    expect(endpoint.queuedBytes).toBe(8);
    endpoint.beginFrame(1050, 16);
    endpoint.handleTimeout(1050);
    expect(await (receipts[0] as (typeof receipts)[0]).outcome).toBe("expired");
  });

  it("knows no frames where none was told, nor after it was closed", async () => {
    const endpoint = createEndpoint();
    const receipt = endpoint.send(word, { delivery: "bestEffort", expiresInMs: 50 }, 0);
    endpoint.handleTimeout(50);
    expect(await receipt.outcome).toBe("expired");
    endpoint.close();
    endpoint.beginFrame(100, 16);
    expect(endpoint.nextTimeoutAt()).toBe(Infinity);
  });

  it("lets a frame count as a turn, where its transport takes no packet", async () => {
    const endpoint = createEndpoint();
    endpoint.beginFrame(0, 0);
    const receipt = endpoint.send(word, undefined, 0);
    endpoint.beginFrame(1000, 16);
    endpoint.beginFrame(1099, 16);
    endpoint.send(word, undefined, 1099);
    expect(endpoint.statistics.messagesShed).toBe(0);
    endpoint.send(word, undefined, 1100);
    expect(await receipt.outcome).toBe("dropped");
    expect(endpoint.statistics).toMatchObject({ messagesShed: 1, queuedMessages: 2 });
  });

  it("tells a congestion controller that wants to know how long frames are", () => {
    const heard: number[][] = [];
    const endpoint = createEndpoint();
    const aware = (endpoint as unknown as { congestion: object }).congestion;
    Object.assign(aware, { onFlushInterval: (...args: number[]) => heard.push(args) });
    endpoint.beginFrame(10, 0);
    endpoint.beginFrame(26, 16);
    expect(heard).toEqual([
      [0, 10],
      [16, 26],
    ]);
  });
});

describe("FreshMessages", () => {
  it("keeps no more than twice the messages that are not settled, however many are given", () => {
    const fresh = new FreshMessages(new DeadlineHeap(), 0);
    const kept = (fresh as unknown as { messages: OutgoingMessage[] }).messages;
    let most = 0;
    for (let order = 0; order < 10_000; order++) {
      const message = new OutgoingMessage(word, DeliveryCode.Unreliable, 0, 3, 100, order);
      fresh.add(message);
      if (order % 100 !== 0) message.settle("dropped");
      most = Math.max(most, kept.length);
    }
    expect(most).toBeLessThanOrEqual(2 * 100 + 64);
    fresh.onFrame(5);
    expect(kept).toHaveLength(0);
  });
});
