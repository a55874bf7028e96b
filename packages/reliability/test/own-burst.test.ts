import { describe, expect, it } from "vitest";
import { bytesAhead, OwnBurst } from "../src/own-burst.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

/** Sends packets of 1000 bytes at these times; gives the last number. `randomU32` of 0 leaves numbers out soonest. */
function sendAt(sent: SentPackets, ...timesMs: number[]): number {
  let last = -1;
  for (const atMs of timesMs) {
    last = sent.begin();
    sent.commit(SentState.InFlight, 1000, atMs, 0, -1);
  }
  return last;
}

const burst = (packets: number, atMs: number): number[] => Array.from({ length: packets }, () => atMs);

describe("the bytes ahead of a packet in its burst", () => {
  it("are those sent at the same instant before it", () => {
    const sent = new SentPackets(0, () => 0xffff);
    sendAt(sent, ...burst(5, 10));
    const last = sendAt(sent, ...burst(20, 26));
    expect(bytesAhead(sent, last)).toBe(19_000);
    expect(bytesAhead(sent, last - 12)).toBe(7000);
    expect(bytesAhead(sent, last - 19)).toBe(0);
  });

  it("are none where packets leave one by one; numbers that were left out are passed over", () => {
    const sent = new SentPackets(0, () => 0);
    expect(bytesAhead(sent, sendAt(sent, 1, 2, 3, 4, 5, 6))).toBe(0);
    const end = sendAt(sent, ...burst(600, 20));
    expect(end).toBeGreaterThan(606);
    expect(bytesAhead(sent, end)).toBe(599_000);
  });

  it("are of the present path, and may all be acknowledged", () => {
    const sent = new SentPackets(0, () => 0xffff);
    sendAt(sent, ...burst(10, 5));
    sent.beginPath();
    const last = sendAt(sent, ...burst(6, 5));
    for (let number = 0; number <= last; number++) sent.resolve(number, SentState.Acked);
    expect(bytesAhead(sent, last)).toBe(5000);
  });
});

describe("OwnBurst", () => {
  const sent = new SentPackets(0, () => 0xffff);
  const last = sendAt(sent, ...burst(21, 0));
  const BASE_MS = 40;

  /** After a packet that waited for nothing. */
  function started(nowMs: number = 0): OwnBurst {
    const own = new OwnBurst();
    expect(own.waitMs(sent, 0, 1000, BASE_MS, 0, nowMs)).toBe(0);
    return own;
  }

  it("says how long a packet waited for its burst, by the quickest that a burst went or the own rate", () => {
    const own = started();
    // All of it is waiting for the burst, as far as is known.
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 20, 0, 0)).toBe(20);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 20, 500_000, 0)).toBe(20);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 10, 500_000, 0)).toBe(10);
    // Others wait before the bottleneck too: what exceeds the burst is a queue.
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 16, 500_000, 0)).toBe(10);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 10, 4_000_000, 0)).toBe(5);
  });

  it("says nothing where the burst explains less than half, as where the path has become longer", () => {
    const own = started();
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 41, 1_000_000, 0)).toBe(0);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 40, 1_000_000, 0)).toBe(20);
  });

  it("says nothing of a packet that an ACK for two times, or that waited for nothing", () => {
    const own = started();
    expect(own.waitMs(sent, last, 2000, BASE_MS + 20, 0, 0)).toBe(0);
    expect(own.waitMs(sent, last, 21_000, BASE_MS, 0, 0)).toBe(0);
    expect(own.waitMs(sent, 0, 21_000, BASE_MS + 20, 0, 0)).toBe(0);
  });

  it("forgets rate and shortest round trip after 10 to 20 s, and with the path", () => {
    const own = started();
    own.waitMs(sent, last, 21_000, BASE_MS + 10, 0, 0);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 20, 0, 10_000)).toBe(10);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 22, 0, 20_000)).toBe(2);
    own.reset();
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 30, 0, 20_001)).toBe(0);
    expect(own.waitMs(sent, last, 21_000, BASE_MS + 40, 0, 20_002)).toBe(10);
  });
});
