import { createNodeProvider } from "@sortie/handshake/node";
import { ConnectionPair, PairAddress } from "@sortie/testkit";
import { FrameKind, type PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";

const LATENCY_MS = 20;

function has(frames: PacketFrames, kind: FrameKind): boolean {
  for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === kind) return true;
  return false;
}

describe("a server without room for pieces of messages", () => {
  it("believes the answer of a client that has moved, though pieces go with it", () => {
    const pair = new ConnectionPair({ seed: 7, crypto: createNodeProvider(), link: { latencyMs: LATENCY_MS } });
    pair.run(500);
    // As while others have filled the memory that all share.
    const endpoint = Reflect.get(pair.server, "endpoint") as { canAccept: (frames: PacketFrames) => boolean };
    let refusedAnswers = 0;
    endpoint.canAccept = (frames) => {
      if (!has(frames, FrameKind.Fragment)) return true;
      if (has(frames, FrameKind.PathResponse)) refusedAnswers += 1;
      return false;
    };
    pair.client.send(new Uint8Array(60_000), { delivery: "reliable" }, pair.nowMs);
    pair.run(100);
    pair.seenAddress = new PairAddress("elsewhere");
    pair.client.send(new Uint8Array(30), { delivery: "unreliable" }, pair.nowMs);
    // There, the challenge back, and the answer.
    pair.run(3 * LATENCY_MS + 1);
    expect(refusedAnswers).toBe(1);
    expect(pair.server.address.equals(pair.seenAddress)).toBe(true);
  });
});
