import { DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";
import { type FramePart, PacketPeer, part, whole } from "./support/packet-peer.js";
import { createEndpoint, payload } from "./support/pair.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const KIB = 1024;
const EMPTY = new Uint8Array(0);

describe("early ordered messages and the budget", () => {
  it.each<[string, (id: number) => FramePart[]]>([
    ["duplicates on another channel", (id) => Array.from({ length: id }, () => whole(Ordered, 0, 65_535, EMPTY))],
    [
      "new ones on other channels",
      (id) => Array.from({ length: id }, (_, i) => whole(Ordered, 250 + (i % 5), i, EMPTY)),
    ],
    ["duplicates on the same channel", (id) => Array.from({ length: id }, () => whole(Ordered, 9, 65_535, EMPTY))],
  ])("T25 %s in front of them do not hide that they are early", (_what, front) => {
    const budget = new ByteBudget(64 * KIB);
    const endpoint = createEndpoint({ reassemblyBudget: budget });
    const peer = new PacketPeer(endpoint);
    let refused = 0;
    const body = new Uint8Array(1000);
    for (let channel = 1; channel < 100; channel++) {
      for (let id = 1; id <= 20; id++) {
        const verdict = peer.send(...front(id), whole(Ordered, channel, id, body));
        if (verdict === "refused") refused += 1;
        else expect(verdict).toBeUndefined();
      }
    }
    expect(refused).toBeGreaterThan(1800);
    expect(endpoint.statistics.heldBytes).toBeLessThanOrEqual(64 * KIB);
    expect(endpoint.statistics.heldBytes).toBe(budget.used);
  });

  it("a packet that lets more go than it brings is taken when the budget is full", () => {
    const budget = new ByteBudget(20 * KIB);
    const endpoint = createEndpoint({ reassemblyBudget: budget });
    const peer = new PacketPeer(endpoint);
    const body = payload(1, 400);
    let id = 1;
    while (peer.send(whole(Ordered, 0, id, body)) === undefined) id += 1;
    expect(id).toBe(1 + Math.floor((20 * KIB) / 784));
    // Its like comes early on another channel, and after what everybody waits for.
    expect(peer.send(whole(Ordered, 1, 1, body))).toBe("refused");
    expect(
      peer.send(whole(Ordered, 0, 0, body), whole(Ordered, 0, id, body), whole(Ordered, 1, 1, body)),
    ).toBeUndefined();
    expect(endpoint.statistics.messagesReceived[Ordered]).toBe(id + 1);
    expect(budget.used).toBe(784);
  });

  it("a row of them needs no memory, in one packet or in several", () => {
    const budget = new ByteBudget(100);
    const endpoint = createEndpoint({ reassemblyBudget: budget });
    const peer = new PacketPeer(endpoint);
    const parts = Array.from({ length: 40 }, (_, i) => whole(Ordered, i % 4, i >> 2, payload(i, 20)));
    expect(peer.send(...parts)).toBeUndefined();
    expect(endpoint.statistics.messagesReceived[Ordered]).toBe(40);
    expect(peer.send(whole(Ordered, 0, 11, EMPTY))).toBe("refused");
  });
});

describe("pieces and a full budget", () => {
  /** An endpoint that holds two of three pieces, in a budget of which `freeBytes` are left. */
  function almost(freeBytes: number, delivery: DeliveryCode = Reliable): [PacketPeer, ByteBudget, Uint8Array] {
    const budget = new ByteBudget(1e6);
    const endpoint = createEndpoint({ reassemblyBudget: budget });
    const peer = new PacketPeer(endpoint);
    const message = payload(1, 3000);
    for (const at of [0, 1000]) expect(peer.send(part(delivery, 0, 0, message, at, at + 1000))).toBeUndefined();
    budget.tryCharge(budget.limit - budget.used - freeBytes);
    return [peer, budget, message];
  }

  it.each([BestEffort, Reliable, Ordered])(
    "delivery %d: one held already, or that completes its message, is taken",
    (mode) => {
      const [peer, budget, message] = almost(0, mode);
      expect(peer.send(part(mode, 0, 0, message, 0, 600), part(mode, 0, 0, message, 1300, 2000))).toBeUndefined();
      expect(peer.send(part(mode, 1, 0, message, 0, 1000))).toBe("refused");
      expect(peer.send(part(mode, 0, 0, message, 2000, 2900))).toBe("refused");
      expect(peer.send(part(mode, 0, 0, message, 1900, 3000))).toBeUndefined();
      expect(budget.limit - budget.used).toBeGreaterThan(3000);
      // Known by its ID.
      budget.tryCharge(budget.limit - budget.used);
      expect(
        peer.send(part(mode, 0, 0, message, 0, 1000), whole(mode, 0, 0, message.subarray(0, 300))),
      ).toBeUndefined();
    },
  );

  it("what completes one makes room for what else its packet brings, once", () => {
    const [peer, budget, message] = almost(0);
    const last = part(Reliable, 0, 0, message, 2900, 3000);
    expect(peer.send(part(Reliable, 0, 0, message, 2000, 2900))).toBe("refused");
    expect(peer.send(part(Reliable, 1, 0, message, 0, 800), part(Reliable, 0, 0, message, 2000, 2300))).toBe("refused");
    const [rest, other] = [part(Reliable, 0, 0, message, 1900, 3000), part(Reliable, 1, 0, message, 0, 64)];
    expect(peer.send(rest, other, last)).toBeUndefined();
    expect(budget.used).toBeLessThanOrEqual(budget.limit);
  });

  it("T25 unreliable pieces in front of reliable ones never end the connection: they have what is left", () => {
    const verdicts = new Set<unknown>();
    const tail = payload(2, 2000);
    for (let freeBytes = 0; freeBytes < 8000; freeBytes += 50) {
      for (const delivery of [Unreliable, Sequenced]) {
        const [peer, budget, message] = almost(freeBytes);
        const lossy = part(delivery, 1, 7, tail, 1800, 2000);
        const verdict = peer.send(lossy, part(Reliable, 0, 0, message, 2000, 2900), lossy);
        verdicts.add(verdict);
        expect(budget.used).toBeLessThanOrEqual(budget.limit);
      }
    }
    expect([...verdicts]).toEqual(["refused", undefined]);
  });

  it("a bestEffort piece in a packet that was taken is held, whatever unreliable ones want", () => {
    for (let freeBytes = 3000; freeBytes < 8000; freeBytes += 50) {
      const [peer, , message] = almost(freeBytes, BestEffort);
      const lossy = part(Unreliable, 1, 7, payload(2, 2000), 0, 300);
      if (peer.send(lossy, part(BestEffort, 0, 0, message, 2000, 2500), lossy) === "refused") continue;
      expect(peer.send(part(BestEffort, 0, 0, message, 2500, 3000))).toBeUndefined();
    }
  });

  it("property: whatever packets bring, the budget is never exceeded, and all that is held is charged", () => {
    const id = fc.integer({ min: 0, max: 6 });
    const frame = fc.record({
      delivery: fc.constantFrom(Unreliable, Sequenced, BestEffort, BestEffort, Reliable, Reliable, Ordered, Ordered),
      channel: fc.integer({ min: 0, max: 1 }),
      id,
      isWhole: fc.boolean(),
      total: fc.constantFrom(130, 300, 300, 300, 2000, 9000),
      from: fc.integer({ min: 0, max: 40 }),
      units: fc.integer({ min: 1, max: 3 }),
    });
    const packet = fc.record({
      peer: fc.integer({ min: 0, max: 1 }),
      frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 16_000 }), fc.array(packet, { maxLength: 80 }), (limit, packets) => {
        const budget = new ByteBudget(limit);
        const create = (): { endpoint: ReturnType<typeof createEndpoint>; peer: PacketPeer } => {
          const endpoint = createEndpoint({ reassemblyBudget: budget });
          return { endpoint, peer: new PacketPeer(endpoint) };
        };
        const sides = [create(), create()];
        for (const { peer: index, frames } of packets) {
          const parts = frames.map((f) => {
            const from = Math.min(f.from * 64, f.total - 64);
            const to = Math.min(from + f.units * 64, f.total);
            const body = payload(f.id, f.isWhole ? f.units * 30 : f.total);
            return f.isWhole || (from === 0 && to === f.total)
              ? whole(f.delivery, f.channel, f.id, body.subarray(0, 180))
              : part(f.delivery, f.channel, f.id, body, from, to);
          });
          const side = sides[index] as (typeof sides)[0];
          const verdict = side.peer.send(...parts);
          if (verdict !== undefined && verdict !== "refused") {
            side.endpoint.close();
            sides[index] = create();
          }
          const held = sides.reduce((sum, { endpoint }) => sum + endpoint.statistics.heldBytes, 0);
          expect(held).toBe(budget.used);
          expect(budget.used).toBeLessThanOrEqual(limit);
        }
        for (const { endpoint } of sides) endpoint.close();
        expect([budget.used, budget.holders.size, budget.queue.size]).toEqual([0, 0, 0]);
      }),
      { seed: 5, numRuns: 400 },
    );
  });
});

