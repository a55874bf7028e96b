import { DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeadlineHeap } from "../src/deadline-heap.js";
import { DEFAULT_LIMITS } from "../src/endpoint-options.js";
import { FlowWindow, SMALL_WINDOW_BYTES } from "../src/flow-window.js";
import { cutPiece, MIN_FRAGMENT_BYTES } from "../src/fragmenter.js";
import { Inbox } from "../src/inbox.js";
import { MessageQueue } from "../src/message-queue.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { PacketScheduler } from "../src/packet-scheduler.js";
import { QueueBudget } from "../src/queue-budget.js";
import { MessageList } from "../src/message-list.js";

let order = 0;
function message(
  options: { delivery?: DeliveryCode; bytes?: number; priority?: number; expiresAtMs?: number } = {},
): OutgoingMessage {
  const { delivery = DeliveryCode.Unreliable, bytes = 10, priority = 4, expiresAtMs = Infinity } = options;
  const made = new OutgoingMessage(new Uint8Array(bytes), delivery, 0, priority, expiresAtMs, order++);
  made.large = bytes > 1175;
  return made;
}

describe("MessageQueue", () => {
  it("is first in, first out, passes over finished ones, and replaces in place", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 300 }), (steps) => {
        const queue = new MessageQueue();
        let model: OutgoingMessage[] = [];
        for (const step of steps) {
          if (step < 5) {
            const added = message();
            queue.push(added);
            model.push(added);
          } else if (step < 7) {
            expect(queue.shift()).toBe(model.shift());
          } else if (model.length > 0) {
            const at = (step * 7) % model.length;
            const old = model[at] as OutgoingMessage;
            if (step < 9) {
              old.settle("dropped");
              model = model.filter((one) => one !== old);
            } else {
              const next = message();
              queue.replace(old, next);
              old.settle("dropped");
              model[at] = next;
            }
          }
          expect(queue.peek()).toBe(model[0]);
        }
        while (model.length > 0) expect(queue.shift()).toBe(model.shift());
        expect(queue.shift()).toBeUndefined();
      }),
    );
  });
});

describe("DeadlineHeap", () => {
  it("gives the soonest, whatever was put in and taken out", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 50 })), { maxLength: 200 }), (steps) => {
        const heap = new DeadlineHeap();
        const model: OutgoingMessage[] = [];
        for (const [push, value] of steps) {
          if (push) {
            const added = message({ expiresAtMs: value });
            heap.push(added);
            model.push(added);
          } else if (model.length > 0) {
            const [gone] = model.splice(value % model.length, 1) as [OutgoingMessage];
            heap.remove(gone);
            heap.remove(gone);
          }
          expect(heap.nextAt()).toBe(Math.min(Infinity, ...model.map((one) => one.expiresAtMs)));
          expect(heap.peek()?.expiresAtMs ?? Infinity).toBe(heap.nextAt());
        }
      }),
    );
  });
});

describe("MessageList", () => {
  it("keeps the order while members leave from anywhere", () => {
    const list = new MessageList();
    const [a, b, c, d] = [message(), message(), message(), message()] as const;
    for (const one of [a, b, c, d]) list.append(one);
    const all = (): OutgoingMessage[] => {
      const found: OutgoingMessage[] = [];
      for (let one = list.oldest; one !== undefined; one = one.newer) found.push(one);
      return found;
    };
    list.remove(b);
    expect(all()).toEqual([a, c, d]);
    list.remove(d);
    list.append(b);
    list.remove(a);
    expect(all()).toEqual([c, b]);
    list.remove(c);
    list.remove(b);
    expect(all()).toEqual([]);
  });
});

