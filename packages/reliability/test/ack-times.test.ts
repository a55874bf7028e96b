import { ByteWriter, PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AckTracker } from "../src/ack-tracker.js";
import { AckUrgency } from "../src/ack-urgency.js";

const DELAY_MS = 25;
const buffer = new Uint8Array(256);
const writer = new ByteWriter();
const frames = new PacketFrames();

describe("the time in an ACK", () => {
  /** The frame that goes at `nowMs`, and whether its size was as announced. */
  function frameOf(tracker: AckTracker, nowMs: number) {
    writer.reset(buffer);
    const bytes = tracker.frameBytes(nowMs);
    tracker.write(writer, nowMs);
    expect(writer.written).toBe(bytes);
    expect(frames.decode(buffer, 0, bytes)).toBeUndefined();
    return frames.at(0);
  }

  it("is that at which the largest packet came, where half a datagram or more came since the last one", () => {
    const tracker = new AckTracker(DELAY_MS, true);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 1234.5678, 600);
    expect(frameOf(tracker, 1240)).toMatchObject({ receivedAtUs: 1_234_567, delayUs: 5432 });
    tracker.onPacketReceived(1, AckUrgency.Prompt, 1250, 599);
    expect(frameOf(tracker, 1260)).toMatchObject({ largest: 1, receivedAtUs: -1 });
    tracker.onPacketReceived(3, AckUrgency.Prompt, 1270, 300);
    tracker.onPacketReceived(2, AckUrgency.Prompt, 1280, 300);
    expect(frameOf(tracker, 1290)).toMatchObject({ largest: 3, receivedAtUs: 1_270_000 });
  });

  it("is the machine's, where the owner goes by another, as when a game stands still", () => {
    const lead = { leadMs: 500 };
    const tracker = new AckTracker(DELAY_MS, true, lead);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 1000, 1200);
    lead.leadMs = 516.5;
    tracker.onPacketReceived(1, AckUrgency.Prompt, 1000, 1200);
    lead.leadMs = 9000;
    expect(frameOf(tracker, 1002)).toMatchObject({ receivedAtUs: 1_516_500, delayUs: 2000 });
  });

  it("has 32 bits", () => {
    const tracker = new AckTracker(DELAY_MS, true);
    const nowMs = (3 * 2 ** 32) / 1000;
    tracker.onPacketReceived(0, AckUrgency.Prompt, nowMs - 0.001, 1200);
    expect(frameOf(tracker, nowMs).receivedAtUs).toBe(2 ** 32 - 1);
    tracker.onPacketReceived(1, AckUrgency.Prompt, nowMs + 1, 1200);
    expect(frameOf(tracker, nowMs + 1).receivedAtUs).toBe(1000);
  });

  it("is a number of 32 bits with clocks below 0 too", () => {
    const tracker = new AckTracker(DELAY_MS, true);
    tracker.onPacketReceived(0, AckUrgency.Prompt, -1, 1200);
    expect(frameOf(tracker, 0).receivedAtUs).toBe(2 ** 32 - 1000);
  });

  it("is left out to a peer that does not take it", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 10, 1400);
    expect(frameOf(tracker, 10).receivedAtUs).toBe(-1);
  });
});
