import { ConnectionPair } from "@sortie/testkit";
import { ByteWriter, encodePing, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AttackedPair, messageFrame } from "../support/attacked-pair.js";
import { bitFlipped } from "../support/hostile-packets.js";
import { closeReason, wordsOf } from "../support/pair-reading.js";

const PING = ((): Uint8Array => {
  const writer = new ByteWriter().reset(new Uint8Array(1));
  encodePing(writer);
  return writer.bytes;
})();

/** Bit 7 of the first byte, counted from its highest. */
const PHASE_BIT = 7;

describe("T13 usage limits of the keys", () => {
  it("T13 an update comes in time, on both sides, and nothing is lost over it", () => {
    const limits = { updateAfterPackets: 100, maxPacketsPerKey: 200 };
    const attacked = new AttackedPair({ keyLimits: limits }).connect();
    const { pair } = attacked;
    let fromClient = 0;
    let fromServer = 0;
    for (let i = 0; i < 1500; i++) {
      pair.client.send(encodeUtf8("up"), undefined, pair.nowMs);
      pair.server.send(encodeUtf8("down"), undefined, pair.nowMs);
      pair.run(4);
      fromClient += wordsOf(pair.server).length;
      fromServer += wordsOf(pair.client).length;
    }
    pair.run(100);
    expect(fromClient + wordsOf(pair.server).length).toBe(1500);
    expect(fromServer + wordsOf(pair.client).length).toBe(1500);
    for (const side of [pair.client, pair.server]) {
      expect(side.statistics(pair.nowMs).keyUpdates).toBeGreaterThanOrEqual(8);
      expect(side.statistics(pair.nowMs).packetsDropped).toBe(0);
      expect(side.state).toBe("connected");
    }
    attacked.end();
  });

  it("T13b a side that may not update stops hard at the limit, and no packet beyond it leaves", () => {
    const attacked = new AttackedPair({ keyLimits: { updateAfterPackets: 100, maxPacketsPerKey: 150 } }).connect();
    const { pair } = attacked;
    // Without acknowledgements of what it sends under the first keys again, the client may update once, then no more.
    attacked.swallowed.add("client");
    for (let i = 0; i < 400 && pair.client.state !== "closed"; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.run(5);
    }
    expect(closeReason(pair.client)).toMatchObject({ code: "key-limit", by: "local" });
    const phases = attacked.wire.server.map((datagram) => (datagram[0] as number) & 1);
    expect(phases.filter((phase) => phase === 0).length).toBe(100);
    expect(phases.filter((phase) => phase === 1).length).toBe(150);
    pair.client.send(encodeUtf8("after"), undefined, pair.nowMs);
    pair.run(1000);
    expect(attacked.wire.server.length).toBe(250);
    attacked.end();
  });

  it("T13c failed tags are counted over the whole connection, and end it at the limit", () => {
    const attacked = new AttackedPair({ keyLimits: { maxFailedOpens: 500 } }).connect();
    const { pair } = attacked;
    attacked.swallowed.add("server");
    const packet = attacked.sendOne("genuine");
    attacked.swallowed.clear();
    const forge = (count: number): void => {
      for (let i = 0; i < count; i++) {
        pair.inject(bitFlipped(packet, 72 + (i % (packet.length * 8 - 72))), "server", pair.clientAddress);
      }
      pair.run(1);
    };
    forge(499);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 499 });
    pair.inject(packet, "server", pair.clientAddress);
    pair.run(1);
    expect(wordsOf(pair.server)).toEqual(["genuine"]);
    expect(pair.server.state).toBe("connected");
    // Another number, that the window has not seen.
    attacked.swallowed.add("server");
    const next = attacked.sendOne("next");
    attacked.swallowed.clear();
    pair.inject(bitFlipped(next, 80), "server", pair.clientAddress);
    pair.run(1);
    expect(closeReason(pair.server)).toMatchObject({ code: "key-limit", by: "local" });
    expect(attacked.drops("server")["authentication-failed"]).toBe(500);
    const sent = attacked.wire.client.length;
    pair.inject(next, "server", pair.clientAddress);
    pair.run(100);
    expect(wordsOf(pair.server)).toEqual([]);
    expect(attacked.wire.client.length).toBe(sent);
    // The other side ends by its idle timeout.
    pair.run(15_000);
    expect(closeReason(pair.client)).toMatchObject({ code: "timeout" });
    attacked.end();
  });
});

