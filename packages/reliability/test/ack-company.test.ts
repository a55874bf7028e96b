import { ByteWriter } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AckTracker } from "../src/ack-tracker.js";
import { AckUrgency } from "../src/ack-urgency.js";

const DELAY_MS = 25;

function write(tracker: AckTracker): void {
  tracker.write(new ByteWriter().reset(new Uint8Array(200)), 0);
}

describe("AckTracker: whether an ACK goes along with a packet that goes anyway", () => {
  it("goes along at once when somebody waits for it, or numbers are missing", () => {
    const prompt = new AckTracker(DELAY_MS);
    prompt.onPacketReceived(0, AckUrgency.Relaxed, 0);
    expect(prompt.isWorthwhile(0, 0)).toBe(false);
    prompt.onPacketReceived(1, AckUrgency.Prompt, 0);
    expect(prompt.isWorthwhile(0, 0)).toBe(true);
    write(prompt);
    expect(prompt.isWorthwhile(0, 0)).toBe(false);
    prompt.onPacketReceived(3, AckUrgency.Relaxed, 0);
    expect(prompt.isWorthwhile(0, 0)).toBe(true);
  });

  it("goes along for relaxed packets with every fourth", () => {
    const tracker = new AckTracker(DELAY_MS);
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 4; n++) {
        expect(tracker.isWorthwhile(0, 0)).toBe(false);
        tracker.onPacketReceived(4 * round + n, AckUrgency.Relaxed, 0);
      }
      expect(tracker.isWorthwhile(0, 0)).toBe(true);
      write(tracker);
    }
  });

  it.each([0, 10, 30, 200])("goes along when due before the next packet after a pause of %d ms", (pauseMs) => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Relaxed, 100);
    // Due at 200; the next packet may be late by half the pause.
    const fromMs = Math.max(200 - pauseMs * 1.5, 100);
    expect(tracker.isWorthwhile(fromMs - 0.1, pauseMs)).toBe(pauseMs === 200);
    expect(tracker.isWorthwhile(fromMs, pauseMs)).toBe(true);
  });

  it("goes along with the first packet of all", () => {
    const tracker = new AckTracker(DELAY_MS);
    expect(tracker.isWorthwhile(0, Infinity)).toBe(false);
    tracker.onPacketReceived(0, AckUrgency.Relaxed, 0);
    expect(tracker.isWorthwhile(0, Infinity)).toBe(true);
  });
});
