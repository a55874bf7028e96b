import { DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BudgetShare } from "../src/budget-share.js";
import { ByteBudget } from "../src/byte-budget.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint, payload } from "./support/pair.js";

const { BestEffort, Reliable, Ordered } = DeliveryCode;
const KIB = 1024;

/** A holder that notes what becomes of it. */
class Holder {
  waitingSinceMs = Infinity;
  lossyBytes = 0;
  isRevoked = false;
  readonly share: BudgetShare;

  constructor(budget: ByteBudget | undefined) {
    this.share = new BudgetShare(budget, this);
  }

  hold(bytes: number, sinceMs: number = Infinity): this {
    expect(this.share.tryCharge(bytes)).toBe(true);
    this.waitingSinceMs = sinceMs;
    return this;
  }

  dropLossy(): void {
    this.share.release(this.lossyBytes);
    this.lossyBytes = 0;
  }

  revoke(): void {
    this.isRevoked = true;
    this.share.release(this.share.used);
    this.waitingSinceMs = Infinity;
  }
}

describe("BudgetShare", () => {
  it("without a budget, and below its limit, disturbs nobody", () => {
    expect(new Holder(undefined).hold(1e9).share.makeRoom(1e12, 0)).toBe(true);
    const budget = new ByteBudget(1000);
    const old = new Holder(budget).hold(900, 0);
    const other = new Holder(budget);
    expect(other.share.makeRoom(100, 1e9)).toBe(true);
    expect([old.isRevoked, other.share.used]).toEqual([false, 0]);
    expect(other.share.tryCharge(101)).toBe(false);
    expect(other.hold(100).share.used).toBe(100);
    other.share.release(100);
    expect([budget.used, budget.holders.size]).toEqual([900, 1]);
  });

  it("takes from those above their share: what may be lost, then what waited longest, if longer than 30 s", () => {
    const budget = new ByteBudget(1000);
    const a = new Holder(budget).hold(400, 5000);
    const b = new Holder(budget).hold(390, 4000);
    const small = new Holder(budget).hold(200, 0);
    const asker = new Holder(budget);
    a.lossyBytes = 20;
    expect(asker.share.makeRoom(30, 0)).toBe(true);
    expect([a.share.used, a.isRevoked]).toEqual([380, false]);
    asker.hold(30);
    // A quarter is 250: `small` is below it and safe for ever.
    expect(asker.share.makeRoom(20, 33_999)).toBe(false);
    expect(asker.share.makeRoom(20, 34_000)).toBe(true);
    expect([a.isRevoked, b.isRevoked, small.isRevoked]).toEqual([false, true, false]);
    expect(budget.used).toBe(610);
  });

  it("gives nothing to those who are above their share themselves", () => {
    const budget = new ByteBudget(1000);
    const a = new Holder(budget).hold(400, 0);
    const asker = new Holder(budget).hold(490, 0);
    expect(asker.share.makeRoom(111, 1e6)).toBe(false);
    expect(a.isRevoked).toBe(false);
  });

  it("property: whoever asks for less than its part gets it once the others have had their 30 s", () => {
    const holders = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(holders, fc.integer({ min: 1, max: 100 }), (sizes, wanted) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const budget = new ByteBudget(total);
        const others = sizes.map((size, i) => new Holder(budget).hold(size, i));
        const asker = new Holder(budget);
        const fair = total / (sizes.length + 1);
        expect(asker.share.makeRoom(wanted, 40_000)).toBe(wanted <= fair);
        for (const [i, other] of others.entries()) {
          if (other.isRevoked) expect(sizes[i]).toBeGreaterThan(fair);
        }
        expect(budget.used).toBe(others.reduce((sum, { share }) => sum + share.used, 0));
      }),
      { seed: 29, numRuns: 200 },
    );
  });
});

describe("endpoints that share a budget", () => {
  it("T29 a peer that drips loses its memory to one that needs it, and its connection with the next message", () => {
    const reassemblyBudget = new ByteBudget(64 * KIB);
    const hostile = createEndpoint({ reassemblyBudget });
    const honest = createEndpoint({ reassemblyBudget });
    const attacker = new Crafted(hostile);
    const peer = new Crafted(honest);
    const bomb = new Uint8Array(200);
    for (let id = 0; id < 100; id++) attacker.fragment(Reliable, 0, id, bomb, 0, 64);
    expect(hostile.statistics.packetsRefused).toBeGreaterThan(10);
    const message = payload(1, 20_000);
    const send = (): void => {
      for (let at = 0; at < message.length; at += 1000) {
        expect(peer.fragment(Ordered, 0, 0, message, at, at + 1000)).toBeUndefined();
      }
    };
    send();
    expect(honest.pollMessage()).toBeUndefined();
    // The drip goes on for half a minute, and both sides' clocks with it.
    for (let id = 0; id < 30; id++) {
      attacker.nowMs += 1000;
      peer.nowMs += 1000;
      attacker.fragment(Reliable, 0, id, bomb, 128, 192);
      peer.fragment(Ordered, 0, 0, message, 0, 1000);
    }
    send();
    expect(honest.pollMessage()?.payload).toEqual(message);
    expect(hostile.statistics).toMatchObject({ heldBytes: 0, reassembliesActive: 0 });
    expect(reassemblyBudget.used).toBe(0);
    expect(attacker.fragment(Reliable, 0, 0, bomb, 64, 128)).toBe("reassembly-overdue");
    expect(attacker.message(Reliable, 1, 0, bomb)).toBe("reassembly-overdue");
    hostile.close();
    honest.close();
    expect([reassemblyBudget.used, reassemblyBudget.holders.size]).toEqual([0, 0]);
  });

  it("bestEffort pieces are dropped for others at once, and nobody is closed", () => {
    const reassemblyBudget = new ByteBudget(64 * KIB);
    const hostile = createEndpoint({ reassemblyBudget });
    const honest = createEndpoint({ reassemblyBudget });
    const attacker = new Crafted(hostile);
    for (let id = 0; id < 200; id++) attacker.fragment(BestEffort, 0, id, new Uint8Array(200), 0, 64);
    const peer = new Crafted(honest);
    const message = payload(1, 4000);
    for (let at = 0; at < 4000; at += 1000)
      expect(peer.fragment(Reliable, 0, 0, message, at, at + 1000)).toBeUndefined();
    expect(honest.pollMessage()?.payload).toEqual(message);
    expect(hostile.statistics.heldBytes).toBe(0);
    expect(attacker.fragment(BestEffort, 0, 300, new Uint8Array(200), 0, 64)).toBeUndefined();
  });

  it("early ordered messages count as waiting too", () => {
    const reassemblyBudget = new ByteBudget(64 * KIB);
    const hostile = createEndpoint({ reassemblyBudget });
    const honest = createEndpoint({ reassemblyBudget });
    const attacker = new Crafted(hostile);
    for (let id = 1; id < 100; id++) attacker.message(Ordered, 0, id, new Uint8Array(1000));
    const peer = new Crafted(honest);
    peer.nowMs += 31_000;
    peer.message(Reliable, 0, 0, new Uint8Array(1));
    peer.fragment(Reliable, 0, 1, payload(1, 4000), 0, 1000);
    expect(honest.statistics.reassembliesActive).toBe(1);
    expect(attacker.message(Ordered, 0, 0, new Uint8Array(1))).toBe("reassembly-overdue");
  });
});
