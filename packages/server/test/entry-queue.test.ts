import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConnectionEntry } from "../src/connection-table.js";
import { EntryQueue } from "../src/entry-queue.js";

const entryOf = (slot: number): ConnectionEntry => ({ slot }) as ConnectionEntry;

describe("EntryQueue", () => {
  it("gives back what it took, in order, whatever the order of calls", () => {
    const steps = fc.array(fc.record({ pushes: fc.nat(150), shifts: fc.nat(150) }), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new EntryQueue();
        const model: ConnectionEntry[] = [];
        let next = 0;
        for (const { pushes, shifts } of list) {
          for (let i = 0; i < pushes; i++) {
            const entry = entryOf(next++);
            queue.push(entry);
            model.push(entry);
          }
          for (let i = 0; i < shifts; i++) {
            expect(queue.peek()).toBe(model[0]);
            expect(queue.shift()).toBe(model.shift());
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });

  it("gives all back in order where it never runs empty", () => {
    const queue = new EntryQueue();
    for (let i = 0; i < 40; i++) queue.push(entryOf(i));
    for (let i = 40; i < 10_000; i++) {
      queue.push(entryOf(i));
      expect(queue.shift()?.slot).toBe(i - 40);
    }
    expect(queue.size).toBe(40);
  });

  it("puts those that wait longest behind the others, in order", () => {
    for (const count of [0, 1, 5, 63, 64, 65]) {
      const queue = new EntryQueue();
      for (let i = 0; i < 65; i++) queue.push(entryOf(i));
      queue.rotate(count);
      const order = Array.from({ length: 65 }, () => queue.shift()?.slot);
      expect(order).toEqual(Array.from({ length: 65 }, (_, i) => (i + count) % 65));
      expect(queue.size).toBe(0);
    }
  });

  it("keeps no connection alive that it gave back", async () => {
    const queue = new EntryQueue();
    const gone: WeakRef<ConnectionEntry>[] = [];
    for (let i = 0; i < 200; i++) {
      const entry = entryOf(i);
      gone.push(new WeakRef(entry));
      queue.push(entry);
    }
    while (queue.size > 0) queue.shift();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    // A WeakRef holds what it was asked for until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // The last one may still be in a register of this function.
    expect(gone.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1);
    expect(queue.peek()).toBeUndefined();
  });
});