describe("QueueBudget", () => {
  it("counts what is dropped and released back to zero", () => {
    const budget = new QueueBudget({ ...DEFAULT_LIMITS, maxQueuedBytes: 100, maxQueuedMessages: 5 });
    const large = message({ delivery: DeliveryCode.Ordered, bytes: 500 });
    const small = message({ bytes: 60 });
    budget.add(large);
    expect(budget.fits(51, false)).toBe(true);
    budget.add(small);
    expect([budget.bytes, budget.messages]).toEqual([560, 2]);
    // An eighth beyond the cap is for what may be dropped.
    expect([budget.fits(53, false), budget.fits(54, false)]).toEqual([true, false]);
    expect([budget.couldFit(113, false), budget.couldFit(114, false)]).toEqual([true, false]);
    expect([budget.couldFit(100, true), budget.couldFit(101, true)]).toEqual([true, false]);
    budget.release(large);
    expect(budget.fits(101, false)).toBe(true);
    budget.release(small);
    expect([budget.bytes, budget.messages]).toEqual([0, 0]);
  });
});

describe("FlowWindow", () => {
  it("counts large and small apart, and lets one of each go always", () => {
    const flow = new FlowWindow(5000);
    const big = message({ delivery: DeliveryCode.BestEffort, bytes: 9000 });
    expect(flow.allows(big)).toBe(true);
    flow.charge(big);
    expect(flow.allows(message({ delivery: DeliveryCode.Reliable, bytes: 1200 }))).toBe(false);
    const small = message({ delivery: DeliveryCode.Ordered, bytes: 1000 });
    let count = 0;
    for (; flow.allows(small); count++) flow.charge(message({ delivery: DeliveryCode.Ordered, bytes: 1000 }));
    expect(count).toBe(Math.floor(SMALL_WINDOW_BYTES / 1128));
    flow.release(big);
    expect(big.isCharged).toBe(false);
    expect(flow.allows(big)).toBe(true);
  });
});

describe("cutPiece", () => {
  it("gives legal pieces that fit and go on to the end", () => {
    const totals = fc.integer({ min: 2, max: 2 ** 30 - 1 });
    const rooms = fc.integer({ min: 0, max: 1427 });
    fc.assert(
      fc.property(totals, fc.integer(), rooms, (total, at, room) => {
        const from = Math.abs(at) % total;
        const to = cutPiece(total, from, total, room);
        if (to < 0) {
          expect(room).toBeLessThan(256 + 20);
          return;
        }
        expect(to).toBeLessThanOrEqual(total);
        const length = to - from;
        expect(length).toBeGreaterThan(0);
        if (to < total) expect(length).toBeGreaterThanOrEqual(MIN_FRAGMENT_BYTES);
        const varint = (value: number): number => (value < 64 ? 1 : value < 16_384 ? 2 : value < 2 ** 30 ? 4 : 8);
        expect(4 + varint(total) + varint(from) + varint(length) + length).toBeLessThanOrEqual(room);
      }),
    );
  });

  it("a small lost range in the middle reaches further than it must", () => {
    expect(cutPiece(10_000, 500, 510, 1175)).toBe(564);
    expect(cutPiece(520, 500, 510, 1175)).toBe(520);
  });
});

describe("PacketScheduler", () => {
  const flow = new FlowWindow(1e6);
  const evenly = new Uint8Array(256).fill(1);

  it("puts lost before new of the same rank, and forgets those that arrived after all", () => {
    const scheduler = new PacketScheduler(evenly);
    const fresh = message({ delivery: DeliveryCode.Reliable });
    const arrived = message({ delivery: DeliveryCode.Reliable });
    const lost = message({ delivery: DeliveryCode.Reliable });
    scheduler.push(fresh);
    for (const one of [arrived, lost]) {
      one.lost = true;
      scheduler.pushLost(one);
      scheduler.pushLost(one);
    }
    arrived.lost = false;
    expect(scheduler.peek(flow)).toBe(lost);
    expect(scheduler.isResend).toBe(true);
    scheduler.shift();
    expect([arrived.inLostQueue, lost.inLostQueue]).toEqual([false, false]);
    expect(scheduler.peek(flow)).toBe(fresh);
    expect(scheduler.isResend).toBe(false);
    scheduler.shift();
    expect(scheduler.peek(flow)).toBeUndefined();
  });

  it("replaces at the end when the ranks differ", () => {
    const scheduler = new PacketScheduler(evenly);
    const [old, other] = [message({ delivery: DeliveryCode.Sequenced }), message()];
    scheduler.push(old);
    scheduler.push(other);
    const next = message({ delivery: DeliveryCode.Sequenced, priority: 3 });
    scheduler.replace(old, next);
    old.settle("dropped");
    expect(scheduler.peek(flow)).toBe(other);
    scheduler.shift();
    expect(scheduler.peek(flow)).toBe(next);
  });
});

