import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { FlowWindow } from "../src/flow-window.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { Pair } from "./support/pair.js";

const MIB = 1024 * 1024;
const WINDOW_BYTES: number = 4 * MIB;
const ROOM_BYTES: number = 256 * 1024;
const OVERHEAD_BYTES = 128;

function large(bytes: number): OutgoingMessage {
  const message = new OutgoingMessage(new Uint8Array(bytes), DeliveryCode.BestEffort, 0, 4, Infinity, 0);
  message.large = true;
  return message;
}

/** How many messages of the size may start one after the other. */
function fill(flow: FlowWindow, bytes: number): OutgoingMessage[] {
  const started: OutgoingMessage[] = [];
  for (let message = large(bytes); flow.allows(message); message = large(bytes)) {
    flow.charge(message);
    started.push(message);
  }
  return started;
}

describe("the window for large messages", () => {
  it("keeps a room that bulk leaves to modest messages, up to what the receiver granted", () => {
    const flow = new FlowWindow(WINDOW_BYTES);
    const chunk = 65_536 - OVERHEAD_BYTES;
    const bulk = fill(flow, chunk);
    expect(bulk).toHaveLength((WINDOW_BYTES - ROOM_BYTES) / 65_536);
    const events = fill(flow, 16_384 - OVERHEAD_BYTES);
    expect(events).toHaveLength(16);
    // What is in the room takes nothing of the rest.
    flow.release(bulk[0] as OutgoingMessage);
    expect(fill(flow, chunk)).toHaveLength(1);
    for (const message of events) flow.release(message);
    expect([flow.allows(large(16_384)), flow.allows(large(1300))]).toEqual([false, true]);
  });

  it("is open to modest messages as a whole, and what is in the room first is counted there", () => {
    const flow = new FlowWindow(WINDOW_BYTES);
    const events = fill(flow, 16_384 - OVERHEAD_BYTES);
    expect(events).toHaveLength(WINDOW_BYTES / 16_384);
    for (const message of events.slice(16)) flow.release(message);
    expect(flow.allows(large(WINDOW_BYTES - ROOM_BYTES - OVERHEAD_BYTES))).toBe(true);
    expect(flow.allows(large(WINDOW_BYTES - ROOM_BYTES))).toBe(false);
  });

  it("takes a message that needs the room too, and one of its own size when nothing else is out", () => {
    const flow = new FlowWindow(WINDOW_BYTES);
    const event = large(1300);
    flow.charge(event);
    expect(flow.allows(large(WINDOW_BYTES - 1300 - 2 * OVERHEAD_BYTES))).toBe(true);
    expect(flow.allows(large(WINDOW_BYTES))).toBe(false);
    flow.release(event);
    expect(flow.allows(large(WINDOW_BYTES))).toBe(true);
  });

  it("leaves none where it is small", () => {
    const bytes = 30_000;
    expect(fill(new FlowWindow(256 * 1024 - 1), bytes)).toHaveLength(8);
    expect(fill(new FlowWindow(256 * 1024), bytes)).toHaveLength(7);
  });

  it("lets events of two packets pass bulk of a lower priority that would take all of it", () => {
    const peer = { peerMaxMessageBytes: 2 * MIB, peerReceiveWindowBytes: WINDOW_BYTES };
    const own = { maxMessageBytes: 2 * MIB, receiveWindowBytes: WINDOW_BYTES };
    const pair = new Pair({}, { a: peer, b: own });
    const { endpoint } = pair.a;
    for (const channel of [8, 9]) {
      const bulk = new Uint8Array(2 * MIB - 500); // with their overhead both leave less than an event takes
      endpoint.send(bulk, { delivery: "reliable", channel, priority: 0 }, pair.nowMs);
    }
    pair.runFor(100);
    const sentAtMs = pair.nowMs;
    endpoint.send(new Uint8Array(1300), { delivery: "reliable", channel: 1, priority: 7 }, pair.nowMs);
    pair.runWhile(() => !pair.b.received.some(({ channel }) => channel === 1), 5000);
    expect(pair.nowMs - sentAtMs).toBeLessThan(100);
  });
});