describe("T14 key updates under attack", () => {
  it.each([1, 2, 3])("T14 reordered, doubled, lost around updates: nothing lost, nothing twice (seed %i)", (seed) => {
    const link = { latencyMs: 20, jitterMs: 15, loss: 0.05, reorder: 0.2, duplicate: 0.3 };
    const keyLimits = { updateAfterPackets: 60, maxPacketsPerKey: 4000 };
    const attacked = new AttackedPair({ seed, link, keyLimits }).connect();
    const { pair } = attacked;
    const words = Array.from({ length: 600 }, (_, i) => `${i}`);
    for (const word of words) {
      pair.client.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      pair.server.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      pair.run(8);
    }
    pair.run(3000);
    expect(wordsOf(pair.server)).toEqual(words);
    expect(wordsOf(pair.client)).toEqual(words);
    for (const side of ["client", "server"] as const) {
      expect(pair[side].statistics(pair.nowMs).keyUpdates).toBeGreaterThanOrEqual(5);
      // Stragglers of the phase before were opened with the old keys: every drop is a second copy.
      expect(Object.keys(attacked.drops(side))).toEqual(["duplicate"]);
    }
    attacked.end();
  });

  it("T14b a forged phase bit on every packet, ahead of the genuine one, changes nothing and derives keys once", () => {
    const attacked = new AttackedPair();
    const { pair, crypto } = attacked;
    attacked.connect();
    const record = pair.interceptor;
    const forged = { client: 0, server: 0 };
    pair.interceptor = (datagram, to) => {
      forged[to] += 1;
      pair.inject(bitFlipped(datagram, PHASE_BIT), to, to === "server" ? pair.clientAddress : pair.serverAddress, 1);
      return record?.(datagram, to);
    };
    const { derivations } = crypto;
    for (let i = 0; i < 500; i++) {
      pair.client.send(encodeUtf8(`${i}`), { delivery: "reliable" }, pair.nowMs);
      pair.server.send(encodeUtf8(`${i}`), { delivery: "reliable" }, pair.nowMs);
      pair.run(5);
    }
    pair.run(200);
    expect(wordsOf(pair.server)).toHaveLength(500);
    expect(wordsOf(pair.client)).toHaveLength(500);
    for (const side of ["client", "server"] as const) {
      expect(pair[side].statistics(pair.nowMs).keyUpdates).toBe(0);
      expect(attacked.drops(side)).toEqual({ "authentication-failed": forged[side] });
    }
    // The next secret, its key and its IV, on each side.
    expect(crypto.derivations - derivations).toBe(6);
    pair.interceptor = record;
    attacked.end();
  });

  it("T14c a peer that updates again before we have answered is refused: one update is pending at the most", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    attacked.swallowed.add("client").add("server");
    const next = attacked.lastNumber("client") + 10;
    const updates = (): number => pair.server.statistics(pair.nowMs).keyUpdates;
    // In one flight, so that the server cannot have sent anything in between; the last leaves a phase out.
    attacked.launchForged("client", next, messageFrame("second phase"), 1);
    attacked.launchForged("client", next + 1, messageFrame("third phase"), 2);
    attacked.launchForged("client", next + 2, messageFrame("fourth phase"), 3);
    pair.run(0);
    expect(updates()).toBe(1);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 2 });
    expect(wordsOf(pair.server)).toEqual(["second phase"]);
    // Once the server has sent under its second keys, the peer may go on.
    attacked.forge("client", next + 3, PING, 1);
    pair.run(50);
    expect((attacked.lastSent("client")[0] as number) & 1).toBe(1);
    attacked.forge("client", next + 4, messageFrame("third phase"), 2);
    expect(updates()).toBe(2);
    expect(wordsOf(pair.server)).toEqual(["third phase"]);
    attacked.end();
  });

  it("T14e a peer that updates in each packet, with our acknowledgement between them, is told to stop at once", () => {
    const attacked = new AttackedPair().connect();
    const { pair, crypto } = attacked;
    attacked.swallowed.add("client").add("server");
    const next = attacked.lastNumber("client") + 10;
    const { derivations } = crypto;
    for (let i = 0; i < 100; i++) {
      attacked.forge("client", next + i, PING, i + 1);
      pair.run(0.1);
    }
    expect(closeReason(pair.server)).toMatchObject({
      code: "protocol-error",
      by: "local",
      text: "key update comes too soon",
    });
    expect(pair.server.statistics(pair.nowMs).keyUpdates).toBe(1);
    // Both directions for the update that was followed, and one for that which was not.
    expect(crypto.derivations - derivations).toBe(9);
    attacked.end();
  });

  it.each([
    ["an ideal path", {}, 25],
    ["an ideal path, acknowledgements at once", {}, 0],
    ["a LAN with a tick's delay", { latencyMs: 0.2 }, 60],
    ["a LAN with the promise of a polling game", { latencyMs: 0.2 }, 1000],
    [
      "a path that loses, doubles and reorders",
      { latencyMs: 40, jitterMs: 60, loss: 0.2, duplicate: 0.1, reorder: 0.2 },
      25,
    ],
  ])("T14f an honest peer that updates as often as it may is never too soon: %s", (_path, link, maxAckDelayMs) => {
    for (const speakers of [["client"], ["client", "server"]] as const) {
      const parameters = { maxAckDelayMs };
      const pair = new ConnectionPair({
        seed: 14,
        link,
        keyLimits: { updateAfterPackets: 1 },
        clientParameters: parameters,
        serverParameters: parameters,
      });
      expect(pair.runUntil(() => pair.client.state === "connected", 20_000)).toBe(true);
      for (let i = 0; i < 3000; i++) {
        for (const side of speakers) pair[side].send(encodeUtf8("x"), { delivery: "ordered" }, pair.nowMs);
        pair.run(4);
        wordsOf(pair.server);
        wordsOf(pair.client);
      }
      expect([pair.client.state, pair.server.state]).toEqual(["connected", "connected"]);
      expect(pair.server.statistics(pair.nowMs).keyUpdates).toBeGreaterThan(10);
    }
  });

  it("T14d old keys serve stragglers, for three probe timeouts, and nothing newer than the update", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    attacked.swallowed.add("client").add("server");
    const update = attacked.lastNumber("client") + 100;
    attacked.forge("client", update, messageFrame("update"), 1);
    attacked.forge("client", update - 1, messageFrame("straggler"), 0);
    attacked.forge("client", update + 1, messageFrame("old keys, new number"), 0);
    expect(wordsOf(pair.server)).toEqual(["update", "straggler"]);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 1 });
    pair.run(3000);
    attacked.forge("client", update - 2, messageFrame("too late"), 0);
    attacked.forge("client", update + 2, messageFrame("present keys"), 1);
    expect(wordsOf(pair.server)).toEqual(["present keys"]);
    expect(attacked.drops("server")).toEqual({ "authentication-failed": 2 });
    attacked.end();
  });
});
