import type { Delivery, InboundMessage, SendReceipt } from "@sortie/reliability";
import { FixedBudget } from "@sortie/reliability";
import { ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { message, pattern, pieceOf } from "../support/hostile-frames.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { hex } from "../support/instrumented-crypto.js";
import { closeReason, messagesOf } from "../support/pair-reading.js";

const { BestEffort, Reliable, Ordered } = DeliveryCode;
const MODES: readonly Delivery[] = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];
const EMPTY = new Uint8Array(0);

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const unlimited = (): FixedBudget => new FixedBudget({ rateBytesPerSecond: 1e9, burstBytes: 1e8 });
  const settings = { createCongestionController: unlimited, ...options.settings };
  const pair = new ConnectionPair({
    seed: 42,
    link: { latencyMs: 5 },
    crypto: createSeededNodeCrypto(options.seed ?? 42),
    ...options,
    settings,
  });
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  pair.run(100);
  return pair;
}

/** A message that says which it is. */
function numbered(index: number, bytes: number = 4): Uint8Array {
  const payload = pattern(index, Math.max(bytes, 4));
  new DataView(payload.buffer).setUint32(0, index);
  return payload;
}

function indexOf({ payload }: InboundMessage): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** Takes what has arrived, which must be the messages from `next` on, and returns the number after the last. */
function expectNext(pair: ConnectionPair, next: number): number {
  const indices = messagesOf(pair.server).map(indexOf);
  for (let i = 0; i < indices.length; i++) {
    // Not by `expect` alone: at 70,000 messages it takes the most time of the test.
    if (indices[i] !== next + i) expect(indices[i]).toBe(next + i);
  }
  return next + indices.length;
}

describe("T42 numbers across their wrap", () => {
  it.each([1, 2])("T42 message IDs of every mode, whole and in pieces, over a bad link (seed %i)", (seed) => {
    const link = { latencyMs: 20, jitterMs: 30, loss: 0.1, reorder: 0.2, duplicate: 0.1 };
    const pair = connected({ seed, link, initialMessageId: 65_400, initialPacketNumber: 2 ** 32 - 200 });
    const received: InboundMessage[] = [];
    const perMode = 300;
    for (let i = 0; i < perMode; i++) {
      const bytes = i % 10 === 0 ? 3000 : 8;
      for (const delivery of MODES) {
        pair.client.send(numbered(i, bytes), { delivery, channel: i & 1, ...expiry(delivery) }, pair.nowMs);
      }
      pair.run(16);
      received.push(...messagesOf(pair.server));
    }
    pair.run(10_000);
    received.push(...messagesOf(pair.server));
    const all = Array.from({ length: perMode }, (_, i) => i);
    for (const delivery of MODES) {
      const ofMode = received.filter((m) => m.delivery === delivery);
      for (const m of ofMode) expect(hex(m.payload)).toBe(hex(numbered(indexOf(m), m.payload.length)));
      const indices = ofMode.map(indexOf);
      expect(new Set(indices).size, `${delivery}: twice`).toBe(indices.length);
      if (delivery === "unreliable" || delivery === "sequenced") expect(indices.length).toBeGreaterThan(50);
      else
        expect(
          [...indices].sort((a, b) => a - b),
          delivery,
        ).toEqual(all);
      if (delivery !== "ordered" && delivery !== "sequenced") continue;
      for (const channel of [0, 1]) {
        const inOrder = ofMode.filter((m) => m.channel === channel).map(indexOf);
        expect(inOrder, `${delivery} channel ${channel}`).toEqual([...inOrder].sort((a, b) => a - b));
      }
    }
    expect(pair.server.state).toBe("connected");
  });

  it.each(["bestEffort", "ordered"] as const)(
    "T42b 70,000 %s messages, once around the circle: none lost, none twice, none late",
    async (delivery) => {
      const pair = connected({ link: { latencyMs: 1 } });
      let last: SendReceipt | undefined;
      let next = 0;
      for (let i = 0; i < 70; i++) {
        for (let k = 0; k < 1000; k++) last = pair.client.send(numbered(i * 1000 + k), { delivery }, pair.nowMs);
        pair.run(5);
        next = expectNext(pair, next);
      }
      pair.run(100);
      next = expectNext(pair, next);
      expect(next).toBe(70_000);
      expect(await last?.outcome).toBe("acked");
    },
  );

  it.each([
    ["reliable", Reliable],
    ["ordered", Ordered],
  ])("T42c a %s ID at the edge of the window is taken, one beyond it ends the connection", (_name, delivery) => {
    const peer = new HostilePeer({ initialMessageId: 65_000 });
    peer.send(message(delivery, 0, (65_000 + 1023) & 0xffff, EMPTY));
    expect(peer.victim.state).toBe("connected");
    peer.send(message(delivery, 0, (65_000 + 1024) & 0xffff, EMPTY));
    expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", text: "id-beyond-window" });
    peer.end();
  });

  it("T42d pieces of a bestEffort ID of the last turn of the circle never mix with those of this one", () => {
    const peer = new HostilePeer();
    const old = pattern(1, 300);
    const fresh = pattern(2, 300);
    peer.send(pieceOf(BestEffort, 0, 0, old, 0, 150));
    for (let id = 0; id < 65_536; id += 512) peer.send(message(BestEffort, 0, id | 511, EMPTY));
    expect(peer.stats.reassembliesActive).toBe(0);
    messagesOf(peer.victim);
    peer.send(pieceOf(BestEffort, 0, 0, fresh, 150, 300));
    expect(messagesOf(peer.victim)).toEqual([]);
    peer.send(pieceOf(BestEffort, 0, 0, fresh, 0, 150));
    expect(messagesOf(peer.victim).map(({ payload }) => payload)).toEqual([fresh]);
    peer.end();
  });
});

