import { describe, expect, it } from "vitest";
import { enterPeer, PeerMap, removePeer } from "../src/peer-map.js";

describe("PeerMap", () => {
  it("is a Map to whom reads it", () => {
    const peers = new PeerMap<string>();
    enterPeer(peers, 1, "ann");
    enterPeer(peers, 2, "bob");
    expect(peers).toBeInstanceOf(Map);
    expect([peers.size, peers.get(1), peers.has(2), peers.has(3)]).toEqual([2, "ann", true, false]);
    expect([...peers]).toEqual([...new Map(peers)]);
    removePeer(peers, 1);
    expect([...peers.values()]).toEqual(["bob"]);
  });

  it("refuses to be changed, and says what to do instead", () => {
    const peers = new PeerMap<string>();
    enterPeer(peers, 1, "ann");
    const plain = peers as unknown as Map<number, string>;
    for (const [method, change] of [
      ["set", () => plain.set(1, "eve")],
      ["delete", () => plain.delete(1)],
      ["clear", () => plain.clear()],
    ] as const) {
      const message = `"peers" expected to be read only, got ${method}(): to send a peer away, use peer.disconnect()`;
      expect(change).toThrow(new TypeError(message));
    }
    expect([...peers]).toEqual([[1, "ann"]]);
  });
});
