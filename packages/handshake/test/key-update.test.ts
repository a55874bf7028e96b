import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Aead, type CryptoProvider, protocolId } from "../src/index.js";
import { altered, connect, flipped, node, phaseOf, providers, type Sent, type Side, suites } from "./support.js";

/** ms. The probe timeout that these tests set; old keys live for three. */
const PTO = 100;
const KEPT = 3 * PTO;

type Pair = ReturnType<typeof connect>;

function pair(...options: Parameters<typeof connect>): Pair {
  const both = connect(...options);
  both.client.protection.setProbeTimeoutMs(PTO);
  both.server.protection.setProbeTimeoutMs(PTO);
  return both;
}

/** `from` sends a packet that arrives, and hears that it did. */
function exchange(from: Side, to: Side, nowMs: number = 0): void {
  const there = from.send(nowMs);
  expect(to.receive(there, nowMs)).toBe(true);
  expect(from.receive(to.send(nowMs), nowMs)).toBe(true);
  from.protection.onAcked(there.packetNumber);
}

function phases({ client, server }: Pair): string {
  return `${client.protection.statistics.keyPhase}${server.protection.statistics.keyPhase}`;
}

/** One whole update by the client. */
function update(both: Pair, nowMs: number): void {
  expect(both.client.protection.initiateUpdate(nowMs)).toBe(true);
  exchange(both.client, both.server, nowMs);
}

describe.each(providers)("key update with the %s provider", (_, crypto) => {
  it.each(suites)("goes round and round with suite %i, started by either side", (suite) => {
    const both = pair({}, crypto, suite);
    const { client, server } = both;
    for (let i = 1; i <= 5; i++) {
      const now = i * 1000;
      exchange(client, server, now);
      exchange(server, client, now);
      const [first, second] = i % 2 === 0 ? [client, server] : [server, client];
      expect(first.protection.initiateUpdate(now + KEPT)).toBe(true);
      exchange(first, second, now + KEPT);
      expect(phases(both)).toBe(i % 2 === 0 ? "00" : "11");
    }
    expect(client.protection.statistics).toMatchObject({ updates: 5, failedOpens: 0 });
    expect(server.protection.statistics).toMatchObject({ updates: 5, failedOpens: 0 });
  });
});

