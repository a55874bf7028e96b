import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { FlowWindow } from "../src/flow-window.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { PacketScheduler } from "../src/packet-scheduler.js";

const WINDOW_BYTES = 20_000;
const SMALL_BYTES = 1000;
const PIECE_BYTES = 1000;

let order = 0;

function messageOf(bytes: number): OutgoingMessage {
  const message = new OutgoingMessage(new Uint8Array(bytes), DeliveryCode.Reliable, 0, 4, Infinity, order++);
  message.large = bytes > 1175;
  return message;
}

/** A scheduler with small messages, and with a large one beside them that waits for the window which another fills. */
function blockedBesideSmall(): { scheduler: PacketScheduler; flow: FlowWindow; large: OutgoingMessage; free(): void } {
  const scheduler = new PacketScheduler(new Uint8Array(256).fill(1));
  const flow = new FlowWindow(1_000_000);
  const filling = messageOf(1_000_000 - WINDOW_BYTES);
  flow.charge(filling);
  const large = messageOf(WINDOW_BYTES + 1000);
  scheduler.push(large);
  for (let i = 0; i < 200; i++) scheduler.push(messageOf(SMALL_BYTES));
  return { scheduler, flow, large, free: () => flow.release(filling) };
}

/** Sends `count` times what the turn of is. Which of them were pieces of large messages. */
function turns(scheduler: PacketScheduler, flow: FlowWindow, count: number): boolean[] {
  return Array.from({ length: count }, () => {
    const message = scheduler.peek(flow);
    if (message === undefined) throw new Error("nothing may go");
    if (!message.large) scheduler.shift();
    scheduler.charge(message.large ? PIECE_BYTES : SMALL_BYTES, false);
    return message.large;
  });
}

describe("what large messages are owed by small ones of their priority", () => {
  it("is two turns at the most, however long they wait for the receiver", () => {
    const { scheduler, flow, free } = blockedBesideSmall();
    expect(turns(scheduler, flow, 60)).not.toContain(true);
    free();
    // 3,000 bytes are owed: a piece, a piece, and less than a turn is left.
    expect(turns(scheduler, flow, 3)).toEqual([true, true, false]);
  });

  it("is a quarter of the bytes from then on", () => {
    const { scheduler, flow, free } = blockedBesideSmall();
    free();
    const pieces = turns(scheduler, flow, 120).filter((isLarge) => isLarge).length;
    expect(pieces).toBeGreaterThanOrEqual(28);
    expect(pieces).toBeLessThanOrEqual(31);
  });

  it("is owed to those that waited, and not to who comes after them", () => {
    const { scheduler, flow, large, free } = blockedBesideSmall();
    turns(scheduler, flow, 60);
    large.settle("dropped");
    turns(scheduler, flow, 1);
    free();
    scheduler.push(messageOf(5000));
    // Less than a turn is owed for 4,000 bytes; it is for 5,000.
    expect(turns(scheduler, flow, 6)).toEqual([false, false, false, false, false, true]);
  });
});
