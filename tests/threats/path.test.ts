import { ConnectionPair, PairAddress, TraceRecorder } from "@sortie/testkit";
import { encodePathChallenge, encodePathResponse, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { packetOf, pattern } from "../support/hostile-frames.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { eventsOf, wordsOf } from "../support/pair-reading.js";

const THIEF = new PairAddress("thief");

function addressOf(peer: HostilePeer): string {
  return (peer.victim.address as PairAddress).name;
}

describe("T36 packets from a new address", () => {
  it("T36 a NAT that rebinds: validated, nothing lost, and the application sees it", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(36) });
    await game.listen();
    const client = await game.connect();
    const heard: string[] = [];
    client.on("message", (message) => heard.push(text(message.payload)));
    await game.run(200);
    const peer = [...game.server.peers.values()][0];
    const oldPort = peer?.address.port;
    for (let i = 0; i < 20; i++) {
      peer?.send(`${i}`, { delivery: "ordered" });
      if (i === 5) await game.settle(client.rebind());
      await game.run(50);
    }
    await game.run(500);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(peer?.address.port).not.toBe(oldPort);
    expect(peer?.address.port).toBe(client.localAddress?.port);
    expect(peer?.stats.migrations).toBe(1);
    await game.end();
  });

  it("T36b a copy of each packet that an off-path attacker sends first, for ten seconds: nobody moves", () => {
    const peer = new HostilePeer({ link: { latencyMs: 10 } });
    const { pair } = peer;
    let toThief = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "server") pair.inject(datagram, "server", THIEF, 1);
      return datagram;
    };
    let received = 0;
    for (let i = 0; i < 625; i++) {
      pair.client.send(encodeUtf8("x"), { delivery: "reliable" }, pair.nowMs);
      pair.server.send(encodeUtf8("y"), { delivery: "reliable" }, pair.nowMs);
      pair.run(16);
      if (!pair.server.address.equals(pair.clientAddress)) toThief += 1;
      received += wordsOf(pair.client).length;
    }
    pair.run(200);
    expect(toThief).toBe(0);
    expect(received + wordsOf(pair.client).length).toBe(625);
    expect(pair.server.statistics(pair.nowMs).migrations).toBe(0);
    // The second copy of each, the genuine one, is the replay.
    expect(new Set(peer.drops)).toEqual(new Set(["duplicate"]));
  });

  it("T36c a peer with keys names a victim's address: at most three times its bytes go there", () => {
    const peer = new HostilePeer();
    const { pair } = peer;
    pair.seenAddress = THIEF;
    let bytes = 0;
    let datagrams = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "client") {
        bytes += datagram.length;
        datagrams += 1;
      }
      return undefined;
    };
    const sent = 25 + 2;
    peer.sendRaw(Uint8Array.of(0x01, 0x01));
    // The server has much to say, and all of it goes to the proven address, where ConnectionPair has nobody now.
    for (let i = 0; i < 100; i++) pair.server.send(pattern(i, 1000), { delivery: "reliable" }, pair.nowMs);
    pair.run(9000);
    expect(datagrams).toBeGreaterThan(0);
    expect(datagrams).toBeLessThanOrEqual(4);
    expect(bytes).toBeLessThanOrEqual(3 * sent);
    expect(addressOf(peer)).toBe("client");
    peer.end();
  });

  it.each([
    ["the client's own, not the one asked", "client"],
    ["the one asked", "thief"],
  ])("T36d the right bytes from %s", (_which, answersFrom) => {
    const peer = new HostilePeer();
    const { pair } = peer;
    // Close above the honest client's numbers, so that its answer is late but not too late.
    peer.next = 100;
    pair.seenAddress = THIEF;
    let challenge: Uint8Array | undefined;
    pair.interceptor = (datagram, to) => {
      // The first: data of the server follows it there.
      if (to === "client") challenge ??= datagram.slice();
      return undefined;
    };
    peer.send();
    // Wrong bytes from the right place, over and over.
    for (let guess = 0; guess < 200; guess++) {
      peer.send(
        (w) => encodePathResponse(w, pattern(guess, 8)),
        (w) => encodePathResponse(w, new Uint8Array(8)),
      );
    }
    expect(addressOf(peer)).toBe("client");
    // The honest client reads the challenge and answers it.
    const received = peer.trace.of("packet-received").length;
    pair.seenAddress = answersFrom === "thief" ? THIEF : pair.clientAddress;
    pair.interceptor = (datagram, to) => (to === "server" ? datagram : undefined);
    pair.inject(challenge as Uint8Array, "client", pair.serverAddress);
    pair.run(50);
    expect(peer.trace.of("packet-received").length).toBeGreaterThan(received);
    expect(addressOf(peer)).toBe(answersFrom);
    expect(pair.server.state).toBe("connected");
  });

  it("T36e a late packet from elsewhere, with a lower number, is a straggler and starts no challenge", () => {
    const peer = new HostilePeer();
    peer.next += 100;
    peer.send();
    peer.next -= 50;
    peer.pair.seenAddress = THIEF;
    for (let i = 0; i < 20; i++) peer.send();
    expect(peer.trace.of("path-challenge")).toEqual([]);
    peer.next += 100;
    peer.send();
    expect(peer.trace.of("path-challenge")).toHaveLength(1);
  });

  it("T36f a thousand addresses in a second: at most ten are asked, and the true move still succeeds", () => {
    const peer = new HostilePeer();
    const { pair } = peer;
    for (let i = 0; i < 1000; i++) {
      pair.seenAddress = new PairAddress(`bot ${i}`);
      peer.send();
      pair.run(1);
    }
    expect(peer.trace.of("path-challenge").length).toBeGreaterThan(5);
    expect(peer.trace.of("path-challenge").length).toBeLessThanOrEqual(11);
    expect(addressOf(peer)).toBe("client");
    pair.run(500);
    // The honest client, whose numbers go on above those of the attacker, from its new place.
    const mover = new HostilePeer();
    mover.pair.interceptor = undefined;
    mover.pair.seenAddress = new PairAddress("train");
    mover.pair.client.onLocalMove(mover.pair.nowMs);
    mover.pair.run(500);
    expect(addressOf(mover)).toBe("train");
    expect(eventsOf(mover.victim).map((event) => event.type)).toContain("path-changed");
  });

  it("T36g a flood of challenges: one answer to each packet, smaller than it, and nothing is kept", () => {
    const peer = new HostilePeer();
    const challenges = Array.from({ length: 100 }, (_, i) => packetOf((w) => encodePathChallenge(w, pattern(i, 8))));
    const all = new Uint8Array(challenges.reduce((sum, { length }) => sum + length, 0));
    challenges.reduce((at, bytes) => (all.set(bytes, at), at + bytes.length), 0);
    const before = peer.heardBytes;
    for (let i = 0; i < 300; i++) peer.sendRaw(all);
    const answered = peer.heardBytes - before;
    expect(answered).toBeLessThan(300 * (25 + all.length) * 0.2);
    expect(peer.heard.length).toBeLessThanOrEqual(300);
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.queuedMessages).toBe(0);
    peer.end();
  });

  it("T36h before acceptance nobody moves: the address of the cookie is the only one", () => {
    const trace = new TraceRecorder();
    const pair = new ConnectionPair({ seed: 36, autoAccept: false, serverTrace: trace.sink });
    pair.run(100);
    expect(pair.server.state).toBe("authenticating");
    pair.seenAddress = THIEF;
    for (let i = 0; i < 20; i++) {
      pair.injectForged("client", 5000 + i, Uint8Array.of(0x01));
      pair.run(100);
    }
    expect(trace.of("packet-received").length).toBeGreaterThan(20);
    expect(trace.of("path-challenge")).toEqual([]);
    expect(pair.server.address.equals(pair.clientAddress)).toBe(true);
  });

  it("T36i data goes to an address that is not proven too: at most three times its bytes", () => {
    const peer = new HostilePeer();
    const { pair } = peer;
    pair.seenAddress = THIEF;
    let bytes = 0;
    let datagrams = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "client") {
        bytes += datagram.length;
        datagrams += 1;
      }
      return undefined;
    };
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 10; j++) pair.server.send(pattern(j, 1000), { delivery: "unreliable" }, pair.nowMs);
      peer.sendRaw(
        packetOf(
          (w) => w.u8(0x01),
          (w) => w.u8(0x01),
        ),
      );
      sent += 25 + 3;
      pair.run(10);
      expect(bytes).toBeLessThanOrEqual(3 * sent);
    }
    // Packets of 1000 bytes never fit; small ones do.
    const before = datagrams;
    for (let i = 0; i < 20; i++) {
      pair.server.send(pattern(i, 10), { delivery: "unreliable" }, pair.nowMs);
      peer.sendRaw(
        packetOf(
          (w) => w.u8(0x01),
          (w) => w.u8(0x01),
        ),
      );
      sent += 25 + 3;
      pair.run(10);
      expect(bytes).toBeLessThanOrEqual(3 * sent);
    }
    expect(datagrams).toBeGreaterThan(before + 5);
    // The challenges are used up: nothing goes there any more.
    pair.run(5000);
    const after = datagrams;
    for (let i = 0; i < 20; i++) {
      pair.server.send(pattern(i, 10), { delivery: "unreliable" }, pair.nowMs);
      pair.run(10);
    }
    expect(datagrams).toBe(after);
    expect(addressOf(peer)).toBe("client");
    peer.end();
  });

  it("T36j a client that moves every 20 ms and answers: ten moves a second, and the game goes on", () => {
    const pair = new ConnectionPair({ seed: 36, link: { latencyMs: 5 }, crypto: createSeededNodeCrypto(36) });
    pair.runUntil(() => pair.client.state === "connected", 2000);
    let sent = 0;
    let received = 0;
    for (let i = 0; i < 250; i++) {
      pair.seenAddress = new PairAddress(`place ${i}`);
      pair.client.onLocalMove(pair.nowMs);
      pair.client.send(encodeUtf8("x"), { delivery: "ordered" }, pair.nowMs);
      sent += 1;
      pair.run(20);
      received += wordsOf(pair.server).length;
    }
    pair.run(1000);
    expect(received + wordsOf(pair.server).length).toBe(sent);
    expect(pair.server.statistics(pair.nowMs).migrations).toBeLessThanOrEqual(51);
    expect(pair.server.state).toBe("connected");
  });
});
