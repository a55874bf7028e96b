import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { BudgetShare } from "../src/budget-share.js";
import { ByteBudget } from "../src/byte-budget.js";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { PacketPeer, part, whole } from "./support/packet-peer.js";
import { createEndpoint, Pair, payload } from "./support/pair.js";

const { BestEffort, Reliable, Ordered } = DeliveryCode;
const KIB = 1024;

/** A holder whose data waits since the times in `begun`. */
class Holder {
  begun: number[] = [];
  isRevoked = false;
  looks = 0;
  readonly share: BudgetShare;

  constructor(budget: ByteBudget, bytes: number, ...begun: number[]) {
    this.share = new BudgetShare(budget, this);
    this.share.charge(bytes);
    this.begun = begun;
  }

  get waitingSinceMs(): number {
    this.looks += 1;
    return Math.min(...this.begun);
  }

  /** A packet that finds no room: whether it may go beyond the budget. */
  ask(nowMs: number, finishes = false): boolean {
    return !this.share.hasRoom(1) && this.share.takeTurn(nowMs, finishes);
  }

  dropLossy(): void {
    this.looks += 1;
  }

  revoke(): void {
    this.isRevoked = true;
    this.share.release(this.share.used);
    this.share.leave();
    this.begun = [];
  }
}

