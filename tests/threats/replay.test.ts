import { MAX_PACKET_NUMBER_LEAP } from "@sortie/connection";
import { MAX_PACKET_NUMBER } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AttackedPair, messageFrame } from "../support/attacked-pair.js";
import { bitFlipped, renumbered } from "../support/hostile-packets.js";
import { closeReason, wordsOf } from "../support/pair-reading.js";

const WINDOW = 1024;
const TWO_TO_32 = 2 ** 32;

describe("replays and packet numbers", () => {
  it("T01 a packet that the window has moved past is dropped before decryption, at any age", () => {
    const attacked = new AttackedPair().connect();
    const { pair, crypto } = attacked;
    let delivered = 0;
    for (let i = 0; i < 4 * WINDOW; i++) {
      attacked.sendOne(`${i}`);
      delivered += wordsOf(pair.server).length;
    }
    pair.run(100);
    expect(delivered + wordsOf(pair.server).length).toBe(4 * WINDOW);
    const old = attacked.wire.server.slice(0, -WINDOW - 1);
    expect(old.length).toBeGreaterThan(3 * WINDOW - 10);
    const openingsBefore = crypto.openings;
    const receivedBefore = pair.server.statistics(pair.nowMs).packetsReceived;
    for (const datagram of old) pair.inject(datagram, "server", pair.clientAddress);
    pair.run(0);
    expect(attacked.drops("server")).toEqual({ "too-old": old.length });
    expect(crypto.openings).toBe(openingsBefore);
    expect(pair.server.statistics(pair.nowMs).packetsReceived).toBe(receivedBefore);
    expect(wordsOf(pair.server)).toEqual([]);
    attacked.end();
  });

  it("T02 a packet replayed inside the window delivers nothing and is no RTT sample", () => {
    const attacked = new AttackedPair().connect();
    const { pair, crypto } = attacked;
    for (let i = 0; i < 200; i++) {
      pair.client.send(Uint8Array.of(i), { delivery: "reliable" }, pair.nowMs);
      pair.server.send(Uint8Array.of(i), { delivery: "unreliable" }, pair.nowMs);
      pair.run(5);
    }
    pair.run(200);
    expect(wordsOf(pair.server)).toHaveLength(200);
    expect(wordsOf(pair.client)).toHaveLength(200);
    const before = [pair.client, pair.server].map((side) => {
      const { rttMs, rttVarianceMs, rttMinMs, packetsReceived, endpoint } = side.statistics(pair.nowMs);
      return { rttMs, rttVarianceMs, rttMinMs, packetsReceived, messages: endpoint.messagesReceived };
    });
    const { openings } = crypto;
    const { client, server } = { client: attacked.wire.client.slice(), server: attacked.wire.server.slice() };
    // A second late: as RTT samples they would say so.
    for (const datagram of client) pair.inject(datagram, "client", pair.serverAddress, 1000);
    for (const datagram of server) pair.inject(datagram, "server", pair.clientAddress, 1000);
    pair.run(1001);
    const after = [pair.client, pair.server].map((side) => {
      const { rttMs, rttVarianceMs, rttMinMs, packetsReceived, endpoint } = side.statistics(pair.nowMs);
      return { rttMs, rttVarianceMs, rttMinMs, packetsReceived, messages: endpoint.messagesReceived };
    });
    expect(after).toEqual(before);
    expect(attacked.drops("client")).toEqual({ duplicate: client.length });
    expect(attacked.drops("server")).toEqual({ duplicate: server.length });
    expect(crypto.openings).toBe(openings);
    expect(wordsOf(pair.server).concat(wordsOf(pair.client))).toEqual([]);
    attacked.end();
  });

  it("T02b a replay from another address neither delivers nor moves the connection", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    const datagram = attacked.sendOne("once");
    pair.run(200);
    const { address } = pair.server;
    const sent = attacked.wire.client.length;
    // The newest number there is, which a packet must have to show a move.
    for (let i = 0; i < 50; i++) pair.inject(datagram, "server", { name: `thief ${i}`, equals: () => false }, i);
    pair.run(100);
    expect(pair.server.address).toBe(address);
    expect(attacked.serverTrace.of("path-challenge")).toEqual([]);
    expect(attacked.wire.client.length).toBe(sent);
    expect(attacked.drops("server")).toEqual({ duplicate: 50 });
    expect(wordsOf(pair.server)).toEqual(["once"]);
    attacked.end();
  });

  it("T03 forged packets with huge numbers leave the window where it is", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    const base = attacked.sendOne("first");
    const next = new DataView(base.buffer).getUint32(5) + 1;
    // All distances that 32 bits can name, ahead and behind.
    let forged = 0;
    for (let power = 0; power < 32; power++) {
      for (const number of [next + 2 ** power, next + 2 ** power - 1]) {
        pair.inject(renumbered(base, number >>> 0), "server", pair.clientAddress);
        forged += 1;
      }
    }
    pair.run(20);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": forged });
    // Numbers that the forged ones would have used up or overtaken.
    for (let i = 0; i < 2 * WINDOW; i++) attacked.sendOne("genuine");
    pair.run(20);
    expect(wordsOf(pair.server)).toHaveLength(1 + 2 * WINDOW);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": forged });
    attacked.end();
  });

  // The window itself lies across the edges that a start 2500 below a power of two leads to.
  const EDGES = [2 ** 31, TWO_TO_32, 2 ** 33, 2 ** 47].map((edge) => edge - 2500);
  it.each([0, 31, 1023, ...EDGES, 2 ** 40 + 5, MAX_PACKET_NUMBER - 4000])(
    "T04 the window's edges are exact when numbers start at %d",
    (start) => {
      const attacked = new AttackedPair({ initialPacketNumber: start }).connect();
      const { pair } = attacked;
      const largest = start + 3000;
      const forge = (number: number): void => attacked.forge("client", number, messageFrame(`${number - largest}`));
      forge(largest);
      // Both edges, each word of the bitmap, and what lies next to them.
      const offsets = [1, 31, 32, 33, 63, 64, 512, WINDOW - 33, WINDOW - 32, WINDOW - 2, WINDOW - 1];
      for (const offset of offsets) forge(largest - offset);
      expect(attacked.drops("server")).toEqual({});
      expect(wordsOf(pair.server)).toEqual(["0", ...offsets.map((offset) => `${-offset}`)]);
      for (const offset of [0, ...offsets]) forge(largest - offset);
      expect(attacked.drops("server")).toEqual({ duplicate: 1 + offsets.length });
      for (const offset of [WINDOW, WINDOW + 1, 2 * WINDOW, 2 * WINDOW + 1]) forge(largest - offset);
      expect(attacked.drops("server")).toEqual({ duplicate: 1 + offsets.length, "too-old": 4 });
      // One step on, the lowest of the window has fallen out of it.
      forge(largest + 1);
      forge(largest - WINDOW + 1);
      expect(attacked.drops("server")).toEqual({ duplicate: 1 + offsets.length, "too-old": 5 });
      expect(wordsOf(pair.server)).toEqual(["1"]);
      expect(pair.server.state).toBe("connected");
      attacked.end();
    },
  );

  it("T04b nothing beyond the last number is taken, even with a right tag", () => {
    const attacked = new AttackedPair({ initialPacketNumber: MAX_PACKET_NUMBER - 300 }).connect();
    const { pair } = attacked;
    attacked.forge("client", MAX_PACKET_NUMBER - 1, messageFrame("last but one"));
    for (const beyond of [1, 2, 100]) attacked.forge("client", MAX_PACKET_NUMBER + beyond, messageFrame("beyond"));
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 3 });
    attacked.forge("client", MAX_PACKET_NUMBER, messageFrame("last"));
    attacked.forge("client", MAX_PACKET_NUMBER, messageFrame("last, again"));
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 3, duplicate: 1 });
    expect(wordsOf(pair.server)).toEqual(["last but one", "last"]);
    attacked.end();
  });

  it("T04c late packets of a long stream are taken once each, as often as the window's memory is used again", () => {
    const attacked = new AttackedPair({ initialPacketNumber: TWO_TO_32 - 3000 }).connect();
    const { pair } = attacked;
    const start = attacked.lastNumber("client") + 1;
    attacked.swallowed.add("client");
    let delivered = 0;
    for (let i = 0; i < 3600; i++) {
      // Every seventh comes 700 later than it should.
      if (i % 7 !== 0) attacked.launchForged("client", start + i, messageFrame("x"));
      if (i >= 700 && i % 7 === 0) attacked.launchForged("client", start + i - 700, messageFrame("late"));
      if (i % 50 === 49) {
        pair.run(0);
        delivered += wordsOf(pair.server).length;
      }
    }
    // But for the last hundred that are late.
    expect(delivered).toBe(3600 - 100);
    expect(attacked.drops("server")).toEqual({});
    for (let i = 2600; i < 3600; i++) attacked.launchForged("client", start + i, messageFrame("again"));
    pair.run(0);
    // Only the late ones that had not come yet are new.
    const missing = Array.from({ length: 1000 }, (_, i) => 2600 + i).filter((i) => i % 7 === 0 && i >= 2900).length;
    expect(wordsOf(pair.server)).toHaveLength(missing);
    expect(attacked.drops("server")).toEqual({ duplicate: 1000 - missing });
    attacked.end();
  });

  it("T05 a number with a bad tag before and after the genuine packet: that one counts, once", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    attacked.swallowed.add("server");
    const genuine = attacked.sendOne("genuine");
    attacked.swallowed.clear();
    const forgeries = Array.from({ length: 16 }, (_, i) => bitFlipped(genuine, genuine.length * 8 - 1 - 11 * i));
    for (const forged of forgeries) pair.inject(forged, "server", pair.clientAddress, 1);
    pair.inject(genuine, "server", pair.clientAddress, 2);
    for (const forged of forgeries) pair.inject(forged, "server", pair.clientAddress, 3);
    pair.inject(genuine, "server", pair.clientAddress, 4);
    pair.run(10);
    expect(wordsOf(pair.server)).toEqual(["genuine"]);
    // The window knows the number by then: what comes after costs no decryption.
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 16, duplicate: 17 });
    attacked.end();
  });

  it("T06 an authenticated peer's leaps cost bounded work; one too far closes the connection with a reason", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    // What the server acknowledges would tell the honest half of the client that something is wrong.
    attacked.swallowed.add("client");
    let number = attacked.lastNumber("client");
    const sentBefore = attacked.wire.client.length;
    for (let i = 0; i < 1000; i++) attacked.forge("client", (number += MAX_PACKET_NUMBER_LEAP), messageFrame("leap"));
    expect(wordsOf(pair.server)).toHaveLength(1000);
    expect(pair.server.state).toBe("connected");
    // At the most an ACK for each, none longer for the gap that it spans.
    const answers = attacked.wire.client.slice(sentBefore);
    expect(answers.length).toBeLessThanOrEqual(1000);
    expect(Math.max(...answers.map((datagram) => datagram.length))).toBeLessThan(60);
    attacked.forge("client", number + MAX_PACKET_NUMBER_LEAP + 1, messageFrame("too far"));
    expect(closeReason(pair.server)).toEqual({
      code: "protocol-error",
      by: "local",
      text: "packet number leaps too far",
    });
    expect(wordsOf(pair.server)).toEqual([]);
    expect(attacked.drops("server")).toEqual({ "malformed-frames": 1 });
    attacked.swallowed.clear();
    pair.run(400);
    expect(closeReason(pair.client)).toMatchObject({ code: "protocol-error", by: "remote" });
    attacked.end();
  });

  it.each([1, 2, 3])("T07 truncated numbers across 2^32: nothing lost, nothing twice (seed %i)", (seed) => {
    const link = { latencyMs: 20, jitterMs: 15, loss: 0.05, reorder: 0.2, duplicate: 0.2 };
    const attacked = new AttackedPair({ seed, link, initialPacketNumber: TWO_TO_32 - 150 }).connect();
    const { pair } = attacked;
    const words = Array.from({ length: 400 }, (_, i) => `${i}`);
    for (const word of words) {
      pair.client.send(new TextEncoder().encode(word), { delivery: "ordered" }, pair.nowMs);
      pair.server.send(new TextEncoder().encode(word), { delivery: "ordered" }, pair.nowMs);
      pair.run(8);
    }
    pair.run(3000);
    expect(attacked.lastNumber("client")).toBeGreaterThan(TWO_TO_32 + 100);
    expect(attacked.lastNumber("server")).toBeGreaterThan(TWO_TO_32 + 100);
    expect(wordsOf(pair.server)).toEqual(words);
    expect(wordsOf(pair.client)).toEqual(words);
    // Every drop is a second copy: no number was taken for another one.
    for (const side of ["client", "server"] as const) expect(Object.keys(attacked.drops(side))).toEqual(["duplicate"]);
    attacked.end();
  });

  it("T07b both sides of the edge: stragglers from before it are taken once, replays of them never", () => {
    const attacked = new AttackedPair({ initialPacketNumber: TWO_TO_32 - 1500 }).connect();
    const { pair } = attacked;
    attacked.forge("client", TWO_TO_32 + 400, messageFrame("after"));
    for (const number of [TWO_TO_32 - 1, TWO_TO_32, TWO_TO_32 - 500, TWO_TO_32 + 1]) {
      attacked.forge("client", number, messageFrame(`${number - TWO_TO_32}`));
    }
    expect(wordsOf(pair.server)).toEqual(["after", "-1", "0", "-500", "1"]);
    for (const number of [TWO_TO_32 - 1, TWO_TO_32, TWO_TO_32 - 500]) {
      attacked.forge("client", number, messageFrame("replay"));
    }
    attacked.forge("client", TWO_TO_32 - 700, messageFrame("too old"));
    expect(attacked.drops("server")).toEqual({ duplicate: 3, "too-old": 1 });
    expect(wordsOf(pair.server)).toEqual([]);
    attacked.end();
  });
});
