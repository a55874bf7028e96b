import { describe, expect, it } from "vitest";
import { Path } from "../src/path.js";
import { NamedAddress } from "./support/named-address.js";

const home = new NamedAddress("home");
const mobile = new NamedAddress("mobile");
const DATA = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function challenged(): Path {
  const path = new Path(home);
  expect(path.onAuthenticPacket(mobile, true, 40, 1000)).toBe(true);
  path.startChallenge(DATA, 1000, 50);
  return path;
}

describe("Path", () => {
  it("takes up a new address only for the newest packet", () => {
    const path = new Path(home);
    expect(path.onAuthenticPacket(mobile, false, 40, 1000)).toBe(false);
    expect(path.candidate).toBeUndefined();
    expect(path.onAuthenticPacket(mobile, true, 40, 1000)).toBe(true);
  });

  it("moves when the right answer comes from the candidate, and from nowhere else", () => {
    const path = challenged();
    expect(path.onResponse(DATA, 0, home)).toBe(false);
    expect(path.onResponse(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9), 0, mobile)).toBe(false);
    expect(path.current).toBe(home);
    expect(path.onResponse(DATA, 0, mobile)).toBe(true);
    expect(path.current).toBe(mobile);
    expect(path.nextChallengeAtMs).toBe(Infinity);
  });

  it("gives the candidate up when a newer packet comes the old way", () => {
    const path = challenged();
    path.onAuthenticPacket(home, true, 40, 1010);
    expect(path.candidate).toBeUndefined();
    expect(path.onResponse(DATA, 0, mobile)).toBe(false);
  });

  it("keeps the peer's address as it came with its newest packet, whatever a transport knows beside it", () => {
    const path = new Path(home);
    const again = { equals: (other: unknown) => other === home || other === again, arrivedAt: "another of ours" };
    path.onAuthenticPacket(again, false, 40, 1000);
    expect(path.current).toBe(home);
    expect(path.onAuthenticPacket(again, true, 40, 1000)).toBe(false);
    expect(path.current).toBe(again);
    expect([path.candidate, path.migrations]).toEqual([undefined, 0]);
  });

  it("never sends an unvalidated address more than three times what came from it", () => {
    const path = new Path(home);
    path.onAuthenticPacket(mobile, true, 26, 1000);
    path.startChallenge(DATA, 1000, 50);
    let sent = 0;
    while (path.maySend(34)) {
      path.onPathPacketSent(34);
      path.challengeDue = true;
      sent += 34;
    }
    expect(sent).toBeLessThanOrEqual(3 * 26);
    expect(sent).toBeGreaterThan(0);
  });

  it("asks four times at the most", () => {
    const path = challenged();
    for (let i = 0; i < 20; i++) path.onAuthenticPacket(mobile, true, 1000, 1000 + i);
    for (let i = 1; i <= 4; i++) {
      expect(path.maySend(34)).toBe(true);
      path.onPathPacketSent(34);
      path.onChallengeTimeout(1000 + i * 50, 50);
    }
    expect(path.candidate).toBeUndefined();
  });

  it("gives the last challenge more time, once, where its time ended while nobody could read the answer", () => {
    for (const [lateMs, isKept] of [
      [100, false],
      [101, true],
    ] as const) {
      const path = challenged();
      for (let i = 1; i < 4; i++) path.onChallengeTimeout(1000 + i * 50, 50);
      path.onChallengeTimeout(1200 + lateMs, 50);
      expect(path.candidate).toBe(isKept ? mobile : undefined);
      if (!isKept) continue;
      expect(path.nextChallengeAtMs).toBe(1200 + lateMs + 50);
      path.onChallengeTimeout(5000, 50);
      expect(path.candidate).toBeUndefined();
    }
  });

  it("takes up at most ten new addresses a second", () => {
    const path = new Path(home);
    let taken = 0;
    for (let ms = 0; ms < 1000; ms++) {
      if (path.onAuthenticPacket(new NamedAddress(`bot ${ms}`), true, 40, ms)) taken += 1;
    }
    expect(taken).toBeLessThanOrEqual(10);
  });
});