describe("waiting for a missing part", () => {
  it("T29 gaps that are filled soon do not add up, however they overlap", () => {
    const budget = new ByteBudget(64 * KIB);
    const endpoints = Array.from({ length: 3 }, () => createEndpoint({ reassemblyBudget: budget }));
    const [honest, filler, other] = endpoints.map((endpoint) => new PacketPeer(endpoint)) as [
      PacketPeer,
      PacketPeer,
      PacketPeer,
    ];
    const body = new Uint8Array(500);
    const rounds = 320;
    for (let round = 0; round < rounds; round++) {
      honest.nowMs = 1000 + round * 100;
      // On one channel a gap opens, on the other the one of the round before is filled.
      const first = (round >> 1) * 36;
      for (let i = 1; i <= 35; i++)
        expect(honest.send(whole(Ordered, round & 1, (first + i) & 0xffff, body))).toBeUndefined();
      const missing = ((round - 1) >> 1) * 36;
      if (round > 0) expect(honest.send(whole(Ordered, (round + 1) & 1, missing & 0xffff, body))).toBeUndefined();
      while (endpoints[0]?.pollMessage() !== undefined);
    }
    expect(endpoints[0]?.statistics.heldBytes).toBe(35 * 884);
    filler.nowMs = honest.nowMs;
    other.nowMs = honest.nowMs;
    const message = payload(1, 40_000);
    for (let at = 0; at < 17_000; at += 1000) filler.send(part(Reliable, 0, 0, message, at, at + 1000));
    // Another needs its share: nobody has waited long enough to have to give.
    let refused = 0;
    for (let at = 0; at < 15_000; at += 1000) {
      if (other.send(part(Reliable, 0, 0, message.subarray(0, 15_000), at, at + 1000)) === "refused") refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
    expect(honest.send(whole(Ordered, 1, (((rounds - 1) >> 1) * 36) & 0xffff, body))).toBeUndefined();
    expect(honest.send(whole(Reliable, 9, 0, body))).toBeUndefined();
  });

  it("T29 a gap that stays does, whatever is filled meanwhile", () => {
    const budget = new ByteBudget(32 * KIB);
    const hostile = new PacketPeer(createEndpoint({ reassemblyBudget: budget }));
    const other = new PacketPeer(createEndpoint({ reassemblyBudget: budget }));
    const body = new Uint8Array(500);
    for (let id = 1; id < 48; id++) hostile.send(whole(Ordered, 0, id + 1, body));
    for (let ms = 0; ms <= 30_000; ms += 1000) {
      hostile.nowMs = 1000 + ms;
      // One is let go and another comes, for ever; the gap in front of the rest is never filled.
      expect(hostile.send(whole(Ordered, 1, (ms / 1000) * 2 + 1, EMPTY))).not.toBe("reassembly-overdue");
      expect(hostile.send(whole(Ordered, 1, (ms / 1000) * 2, EMPTY))).toBeUndefined();
    }
    other.nowMs = hostile.nowMs;
    const message = payload(1, 10_000);
    for (let at = 0; at < 10_000; at += 1000) {
      expect(other.send(part(Reliable, 0, 0, message, at, at + 1000))).toBeUndefined();
    }
    expect(hostile.send(whole(Ordered, 0, 0, body))).toBe("reassembly-overdue");
  });
});
