import { DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { DELIVERIES } from "../src/delivery.js";
import { DEFAULT_LIMITS } from "../src/endpoint-options.js";
import { FlowWindow } from "../src/flow-window.js";
import { MessageQueue } from "../src/message-queue.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { PacketScheduler } from "../src/packet-scheduler.js";
import { QueueBudget } from "../src/queue-budget.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { createEndpoint, Pair, seededRandom } from "./support/pair.js";

const { Sequenced, Reliable } = DeliveryCode;
const evenly = new Uint8Array(256).fill(1);
const { peek } = MessageQueue.prototype;

afterEach(() => {
  MessageQueue.prototype.peek = peek;
});

/** How many queues are looked at while `run` runs. */
function looksDuring(run: () => void): number {
  let looks = 0;
  MessageQueue.prototype.peek = function (this: MessageQueue) {
    looks += 1;
    return peek.call(this);
  };
  run();
  MessageQueue.prototype.peek = peek;
  return looks;
}

/** Sends of 30 bytes in all modes and priorities, over 256 channels. Returns how many were refused. */
function sendMixed(endpoint: ReliableEndpoint, count: number, random: () => number, nowMs: number): number {
  const body = new Uint8Array(30);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const delivery = (DELIVERIES[i % 5] as (typeof DELIVERIES)[0]).name;
    const channel = Math.floor(random() * 256);
    const priority = Math.floor(random() * 8);
    if (!endpoint.send(body, { delivery, channel, priority }, nowMs).accepted) refused += 1;
  }
  return refused;
}

describe("a full queue", () => {
  const limits = { maxQueuedMessages: 6000 };

  it("refuses, drops and takes at the cost of a few looks, however many queues there are", () => {
    const endpoint = createEndpoint({ limits });
    const random = seededRandom(5);
    sendMixed(endpoint, 12_000, random, 0);
    let refused = 0;
    const looks = looksDuring(() => (refused = sendMixed(endpoint, 2000, random, 0)));
    expect(refused).toBeGreaterThan(1000);
    expect(endpoint.statistics.messagesDropped).toBeGreaterThan(100);
    expect(looks).toBeLessThan(20 * 2000);
  });

  it("is asked whether it has drained at no cost for what has not moved", () => {
    const pair = new Pair({}, { a: { limits } });
    const { endpoint } = pair.a;
    sendMixed(endpoint, 12_000, seededRandom(5), pair.nowMs);
    pair.flushSide(pair.a);
    endpoint.takeDrain();
    const looks = looksDuring(() => {
      for (let i = 0; i < 100; i++) expect(endpoint.takeDrain()).toBe(false);
    });
    expect(looks).toBeLessThan(100);
  });
});

describe("what is remembered for a full queue", () => {
  const code = fc.constantFrom(...DELIVERIES.map((row) => row.code));
  const made = fc.record({
    delivery: code,
    channel: fc.integer({ min: 0, max: 3 }),
    priority: fc.integer({ min: 3, max: 5 }),
    bytes: fc.constantFrom(10, 900, 20_000, 60_000),
  });

  it("property: the channels that wait for credit are those that a look at all queues finds", () => {
    const step = fc.record({ kind: fc.integer({ min: 0, max: 9 }), made, part: fc.boolean() });
    let blocked = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
        const scheduler = new PacketScheduler(evenly);
        const flow = new FlowWindow(8000);
        const { credit } = flow;
        let order = 0;
        const limits = [328_000, 328_000, 328_000, 328_000];
        let connectionLimit = 4 * 328_000;
        // Most of the credit is used up: large messages wait, and small ones after a few.
        for (let channel = 0; channel < 4; channel++) {
          flow.charge(new OutgoingMessage(new Uint8Array(0), Reliable, channel, 0, Infinity, 0, 0, 310_000));
        }
        for (const { kind, made: one, part } of steps) {
          if (kind < 5) {
            const payload = new Uint8Array(one.bytes);
            const message = new OutgoingMessage(payload, one.delivery, one.channel, one.priority, Infinity, order++);
            message.large = one.bytes > 1175;
            scheduler.push(message);
          } else if (kind < 9) {
            const message = scheduler.peek(flow);
            if (message !== undefined) {
              if (!message.started) flow.charge(message);
              message.started = true;
              if (!part) scheduler.shift();
              if (!part && message.isCharged) flow.release(message);
              scheduler.charge(1000, false);
            }
          } else {
            limits[one.channel] = (limits[one.channel] as number) + 150_000;
            connectionLimit += 100_000;
            credit.onCredit(one.channel, limits[one.channel] as number, connectionLimit);
          }
          let count = 0;
          for (let channel = 0; channel < 5; channel++) if (scheduler.isBlocked(channel, credit)) count += 1;
          expect(count).toBe(scheduler.countBlocked(credit));
          blocked += count;
        }
      }),
      { seed: 7, numRuns: 200 },
    );
    expect(blocked).toBeGreaterThan(5000);
  });

  it("property: the oldest of the lowest priority is dropped, and it is known whether that would be enough", () => {
    const step = fc.record({ made, leaves: fc.nat(99), asked: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
        const budget = new QueueBudget({ ...DEFAULT_LIMITS, maxQueuedBytes: 80_000, maxQueuedMessages: 40 });
        let model: OutgoingMessage[] = [];
        let oversize: OutgoingMessage | undefined;
        steps.forEach(({ made: one, leaves, asked }, order) => {
          const payload = new Uint8Array(one.bytes);
          const message = new OutgoingMessage(payload, one.delivery, one.channel, one.priority, Infinity, order);
          if (one.bytes > 40_000) oversize ??= message;
          budget.add(message);
          model.push(message);
          const gone = leaves < 40 ? model[leaves % model.length] : undefined;
          if (gone !== undefined) {
            budget.release(gone);
            model = model.filter((other) => other !== gone);
            if (gone === oversize) oversize = undefined;
          }
          const droppable = model.filter(({ delivery }) => delivery <= Sequenced);
          droppable.sort((a, b) => a.priority - b.priority || a.order - b.order);
          expect(budget.leastDroppable).toBe(droppable[0]);
          if (budget.fits(500, false)) return;
          // What is left when all of them have been dropped, beside an eighth more than what is resent takes.
          const rest = model.filter((other) => !droppable.includes(other) || other.priority > asked);
          const resent = model.filter((other) => !droppable.includes(other));
          const bytesOf = (some: OutgoingMessage[]): number =>
            some.reduce((sum, other) => sum + (other === oversize ? 0 : other.totalBytes), 0);
          const maxBytes = Math.max(80_000, bytesOf(resent)) + 10_000;
          const fits = rest.length < Math.max(40, resent.length) + 5 && bytesOf(rest) + 500 <= maxBytes;
          expect(budget.couldFitAbove(500, asked)).toBe(fits);
        });
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
