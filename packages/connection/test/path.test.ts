import { describe, expect, it } from "vitest";
import { Path } from "../src/path.js";
import { NamedAddress } from "./support/named-address.js";

const home = new NamedAddress("home");
const mobile = new NamedAddress("mobile");
const DATA = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function challenged(): Path {
  const path = new Path(home);
  expect(path.onAuthenticPacket(mobile, 10, true, 40, 1000)).toBe(true);
  path.startChallenge(DATA, 1000, 50);
  return path;
}

describe("Path", () => {
  it("takes up a new address only for the newest packet", () => {
    const path = new Path(home);
    expect(path.onAuthenticPacket(mobile, 9, false, 40, 1000)).toBe(false);
    expect(path.candidate).toBeUndefined();
    expect(path.onAuthenticPacket(mobile, 10, true, 40, 1000)).toBe(true);
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
    path.onAuthenticPacket(home, 11, true, 40, 1010);
    expect(path.candidate).toBeUndefined();
    expect(path.onResponse(DATA, 0, mobile)).toBe(false);
  });

  it("keeps the peer's address as it came with its newest packet, whatever a transport knows beside it", () => {
    const path = new Path(home);
    const again = { equals: (other: unknown) => other === home || other === again, arrivedAt: "another of ours" };
    path.onAuthenticPacket(again, 9, false, 40, 1000);
    expect(path.current).toBe(home);
    expect(path.onAuthenticPacket(again, 10, true, 40, 1000)).toBe(false);
    expect(path.current).toBe(again);
    expect([path.candidate, path.migrations]).toEqual([undefined, 0]);
  });

  it("gives the candidate up when the packet that showed it, or one since, comes the old way too", () => {
    for (const [packetNumber, isKept] of [
      [9, true],
      [10, false],
      [12, false],
    ] as const) {
      const path = challenged();
      path.onAuthenticPacket(mobile, 13, true, 40, 1005);
      expect([path.isTelling(mobile, 1010), path.isTelling(home, 1010)]).toEqual([false, true]);
      path.onRepeated(mobile, packetNumber, 1010);
      expect(path.candidate).toBe(mobile);
      path.onRepeated(home, packetNumber, 1010);
      expect(path.candidate).toBe(isKept ? mobile : undefined);
      // Of a packet that was not seen yet the same is true.
      const other = challenged();
      other.onAuthenticPacket(home, packetNumber, false, 40, 1010);
      expect(other.candidate).toBe(isKept ? mobile : undefined);
    }
  });

  it("never sends an unvalidated address more than three times what came from it", () => {
    const path = new Path(home);
    path.onAuthenticPacket(mobile, 10, true, 26, 1000);
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
    for (let i = 0; i < 20; i++) path.onAuthenticPacket(mobile, 11 + i, true, 1000, 1000 + i);
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
      if (path.onAuthenticPacket(new NamedAddress(`bot ${ms}`), ms, true, 40, ms)) taken += 1;
    }
    expect(taken).toBeLessThanOrEqual(10);
  });
});

describe("Path, as its peer speaks to another of our own addresses", () => {
  const atOther = new NamedAddress("home");

  function called(): Path {
    const path = new Path(home);
    path.onAuthenticPacket(home, 9, true, 40, 1000);
    path.onAuthenticPacket(atOther, 10, true, 40, 1000);
    expect(path.current).toBe(atOther);
    return path;
  }

  it("is called back by the same packet, which was the original, and not by an older one", () => {
    const path = called();
    expect(path.isTelling(home, 1010)).toBe(true);
    path.onRepeated(home, 9, 1010);
    expect(path.current).toBe(atOther);
    path.onRepeated(home, 10, 1010);
    expect(path.current).toBe(home);
    // What comes last is not what counts.
    expect(path.isTelling(atOther, 1011)).toBe(false);
    path.onRepeated(atOther, 10, 1011);
    expect(path.current).toBe(home);
  });

  it("goes back at once with a newer packet, and away again 100 ms after the last time at the soonest", () => {
    const path = called();
    path.onAuthenticPacket(home, 11, true, 40, 1005);
    expect(path.current).toBe(home);
    path.onRepeated(atOther, 11, 1006);
    path.onAuthenticPacket(atOther, 12, true, 40, 1099);
    expect(path.current).toBe(home);
    path.onAuthenticPacket(atOther, 13, true, 40, 1100);
    expect(path.current).toBe(atOther);
  });

  it("stays there once that has settled: a copy to the address before does not call it back", () => {
    const path = called();
    path.onAuthenticPacket(atOther, 11, true, 40, 2000);
    expect(path.isTelling(home, 2000)).toBe(false);
    path.onRepeated(home, 11, 2000);
    expect(path.current).toBe(atOther);
    // One ahead of the original does, and that calls it back.
    path.onAuthenticPacket(home, 12, true, 40, 2010);
    expect(path.current).toBe(home);
    path.onRepeated(atOther, 12, 2020);
    expect(path.current).toBe(atOther);
  });
});
