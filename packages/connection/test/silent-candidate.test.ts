import { describe, expect, it } from "vitest";
import { Path } from "../src/path.js";
import { NamedAddress } from "./support/named-address.js";

const PROBE_TIMEOUT_MS = 50;
/** bytes. A packet with a challenge alone. */
const CHALLENGE_BYTES = 34;

/** A path whose candidate sent one packet of `bytes` at 1000 ms, and nothing since. */
function silentAfter(bytes: number): Path {
  const path = new Path(new NamedAddress("home"));
  path.onAuthenticPacket(new NamedAddress("mobile"), 10, true, bytes, 1000);
  path.startChallenge(new Uint8Array(8), 1000, PROBE_TIMEOUT_MS);
  return path;
}

/** Serves the path as its manager does, until its timer rests or `untilMs`; gives the challenges that went. */
function serve(path: Path, untilMs: number): number {
  let sent = 0;
  for (;;) {
    if (path.challengeDue && path.maySend(CHALLENGE_BYTES)) {
      path.onPathPacketSent(CHALLENGE_BYTES);
      sent += 1;
    }
    path.challengeDue = false;
    const atMs = path.nextChallengeAtMs;
    if (atMs > untilMs) return sent;
    path.onChallengeTimeout(atMs, PROBE_TIMEOUT_MS);
  }
}

describe("a candidate that says no more", () => {
  it.each([
    [26, 2],
    [40, 3],
    [192, 4],
  ])(
    "after %i bytes is asked as often as the amplification limit lets it be, %i times, then given up",
    (bytes, times) => {
      const path = silentAfter(bytes);
      expect(serve(path, 10_000)).toBe(times);
      expect(path.candidate).toBeUndefined();
      expect(path.nextChallengeAtMs).toBe(Infinity);
    },
  );

  it("is given up after four probe timeouts, whether challenges went or not", () => {
    const path = silentAfter(26);
    serve(path, 1000 + 4 * PROBE_TIMEOUT_MS - 1);
    expect(path.candidate).toBeDefined();
    serve(path, 1000 + 4 * PROBE_TIMEOUT_MS);
    expect(path.candidate).toBeUndefined();
  });

  it("is asked again as soon as it speaks: anew, with as many challenges", () => {
    const path = silentAfter(26);
    serve(path, 2000);
    const mobile = new NamedAddress("mobile");
    expect(path.onAuthenticPacket(mobile, 11, true, 192, 2000)).toBe(true);
    path.startChallenge(new Uint8Array(8), 2000, PROBE_TIMEOUT_MS);
    expect(serve(path, 10_000)).toBe(4);
  });

  it("leaves room for the challenge that is due, within the limit, in what is sent to it besides", () => {
    const path = silentAfter(40);
    expect(path.mayMirror(120 - CHALLENGE_BYTES)).toBe(true);
    expect(path.mayMirror(120 - CHALLENGE_BYTES + 1)).toBe(false);
    for (let i = 0; i < 3; i++) path.onChallengeTimeout(1000 + i, PROBE_TIMEOUT_MS);
    expect(path.mayMirror(120 - CHALLENGE_BYTES + 1), "the last one is still to go").toBe(false);
    path.onPathPacketSent(CHALLENGE_BYTES);
    expect(path.mayMirror(120 - CHALLENGE_BYTES)).toBe(true);
    expect(path.mayMirror(120 - CHALLENGE_BYTES + 1)).toBe(false);
  });
});