describe("starting an update", () => {
  it("waits until a packet of the present phase was acknowledged", () => {
    const both = pair();
    const { client, server } = both;
    expect(client.protection.initiateUpdate(0)).toBe(false);
    const sent = client.send();
    expect(client.protection.initiateUpdate(0)).toBe(false);
    server.receive(sent);
    client.receive(server.send());
    client.protection.onAcked(sent.packetNumber);
    expect(client.protection.initiateUpdate(0)).toBe(true);
    expect(phases(both)).toBe("10");
  });

  it("does not take an ack for a packet that was not sent, or of the phase before, as confirmation", () => {
    const { client, server } = pair();
    client.send();
    client.protection.onAcked(1);
    expect(client.protection.initiateUpdate(0)).toBe(false);
    exchange(client, server);
    const old = client.send();
    expect(client.protection.initiateUpdate(0)).toBe(true);
    client.send(0);
    client.receive(server.send());
    client.protection.onAcked(old.packetNumber);
    expect(client.protection.initiateUpdate(10_000)).toBe(false);
  });

  it("by one who followed waits for an ack of the phase that he follows in", () => {
    const { client, server } = pair();
    exchange(client, server);
    const before = server.send();
    client.protection.initiateUpdate(0);
    server.receive(client.send());
    const after = server.send();
    server.protection.onAcked(before.packetNumber);
    expect(server.protection.initiateUpdate(10_000)).toBe(false);
    server.protection.onAcked(after.packetNumber);
    expect(server.protection.initiateUpdate(10_000)).toBe(true);
  });

  it("waits for the peer to follow, even if the peer acknowledges the new phase under its old keys", () => {
    const { client, server } = pair();
    exchange(client, server);
    const reply = server.send();
    client.protection.initiateUpdate(0);
    const { packetNumber } = client.send();
    client.receive(reply);
    client.protection.onAcked(packetNumber);
    expect(client.protection.initiateUpdate(10_000)).toBe(false);
  });

  it("never has two in flight, and waits three probe timeouts after the peer was known to follow", () => {
    const both = pair();
    const { client, server } = both;
    exchange(client, server);
    expect(client.protection.initiateUpdate(1000)).toBe(true);
    expect(client.protection.initiateUpdate(1_000_000)).toBe(false);
    exchange(client, server, 5000);
    expect(client.protection.initiateUpdate(5000)).toBe(false);
    expect(client.protection.initiateUpdate(5000 + KEPT - 1)).toBe(false);
    expect(client.protection.initiateUpdate(5000 + KEPT)).toBe(true);
    expect(client.protection.statistics).toMatchObject({ keyPhase: 0, updates: 2 });
  });

  it("happens by itself at the limit, and keeps trying until it may", () => {
    const both = pair({ updateAfterPackets: 10 });
    const { client, server } = both;
    for (let i = 0; i < 15; i++) expect(phaseOf(client.send())).toBe(0);
    exchange(client, server);
    expect(phaseOf(client.send())).toBe(1);
    expect(client.protection.statistics).toMatchObject({ updates: 1, sealed: 17 });
    // The count starts again with the new key.
    for (let i = 0; i < 9; i++) expect(phaseOf(client.send())).toBe(1);
    expect(client.protection.statistics.updates).toBe(1);
  });

  it("by both sides at once is one update", () => {
    const both = pair();
    const { client, server } = both;
    exchange(client, server);
    exchange(server, client);
    expect(client.protection.initiateUpdate(0)).toBe(true);
    expect(server.protection.initiateUpdate(0)).toBe(true);
    const [fromClient, fromServer] = [client.send(), server.send()];
    expect(server.receive(fromClient)).toBe(true);
    expect(client.receive(fromServer)).toBe(true);
    exchange(client, server);
    exchange(server, client);
    expect(phases(both)).toBe("11");
    expect(client.protection.statistics.updates).toBe(1);
    expect(server.protection.statistics.updates).toBe(1);
    expect(client.protection.initiateUpdate(KEPT)).toBe(true);
  });
});

