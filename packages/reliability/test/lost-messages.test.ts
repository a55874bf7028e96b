import { DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlowWindow } from "../src/flow-window.js";
import { LostMessages } from "../src/lost-messages.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { PacketScheduler } from "../src/packet-scheduler.js";

function messageOf(order: number): OutgoingMessage {
  const message = new OutgoingMessage(new Uint8Array(10), DeliveryCode.Reliable, 0, 4, Infinity, order);
  message.lost = true;
  return message;
}

/** Counts how often the place in the order of sends is read: twice for each comparison. */
class Counted extends OutgoingMessage {
  static reads = 0;

  constructor(order: number) {
    super(new Uint8Array(10), DeliveryCode.Reliable, 0, 4, Infinity, order);
    this.lost = true;
    Object.defineProperty(this, "order", {
      get: () => {
        Counted.reads += 1;
        return order;
      },
    });
  }
}

describe("LostMessages", () => {
  it("gives the oldest that has lost something still, whatever comes, is taken out, arrives and finishes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(99)), { maxLength: 300 }), (steps) => {
        const lost = new LostMessages();
        const made = Array.from({ length: 100 }, (_, order) => messageOf(order));
        let model: OutgoingMessage[] = [];
        for (const [step, at] of steps) {
          const one = made[at] as OutgoingMessage;
          if (step < 6) {
            if (one.inLostQueue || one.finished) continue;
            one.lost = true;
            lost.push(one);
            model.push(one);
            model.sort((a, b) => a.order - b.order);
          } else if (step < 8) {
            expect(lost.peek()).toBe(model[0]);
            lost.shift();
            const gone = model.shift();
            if (gone !== undefined) expect(gone.inLostQueue).toBe(false);
          } else {
            model = model.filter((other) => other !== one);
            if (step === 8) one.lost = false;
            else if (!one.finished) one.settle("dropped");
          }
          expect(lost.peek()).toBe(model[0]);
        }
        for (const one of model) {
          expect(lost.peek()).toBe(one);
          lost.shift();
        }
        expect(lost.peek()).toBeUndefined();
        expect(made.some((one) => one.inLostQueue && !one.finished && one.hasLost)).toBe(false);
      }),
    );
  });

  it("takes 4096 in reversed order with a dozen comparisons each, and in order with one", () => {
    const count = 4096;
    for (const [isReversed, most] of [
      [true, 24],
      [false, 2],
    ] as const) {
      const lost = new LostMessages();
      Counted.reads = 0;
      for (let i = 0; i < count; i++) lost.push(new Counted(isReversed ? count - i : i));
      expect(Counted.reads).toBeLessThanOrEqual(most * count);
    }
  });
});

describe("PacketScheduler", () => {
  const evenly = new Uint8Array(256).fill(1);

  it("sends again the oldest that was lost, also one that joins while a newer one goes again in pieces", () => {
    const scheduler = new PacketScheduler(evenly);
    const flow = new FlowWindow(1e6);
    const [oldest, old, recent] = [messageOf(1), messageOf(2), messageOf(3)] as const;
    recent.cut();
    scheduler.pushLost(recent);
    expect(scheduler.peek(flow)).toBe(recent);
    scheduler.pushLost(old);
    scheduler.pushLost(oldest);
    for (const next of [oldest, old, recent]) {
      expect([scheduler.peek(flow), scheduler.isResend]).toEqual([next, true]);
      scheduler.shift();
    }
    expect(scheduler.peek(flow)).toBeUndefined();
  });
});