describe("turns beyond a budget", () => {
  it("begin a second after the refusal, in that order, and end when what was begun by then is complete", () => {
    const budget = new ByteBudget(900);
    const [a, b, c] = [300, 300, 300].map((bytes, i) => new Holder(budget, bytes, i)) as [Holder, Holder, Holder];
    expect([b.ask(100), a.ask(200), c.ask(300)]).toEqual([false, false, false]);
    expect([a.ask(1099), b.ask(1099), b.ask(1100), a.ask(1100)]).toEqual([false, false, true, false]);
    // Whatever it brings during its turn, old and new.
    expect([b.ask(1200, true), b.ask(1300, false), a.ask(1300)]).toEqual([true, true, false]);
    b.begun = [1100, 1300];
    expect([b.ask(1400), a.ask(1400)]).toEqual([true, false]);
    b.begun = [1300];
    expect([a.ask(1500), b.ask(1500), c.ask(1500)]).toEqual([true, false, false]);
    a.begun = [];
    expect([c.ask(1600), b.ask(1600), a.ask(1600)]).toEqual([true, false, false]);
    // Its own next turn comes after those of the others.
    c.begun = [1700];
    expect([c.ask(1700), b.ask(2499), b.ask(2500)]).toEqual([false, false, true]);
    b.begun = [];
    for (const { share } of [a, b, c]) share.leave();
    expect(budget.queue.size).toBe(0);
  });

  it("follow each other at once when nobody else waits", () => {
    const budget = new ByteBudget(100);
    const alone = new Holder(budget, 100, 0);
    expect([alone.ask(0), alone.ask(1000)]).toEqual([false, true]);
    alone.begun = [1500];
    for (let at = 2000; at < 60_000; at += 2000) expect(alone.ask(at)).toBe(true);
    expect(alone.isRevoked).toBe(false);
  });

  it("are begun anew by who has not asked for long: neither a place nor a turn is kept for another time", () => {
    const budget = new ByteBudget(100);
    const [queued, late] = [50, 50].map((bytes) => new Holder(budget, bytes, 0)) as [Holder, Holder];
    expect(queued.ask(0)).toBe(false);
    expect([queued.ask(3_600_000), queued.ask(3_600_999), queued.ask(3_601_000)]).toEqual([false, false, true]);
    // Of its turn, which it never finished, nothing is left an hour later: others were not held up by it, nor it ended.
    queued.share.charge(100);
    expect([queued.ask(7_200_000), late.ask(7_200_100), late.ask(7_201_100)]).toEqual([false, false, false]);
    expect([queued, late].some((holder) => holder.isRevoked)).toBe(false);
  });

  it("are given up by who has not asked for 5 s, and pass on after 10 s", () => {
    const budget = new ByteBudget(1000);
    const [gone, silent, slow, last] = [0, 0, 0, 0].map(() => new Holder(budget, 250, 0)) as [
      Holder,
      Holder,
      Holder,
      Holder,
    ];
    for (const holder of [gone, silent, slow, last]) expect(holder.ask(0)).toBe(false);
    expect([silent.ask(4999), silent.ask(5000)]).toEqual([false, true]);
    // `slow` and `last` are still there: they asked.
    for (let at = 1000; at < 10_000; at += 1000) expect([slow.ask(at), last.ask(at)]).toEqual([false, false]);
    expect([slow.ask(10_000), last.ask(10_000)]).toEqual([true, false]);
    for (let at = 10_500; at < 20_000; at += 500) expect([slow.ask(at), last.ask(at)]).toEqual([true, false]);
    expect([last.ask(20_000), slow.ask(20_000)]).toEqual([true, false]);
    expect([gone, silent, slow, last].some((holder) => holder.isRevoked)).toBe(false);
  });

  it("do not begin more than an eighth beyond: what came meanwhile goes first, or all after 30 s", () => {
    const budget = new ByteBudget(800);
    const [first, next] = [400, 400].map((bytes) => new Holder(budget, bytes, 0)) as [Holder, Holder];
    for (const holder of [first, next]) holder.ask(0);
    expect(first.ask(1000)).toBe(true);
    first.share.charge(101);
    first.begun = [1500];
    // Its turn is over, and goes on for what has come since: nothing else.
    expect([next.ask(2000), first.ask(2100, false), first.ask(2200, true)]).toEqual([false, false, true]);
    first.share.release(1);
    first.begun = [2300];
    expect([next.ask(3000), next.ask(3100)]).toEqual([true, true]);
    next.share.charge(300);
    for (let at = 4000; at < 13_000; at += 1000) expect([first.ask(at), next.ask(at)]).toEqual([false, true]);
    // Ten seconds are over, not for what its messages lack.
    for (let at = 13_000; at < 33_000; at += 1000) {
      expect([first.ask(at), next.ask(at), next.ask(at, true)]).toEqual([false, false, true]);
    }
    expect([first.ask(33_000), next.isRevoked, first.isRevoked]).toEqual([true, true, false]);
    expect([budget.used, budget.queue.size]).toEqual([500, 1]);
  });

  it("are not cut short by others that are below their share, but for data that had one before", () => {
    const budget = new ByteBudget(1000);
    const holder = new Holder(budget, 900, 0);
    new Holder(budget, 100, 0);
    holder.ask(39_000);
    expect(holder.ask(40_000)).toBe(true);
    const asker = new BudgetShare(budget, new Holder(budget, 0));
    expect([asker.makeRoom(10, 41_000), asker.makeRoom(10, 49_999), holder.isRevoked]).toEqual([false, false, false]);
    holder.share.leave();
    holder.ask(50_100);
    expect(holder.ask(51_100)).toBe(true);
    expect([asker.makeRoom(10, 51_200), holder.isRevoked]).toEqual([true, true]);
  });

  it("holders are looked through a few times a second, however many packets find no room", () => {
    const budget = new ByteBudget(1000);
    const holders = Array.from({ length: 10 }, (_, i) => new Holder(budget, i === 0 ? 550 : 50, 0));
    const asker = new BudgetShare(budget, new Holder(budget, 0));
    for (let i = 0; i < 10_000; i++) expect(asker.makeRoom(10, i / 10)).toBe(false);
    expect(holders.reduce((sum, { looks }) => sum + looks, 0)).toBeLessThan(40);
    expect(asker.makeRoom(10, 30_000)).toBe(true);
    expect(holders[0]?.isRevoked).toBe(true);
  });
});