describe("following the peer's update", () => {
  it("answers under the new keys at once", () => {
    const { client, server } = pair();
    exchange(client, server);
    client.protection.initiateUpdate(0);
    expect(phaseOf(server.send())).toBe(0);
    expect(server.receive(client.send())).toBe(true);
    expect(phaseOf(server.send())).toBe(1);
    expect(server.protection.statistics).toMatchObject({ keyPhase: 1, updates: 1 });
  });

  it("still works when every packet but the last of the new phase was lost", () => {
    const both = pair();
    exchange(both.client, both.server);
    both.client.protection.initiateUpdate(0);
    for (let i = 0; i < 50; i++) both.client.send();
    exchange(both.client, both.server);
    expect(phases(both)).toBe("11");
  });

  it("T14 takes stragglers of the old phase in any order until three probe timeouts are over", () => {
    const { client, server } = pair();
    exchange(client, server);
    const old = Array.from({ length: 6 }, () => client.send());
    client.protection.initiateUpdate(1000);
    const fresh = Array.from({ length: 3 }, () => client.send(1000));
    expect(server.receive(fresh[1] as Sent, 1000)).toBe(true);
    expect(server.receive(old[3] as Sent, 1000)).toBe(true);
    expect(server.receive(fresh[0] as Sent, 1000)).toBe(true);
    expect(server.receive(old[5] as Sent, 1001)).toBe(true);
    expect(server.receive(old[0] as Sent, 1000 + KEPT - 1)).toBe(true);
    expect(server.receive(fresh[2] as Sent, 1000 + KEPT)).toBe(true);
    expect(server.receive(old[1] as Sent, 1000 + KEPT)).toBe(false);
    expect(server.receive(old[2] as Sent, 1000 + KEPT - 1)).toBe(false);
    // No key was tried: the old one is gone, and a lower number cannot be of the next phase.
    expect(server.protection.statistics).toMatchObject({ keyPhase: 1, updates: 1, failedOpens: 0 });
  });

  it("T14 doubled packets of the new phase are one update", () => {
    const { client, server } = pair();
    exchange(client, server);
    client.protection.initiateUpdate(0);
    const sent = client.send();
    for (let i = 0; i < 4; i++) expect(server.receive(sent)).toBe(true);
    expect(server.protection.statistics.updates).toBe(1);
  });

  it("T14 a forged phase bit changes nothing, however often, and costs one derivation at most", () => {
    const counted = countingProvider();
    const { client, server } = pair({}, counted.crypto);
    exchange(client, server);
    const before = counted.derivations();
    for (let i = 0; i < 200; i++) {
      const sent = client.send();
      expect(server.receive({ ...sent, bytes: flipped(sent.bytes, 0) })).toBe(false);
      expect(server.receive(sent)).toBe(true);
    }
    // Next secret, key and IV.
    expect(counted.derivations() - before).toBe(3);
    expect(server.protection.statistics).toEqual({ keyPhase: 0, updates: 0, sealed: 1, failedOpens: 200 });
    update({ client, server }, 0);
    expect(server.protection.statistics).toMatchObject({ keyPhase: 1, updates: 1 });
  });

  it("T14 a peer cannot update again before it can have heard of the last one", () => {
    const counted = countingProvider();
    const { client, server } = pair({}, counted.crypto);
    exchange(client, server);
    client.protection.initiateUpdate(0);
    expect(server.receive(client.send())).toBe(true);
    const afterFirst = counted.derivations();
    const impatient = impatientPeer(2);
    for (let i = 0; i < 20; i++) expect(server.receive(impatient.send())).toBe(false);
    expect(counted.derivations()).toBe(afterFirst);
    expect(server.protection.statistics).toMatchObject({ updates: 1, failedOpens: 0 });
    // Once the server has sealed in the present phase, the next update is taken.
    server.send();
    expect(server.receive(impatient.send())).toBe(true);
    expect(server.protection.statistics.updates).toBe(2);
  });

  it("gives up keys of two phases ago at the latest when the next update comes", () => {
    const both = pair();
    const { client, server } = both;
    exchange(client, server);
    const ancient = client.send();
    update(both, 0);
    const old = client.send();
    client.protection.onAcked(old.packetNumber - 1);
    expect(client.protection.initiateUpdate(KEPT)).toBe(true);
    // The server adopts both within its own three probe timeouts.
    server.protection.setProbeTimeoutMs(100_000);
    expect(server.receive(client.send(KEPT), KEPT)).toBe(true);
    expect(server.receive(old, KEPT)).toBe(true);
    expect(server.receive(ancient, KEPT)).toBe(false);
  });
});

describe("T13 limits", () => {
  it("by default start an update at 2^22 packets of a key", () => {
    const untouched: Aead = { seal: () => undefined, open: () => -1 };
    // Nothing gets past the self-test that does not encrypt: from then on it is quick.
    let isTested = false;
    const createAead: CryptoProvider["createAead"] = (...args) => (isTested ? untouched : node.createAead(...args));
    const crypto = altered(node, { createAead });
    protocolId(crypto, "tested by it");
    isTested = true;
    const { client } = pair({}, crypto);
    const bytes = new Uint8Array(26);
    const sealUpTo = (count: number): void => {
      while (client.protection.statistics.sealed < count) {
        client.protection.seal(bytes, 0, 10, 1, client.nextPacketNumber++, 0);
      }
    };
    client.send();
    client.protection.onAcked(0);
    sealUpTo(2 ** 22);
    expect(client.protection.statistics.updates).toBe(0);
    sealUpTo(2 ** 22 + 1);
    expect(client.protection.statistics.updates).toBe(1);
  });

  it("stops sealing for good at the hard limit when no update was possible", () => {
    const { client } = pair({ updateAfterPackets: 5, maxPacketsPerKey: 10 });
    for (let i = 0; i < 10; i++) expect(client.send().end).toBe(26);
    expect(client.protection.exhausted).toBe(false);
    const refused = client.send();
    expect(refused.end).toBe(-1);
    expect([...refused.bytes.subarray(0, 9)].every((byte) => byte === 0)).toBe(true);
    expect(client.protection.exhausted).toBe(true);
    client.protection.onAcked(9);
    expect(client.send().end).toBe(-1);
    expect(client.protection.statistics.sealed).toBe(10);
  });

  it("never comes near it while the peer answers", () => {
    const both = pair({ updateAfterPackets: 5, maxPacketsPerKey: 10 });
    for (let i = 0; i < 200; i++) exchange(both.client, both.server, i * KEPT);
    expect(both.client.protection.exhausted).toBe(false);
    expect(both.client.protection.statistics.updates).toBeGreaterThan(30);
    expect(both.client.protection.statistics.updates).toBe(both.server.protection.statistics.updates);
  });

  it("stops sealing past the highest packet number", () => {
    const { client } = pair();
    client.nextPacketNumber = 2 ** 48 - 1;
    expect(client.send().end).toBe(26);
    expect(client.send().end).toBe(-1);
    expect(client.protection.exhausted).toBe(true);
  });

  it("counts failed tags over the whole connection and opens nothing at their limit, but can still say so", () => {
    const both = pair({ maxFailedOpens: 6 });
    const { client, server } = both;
    const forge = (): void => {
      const sent = client.send();
      expect(server.receive({ ...sent, bytes: flipped(sent.bytes, 12) })).toBe(false);
    };
    for (let i = 0; i < 3; i++) forge();
    exchange(client, server);
    update(both, 0);
    for (let i = 0; i < 2; i++) forge();
    expect(server.protection.exhausted).toBe(false);
    expect(server.receive(client.send())).toBe(true);
    forge();
    expect(server.protection.statistics.failedOpens).toBe(6);
    expect(server.protection.exhausted).toBe(true);
    expect(server.receive(client.send())).toBe(false);
    expect(server.protection.statistics.failedOpens).toBe(6);
    expect(client.receive(server.send())).toBe(true);
  });
});

