import { ConnectionPair, PairAddress } from "@sortie/testkit";
import { CloseCode, decodeUtf8, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason } from "../support/pair-reading.js";

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

  it("is followed while its server waits for what it sent reliably, and gets all of it", () => {
    const pair = connected();
    for (let i = 0; i < 20; i++) pair.server.send(new Uint8Array(50_000), { delivery: "ordered" }, pair.nowMs);
    pair.server.close(CloseCode.ShuttingDown, "an update", pair.nowMs, pair.nowMs + 30_000);
    pair.run(60);
    expect(pair.server.state).toBe("flushing");
    pair.seenAddress = new PairAddress("elsewhere");
    pair.client.onLocalMove(pair.nowMs);
    let received = 0;
    pair.runUntil(() => {
      while (pair.client.pollMessage() !== undefined) received += 1;
      return pair.client.state === "closed";
    }, 20_000);
    expect(received).toBe(20);
    expect(closeReason(pair.client)).toEqual({ code: "shutting-down", by: "remote", text: "an update" });
  });

  it("is sent at once what went last to the address it had left, within three times what came", () => {
    const pair = connected();
    const toNewPlace: number[] = [];
    let spoken = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "server") spoken += datagram.length;
      else toNewPlace.push(datagram.length);
      return datagram;
    };
    pair.seenAddress = new PairAddress("elsewhere");
    pair.server.send(encodeUtf8("missed"), undefined, pair.nowMs);
    pair.run(40);
    expect(pair.client.pollMessage()).toBeUndefined();
    toNewPlace.length = 0;
    spoken = 0;
    pair.client.send(encodeUtf8("here I am now"), undefined, pair.nowMs);
    pair.run(30);
    // The datagram and the challenge, before anything came back from there.
    expect(toNewPlace).toHaveLength(2);
    expect(toNewPlace.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(3 * spoken);
    pair.run(31);
    expect(decodeUtf8(pair.client.pollMessage()?.payload ?? new Uint8Array(0))).toBe("missed");
    expect(pair.client.pollMessage()).toBeUndefined();
  });

  it("is not sent again what is too large for the little it has said", () => {
    const pair = connected();
    pair.seenAddress = new PairAddress("elsewhere");
    pair.server.send(new Uint8Array(400), undefined, pair.nowMs);
    pair.run(40);
    const toNewPlace: number[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "client") toNewPlace.push(datagram.length);
      return datagram;
    };
    pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
    pair.run(31);
    expect(toNewPlace).toHaveLength(1);
    expect(toNewPlace[0]).toBeLessThan(50);
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