describe("uploads that together exceed the budget", () => {
  it.each([2, 5, 20])("%d at once: all arrive, and nobody is ended", (peers) => {
    const size = 40_000;
    const budget = new ByteBudget(32 * KIB * peers);
    const sides = Array.from({ length: peers }, (_, i) => {
      const endpoint = createEndpoint({ reassemblyBudget: budget });
      return { endpoint, peer: new PacketPeer(endpoint), message: payload(i, size), arrived: new Set<number>() };
    });
    const verdicts = new Set<unknown>();
    let most = 0;
    for (let ms = 0; ms < 30_000; ms += 500) {
      for (let at = 0; at < size; at += 1000) {
        for (const { peer, message, arrived } of sides) {
          if (arrived.has(at)) continue;
          peer.nowMs = 1000 + ms;
          const verdict = peer.send(part(Reliable, 0, 0, message, at, at + 1000));
          verdicts.add(verdict);
          if (verdict === undefined) arrived.add(at);
          most = Math.max(most, budget.used);
        }
      }
    }
    expect([...verdicts].sort()).toEqual(["refused", undefined]);
    // Compared by vitest, so much takes seconds.
    const isWhole = sides.map(({ endpoint, message }) => Buffer.from(message).equals(endpoint.pollMessage()!.payload));
    expect(isWhole).toEqual(sides.map(() => true));
    expect(budget.used).toBe(0);
    expect(most).toBeLessThan(budget.limit + size);
  });

  it.each(["reliable", "ordered"] as const)("for ever, by senders that resend (%s): all go on in turn", (delivery) => {
    const window = 256 * KIB;
    const limit = 150 * KIB;
    const budget = new ByteBudget(limit);
    const caps = { maxMessageBytes: window, receiveWindowBytes: window };
    const options = { ...caps, peerMaxMessageBytes: window, peerReceiveWindowBytes: window };
    const pairs = Array.from({ length: 5 }, (_, i) => {
      const a = { ...options, congestion: new AdaptiveRate() };
      const b = { ...options, reassemblyBudget: budget };
      return new Pair({ loss: 0.01, latencyMs: 20 + i, jitterMs: 3 }, { seed: i + 1, a, b });
    });
    let sent = 0;
    let most = 0;
    for (let ms = 0; ms < 40_000; ms += 5) {
      for (const { a, nowMs } of pairs) {
        if (a.endpoint.statistics.queuedMessages >= 4) continue;
        expect(a.endpoint.send(payload(sent, 60_000), { delivery, channel: sent++ % 2 }, nowMs).accepted).toBe(true);
      }
      for (const pair of pairs) pair.runFor(5);
      most = Math.max(most, budget.used);
      if (ms % 1000 === 0) {
        expect(pairs.reduce((sum, { b }) => sum + b.endpoint.statistics.heldBytes, 0)).toBe(budget.used);
      }
    }
    for (const { b } of pairs) {
      expect(b.violation).toBeUndefined();
      const times = [1000, ...b.receivedAtMs, 41_000];
      expect(Math.max(...times.slice(1).map((at, i) => at - (times[i] as number)))).toBeLessThan(20_000);
    }
    expect(pairs.some(({ b }) => b.endpoint.statistics.packetsRefused > 100)).toBe(true);
    expect(most).toBeLessThan(limit * 1.125 + window * 1.1);
  });

  it("early ordered messages have their turn as well, and are charged when they go beyond", () => {
    const budget = new ByteBudget(16 * KIB);
    const endpoint = createEndpoint({ reassemblyBudget: budget });
    const peer = new PacketPeer(endpoint);
    const body = payload(1, 500);
    let id = 1;
    while (peer.send(whole(Ordered, 0, id, body)) === undefined) id += 1;
    peer.nowMs += 1000;
    for (let i = 0; i < 50; i++) expect(peer.send(whole(Ordered, 0, id + i, body))).toBeUndefined();
    expect(budget.used).toBe((id + 49) * 884);
    expect(endpoint.statistics.heldBytes).toBe(budget.used);
    expect(peer.send(whole(Ordered, 0, 0, body))).toBeUndefined();
    expect([budget.used, endpoint.statistics.messagesReceived[Ordered]]).toEqual([0, id + 50]);
  });

  it("what may be given up has no turn", () => {
    const budget = new ByteBudget(16 * KIB);
    const peer = new PacketPeer(createEndpoint({ reassemblyBudget: budget }));
    const message = payload(1, 40_000);
    for (let at = 0; at < 40_000; at += 1000) peer.send(part(BestEffort, 0, 0, message, at, at + 1000));
    for (let round = 0; round < 10; round++) {
      peer.nowMs += 1000;
      expect(peer.send(part(BestEffort, 0, 0, message, 38_000, 39_000))).toBe("refused");
    }
    expect(budget.queue.size).toBe(0);
  });
});
