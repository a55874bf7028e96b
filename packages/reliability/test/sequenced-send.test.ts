import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { SequencedSend } from "../src/channels/sequenced.js";
import { OutgoingMessage } from "../src/outgoing-message.js";

const EMPTY = new Uint8Array(0);

function scheduled(channel: SequencedSend, order: number, priority: number = 4): OutgoingMessage {
  const message = new OutgoingMessage(EMPTY, DeliveryCode.Sequenced, 0, priority, Infinity, order, 0, 0);
  channel.onScheduled(message);
  return message;
}

function finish(channel: SequencedSend, message: OutgoingMessage): void {
  message.settle("dropped");
  channel.onFinish(message);
}

describe("SequencedSend", () => {
  it("gives what waits below a place in the order of sends, the oldest first", () => {
    const channel = new SequencedSend(0);
    const messages = Array.from({ length: 500 }, (_, order) => scheduled(channel, order));
    for (let order = 1; order < 500; order += 2) finish(channel, messages[order] as OutgoingMessage);
    const taken: number[] = [];
    for (let old = channel.takeBelow(400); old !== undefined; old = channel.takeBelow(400)) taken.push(old.order);
    expect(taken).toEqual(Array.from({ length: 200 }, (_, i) => i * 2));
    expect(channel.takeBelow(401)?.order).toBe(400);
  });

  it("holds no messages that have ended, though one that waits is before them", () => {
    const channel = new SequencedSend(0);
    scheduled(channel, 0, 0);
    for (let order = 1; order < 100_000; order++) finish(channel, scheduled(channel, order));
    expect(channel.held).toBeLessThan(200);
    expect(channel.takeBelow(Infinity)?.order).toBe(0);
    expect(channel.takeBelow(Infinity)).toBeUndefined();
  });
});