describe("any order of events", () => {
  it("keeps both sides in step: what is not late opens, and no side is ever two phases ahead", () => {
    const actions = ["sends", "gets", "updates"].flatMap((action) => [`client ${action}`, `server ${action}`]);
    const event = fc.constantFrom(...actions);
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat()), { maxLength: 250 }), (events) => {
        const { client, server } = pair();
        const flights: Record<"client" | "server", { sent: Sent; largestSeen: number }[]> = { client: [], server: [] };
        const largest = { client: -1, server: -1 };
        let now = 0;
        for (const [name, choice] of events) {
          now += PTO / 50;
          const [who, what] = name.split(" ") as ["client" | "server", string];
          const side = who === "client" ? client : server;
          const peer = who === "client" ? "server" : "client";
          if (what === "updates") side.protection.initiateUpdate(now);
          if (what === "sends") flights[peer].push({ sent: side.send(now), largestSeen: largest[who] });
          const flight = flights[who];
          if (what !== "gets" || flight.length === 0) continue;
          const [arrived] = flight.splice(choice % flight.length, 1);
          if (arrived === undefined || !side.receive(arrived.sent, now)) {
            // Reordering deeper than the lifetime of old keys is a loss, and the only one.
            if (arrived === undefined || arrived.sent.packetNumber > largest[who]) return false;
            continue;
          }
          largest[who] = Math.max(largest[who], arrived.sent.packetNumber);
          side.protection.onAcked(arrived.largestSeen);
          const ahead = client.protection.statistics.updates - server.protection.statistics.updates;
          if (Math.abs(ahead) > 1) return false;
        }
        return true;
      }),
      { numRuns: 150, seed: 9001 },
    );
  });
});

/** A node provider that counts what it derives under a label of the protocol. */
function countingProvider(): { crypto: CryptoProvider; derivations: () => number } {
  let count = 0;
  const crypto = altered(node, {
    hmacSha256: (key, ...parts) => {
      if (new TextDecoder().decode(parts[0]).startsWith("sortie v1 ")) count += 1;
      return node.hmacSha256(key, ...parts);
    },
    hkdfSha256: (inputKey, salt, info, length) => {
      count += 1;
      return node.hkdfSha256(inputKey, salt, info, length);
    },
  });
  return { crypto, derivations: () => count };
}

/** A client with the test's secrets that has gone `updates` phases on without anyone's leave. */
function impatientPeer(updates: number): Side {
  const { client, server } = pair();
  for (let i = 0; i < updates; i++) {
    exchange(client, server, i * KEPT);
    expect(client.protection.initiateUpdate(i * KEPT + KEPT)).toBe(true);
  }
  client.nextPacketNumber = 1000;
  return client;
}