/**
 * An attacker on the path without keys holds one packet back while the sender, who sends its messages again, uses up
 * most of the circle of 65536 IDs: 238 tiny messages fit a packet, so that this takes no more than some 300 packets of
 * the 1024 that the replay window lets be late. Then the packet arrives.
 */
async function holdBack(delivery: "bestEffort" | "reliable" | "ordered", ids: number): Promise<void> {
  const trace = new TraceRecorder();
  const pair = connected({ serverTrace: trace.sink });
  let held: Uint8Array | undefined;
  pair.interceptor = (datagram, to) => {
    if (to === "client" || held !== undefined || datagram.length < 1000) return datagram;
    held = datagram.slice();
    return undefined;
  };
  const count = ids + 2000;
  const received: number[] = [];
  const receipts: SendReceipt[] = [];
  const send = (upTo: number): void => {
    while (receipts.length < upTo) {
      const limit = Math.min(receipts.length + 900, upTo);
      while (receipts.length < limit) {
        const options = { delivery, ...expiry(delivery) };
        receipts.push(pair.client.send(numbered(receipts.length), options, pair.nowMs));
      }
      // Long enough for the packet that is missing to be noticed and its messages to be sent again.
      pair.run(receipts.length < 5000 ? 100 : 12);
      received.push(...messagesOf(pair.server).map(indexOf));
    }
  };
  send(ids);
  expect(held).toBeDefined();
  expect(received).toHaveLength(ids);
  const drops = trace.of("packet-dropped").length;
  pair.inject(held as Uint8Array, "server", pair.clientAddress);
  pair.run(0);
  // The attack is real: the packet is authentic, late, and not too late for the replay window.
  expect(trace.of("packet-dropped")).toHaveLength(drops);
  expect(messagesOf(pair.server)).toEqual([]);
  expect(pair.server.state).toBe("connected");
  send(count);
  pair.run(500);
  received.push(...messagesOf(pair.server).map(indexOf));
  expect(received.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  for (const receipt of receipts.slice(-3000)) expect(await receipt.outcome).toBe("acked");
}

function expiry(delivery: Delivery): { expiresInMs?: number } {
  return delivery === "bestEffort" ? { expiresInMs: 30_000 } : {};
}

describe("T42 a packet held back on the path until its IDs come again", () => {
  it.each(["reliable", "ordered", "bestEffort"] as const)(
    "T42e %s: nothing is delivered twice, nothing is lost, nobody is disconnected",
    async (delivery) => {
      // From half a circle on old IDs look far ahead; after a whole one they lie in the window again.
      if (delivery !== "ordered") await holdBack(delivery, 33_500);
      if (delivery !== "bestEffort") await holdBack(delivery, 65_536);
    },
  );
});

describe("T42 bestEffort after a long outage", () => {
  /** Sends `count` messages while nothing arrives, in batches, each after the one before has expired. */
  function sendInVain(pair: ConnectionPair, count: number): void {
    for (let sent = 0; sent < count; sent += 1000) {
      for (let i = 0; i < 1000; i++) pair.client.send(EMPTY, { delivery: "bestEffort", expiresInMs: 10 }, pair.nowMs);
      pair.run(100);
    }
  }

  it.each([31_000, 40_000])("T42f of %i messages: the channel works as soon as it is over", (count) => {
    const long = { idleTimeoutMs: 600_000 };
    const pair = connected({ clientParameters: long, serverParameters: long });
    pair.client.send(numbered(1), { delivery: "bestEffort" }, pair.nowMs);
    pair.run(100);
    expect(messagesOf(pair.server)).toHaveLength(1);
    pair.interceptor = () => undefined;
    sendInVain(pair, count);
    pair.interceptor = undefined;
    pair.run(3000);
    messagesOf(pair.server);
    const words: number[] = [];
    for (let i = 0; i < 50; i++) {
      pair.client.send(numbered(i), { delivery: "bestEffort" }, pair.nowMs);
      pair.run(50);
      words.push(...messagesOf(pair.server).map(indexOf));
    }
    expect(words).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("T42g the late acknowledgement of an old message does not make the sender leap beyond half of the circle", () => {
    const long = { idleTimeoutMs: 600_000 };
    const pair = connected({ clientParameters: long, serverParameters: long });
    pair.client.send(numbered(0), { delivery: "bestEffort", expiresInMs: 10 }, pair.nowMs);
    const acks: Uint8Array[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "client") acks.push(datagram.slice());
      return to === "client" ? undefined : datagram;
    };
    pair.run(100);
    expect(messagesOf(pair.server)).toHaveLength(1);
    pair.interceptor = () => undefined;
    sendInVain(pair, 25_000);
    for (const datagram of acks) pair.inject(datagram, "client", pair.serverAddress);
    pair.run(10);
    sendInVain(pair, 25_000);
    pair.interceptor = undefined;
    pair.run(3000);
    messagesOf(pair.server);
    const words: number[] = [];
    for (let i = 0; i < 50; i++) {
      pair.client.send(numbered(i), { delivery: "bestEffort" }, pair.nowMs);
      pair.run(50);
      words.push(...messagesOf(pair.server).map(indexOf));
    }
    expect(words).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("T42h messages that expire before any acknowledgement can come do not use the channel up", () => {
    const pair = connected({ link: { latencyMs: 60 } });
    let received = 0;
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 1000; k++) pair.client.send(EMPTY, { delivery: "bestEffort", expiresInMs: 20 }, pair.nowMs);
      pair.run(50);
      received += messagesOf(pair.server).length;
    }
    pair.run(200);
    expect(received + messagesOf(pair.server).length).toBe(40_000);
  });

  it.each([9001, 31_744, 31_000])("T42i to ID %i: the packet that was sent just before may come right behind", (id) => {
    const peer = new HostilePeer();
    peer.send(message(BestEffort, 0, 0, numbered(0)));
    const next = peer.next;
    peer.next = next + 1;
    peer.send(message(BestEffort, 0, id, numbered(id)));
    peer.next = next;
    peer.send(message(BestEffort, 0, id - 1, numbered(id - 1)));
    expect(messagesOf(peer.victim).map(indexOf)).toEqual([0, id, id - 1]);
    peer.next = next + 2;
    peer.end();
  });

  it('T42j of all IDs: none is "acked" that was dropped because one before it, given up, had its ID', async () => {
    const long = { idleTimeoutMs: 600_000 };
    const pair = connected({ clientParameters: long, serverParameters: long, link: { latencyMs: 60 } });
    pair.client.send(numbered(0), { delivery: "bestEffort" }, pair.nowMs);
    pair.run(500);
    pair.interceptor = () => undefined;
    sendInVain(pair, 40_000);
    pair.interceptor = undefined;
    pair.run(3000);
    messagesOf(pair.server);
    const send = (index: number, expiresInMs: number): SendReceipt =>
      pair.client.send(numbered(index), { delivery: "bestEffort", expiresInMs }, pair.nowMs);
    // Given up while it is on its way, where it arrives.
    const first = send(1, 40);
    pair.run(50);
    const second = send(2, 5000);
    pair.run(500);
    const third = send(3, 5000);
    pair.run(5000);
    const words = messagesOf(pair.server).map(indexOf);
    expect(words).toEqual([1, 3]);
    expect([await first.outcome, await second.outcome, await third.outcome]).toEqual(["expired", "dropped", "acked"]);
  });
});
