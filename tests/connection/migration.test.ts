import { ConnectionPair, PairAddress } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";

function connected(): ConnectionPair {
  const pair = new ConnectionPair({ seed: 5, link: { latencyMs: 30 } });
  expect(pair.runUntil(() => pair.server.state === "connected", 2000)).toBe(true);
  pair.run(500);
  return pair;
}

describe("a peer whose address changes", () => {
  it("stays connected, loses nothing reliable, and is answered at its new place", () => {
    const pair = connected();
    let delivered = 0;
    for (let move = 0; move < 10; move++) {
      pair.seenAddress = new PairAddress(`place ${move}`);
      for (let i = 0; i < 60; i++) {
        pair.client.send(encodeUtf8(`${move}/${i}`), { delivery: "ordered" }, pair.nowMs);
        pair.server.send(encodeUtf8(`${move}/${i}`), { delivery: "ordered" }, pair.nowMs);
        pair.run(16);
        while (pair.server.pollMessage() !== undefined) delivered += 1;
      }
      expect((pair.server.address as PairAddress).name).toBe(`place ${move}`);
    }
    pair.run(2000);
    while (pair.server.pollMessage() !== undefined) delivered += 1;
    let answered = 0;
    while (pair.client.pollMessage() !== undefined) answered += 1;
    expect(delivered).toBe(600);
    expect(answered).toBe(600);
    expect(pair.server.statistics(pair.nowMs).migrations).toBe(10);
  });

  it("is not moved by a copy of its packet sent from elsewhere first", () => {
    const pair = connected();
    const thief = new PairAddress("thief");
    let challenged = 0;
    for (let i = 0; i < 100; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.interceptor = (datagram, to) => {
        // The copy overtakes the original.
        if (to === "server") pair.inject(datagram, "server", thief, 1);
        return datagram;
      };
      pair.run(16);
      if (pair.server.statistics(pair.nowMs).migrations > 0) challenged += 1;
    }
    expect(challenged).toBe(0);
    expect((pair.server.address as PairAddress).name).toBe("client");
  });

  it("that is flooded with copies from many addresses stays where it is, at bounded cost", () => {
    const pair = connected();
    let last: Uint8Array | undefined;
    pair.interceptor = (datagram, to) => {
      if (to === "server") last = datagram.slice();
      return datagram;
    };
    const before = pair.server.statistics(pair.nowMs).packetsSent;
    for (let i = 0; i < 60; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.run(1);
      for (let copy = 0; copy < 50; copy++) {
        pair.inject(last as Uint8Array, "server", new PairAddress(`bot ${i}.${copy}`));
      }
      pair.run(15);
    }
    expect((pair.server.address as PairAddress).name).toBe("client");
    // About a second: at most ten new addresses are challenged, a few times each.
    expect(pair.server.statistics(pair.nowMs).packetsSent - before).toBeLessThan(120);
  });
});
