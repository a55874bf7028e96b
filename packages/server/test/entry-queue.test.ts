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

  it("takes no more memory where it never runs empty, and keeps no connection that it gave back", () => {
    const queue = new EntryQueue();
    for (let i = 0; i < 40; i++) queue.push(entryOf(i));
    for (let i = 40; i < 10_000; i++) {
      queue.push(entryOf(i));
      expect(queue.shift()?.slot).toBe(i - 40);
    }
    const { slots } = queue as unknown as { slots: (ConnectionEntry | undefined)[] };
    expect(slots.length).toBe(64);
    expect(slots.filter((entry) => entry !== undefined).length).toBe(40);
  });
});