describe("Inbox", () => {
  it("is first in, first out in both kinds, whatever comes and is taken between", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), fc.constantFrom(0, 3), (steps, delivery) => {
        const inbox = new Inbox(DEFAULT_LIMITS);
        const model: number[] = [];
        steps.forEach((push, n) => {
          if (push) {
            inbox.push(Uint8Array.of(n & 0xff), 0, delivery as DeliveryCode);
            model.push(n & 0xff);
          } else {
            expect(inbox.poll()?.payload[0]).toBe(model.shift());
          }
          expect([inbox.messages, inbox.bytes]).toEqual([model.length, model.length]);
        });
      }),
    );
  });

  it("keeps the order of arrival over both kinds", () => {
    const inbox = new Inbox(DEFAULT_LIMITS);
    const kinds = [3, 0, 0, 4, 1, 2, 3, 0] as const;
    kinds.forEach((delivery, i) => inbox.push(new Uint8Array([i]), i, delivery));
    expect([inbox.messages, inbox.bytes]).toEqual([8, 8]);
    for (let i = 0; i < kinds.length; i++) expect(inbox.poll()).toMatchObject({ channel: i });
    expect(inbox.poll()).toBeUndefined();
    expect([inbox.messages, inbox.bytes]).toEqual([0, 0]);
  });

  it("drops the oldest of what may be dropped, and of the rest nothing", () => {
    const inbox = new Inbox({ ...DEFAULT_LIMITS, maxInboxMessages: 3, maxInboxBytes: 5 });
    for (let i = 0; i < 4; i++) inbox.push(new Uint8Array(1), i, DeliveryCode.BestEffort);
    for (let i = 4; i < 20; i++) inbox.push(new Uint8Array(9), i, DeliveryCode.Reliable);
    expect([inbox.dropped, inbox.messages, inbox.bytes]).toEqual([1, 19, 3 + 16 * 9]);
    inbox.push(new Uint8Array(4), 20, DeliveryCode.Sequenced);
    expect([inbox.dropped, inbox.messages]).toEqual([3, 18]);
    expect(inbox.poll()?.channel).toBe(3);
    for (let i = 4; i < 21; i++) expect(inbox.poll()?.channel).toBe(i);
    expect([inbox.poll(), inbox.messages, inbox.bytes]).toEqual([undefined, 0, 0]);
  });

  it("keeps back reliable and ordered messages of a paused channel, in their order, and nothing else", () => {
    const inbox = new Inbox(DEFAULT_LIMITS);
    const take = (count: number) => Array.from({ length: count }, () => inbox.poll()?.payload[0]);
    const push = (value: number, channel: number, delivery: DeliveryCode) =>
      inbox.push(Uint8Array.of(value), channel, delivery);
    inbox.pause(1);
    inbox.pause(1);
    for (let i = 0; i < 6; i++) push(i, i & 1, DeliveryCode.Ordered);
    push(6, 1, DeliveryCode.Unreliable);
    expect(take(5)).toEqual([0, 2, 4, 6, undefined]);
    expect([inbox.messages, inbox.bytes]).toEqual([3, 3]);
    inbox.resume(1);
    push(7, 1, DeliveryCode.Ordered);
    push(8, 0, DeliveryCode.Reliable);
    expect(take(1)).toEqual([1]);
    // Paused again in the middle: what was resumed steps aside once more.
    inbox.pause(1);
    expect(take(2)).toEqual([8, undefined]);
    inbox.resume(1);
    inbox.resume(2);
    expect(take(4)).toEqual([3, 5, 7, undefined]);
    expect([inbox.messages, inbox.bytes]).toEqual([0, 0]);
  });
});
