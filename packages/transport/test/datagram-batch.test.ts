import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchPool, DatagramBatch, SocketAddress } from "../src/index.js";

const to = SocketAddress.parse("192.0.2.1", 1474);
const other = SocketAddress.parse("192.0.2.2", 1474);

function put(batch: DatagramBatch, bytes: readonly number[], target: SocketAddress = to): void {
  batch.buffer.set(bytes, batch.reserve());
  batch.commit(bytes.length, target);
}

describe("DatagramBatch", () => {
  it("packs datagrams one after the other, each with its target", () => {
    const batch = new DatagramBatch({ capacity: 3, slotBytes: 4 });
    put(batch, [1, 2, 3]);
    put(batch, [], other);
    put(batch, [4, 5, 6, 7]);
    expect(batch.count).toBe(3);
    expect([...batch.offsets]).toEqual([0, 3, 3]);
    expect([...batch.lengths]).toEqual([3, 0, 4]);
    expect(batch.addresses).toEqual([to, other, to]);
    expect([...batch.payload(0)]).toEqual([1, 2, 3]);
    expect([...batch.payload(1)]).toEqual([]);
    expect([...batch.payload(2)]).toEqual([4, 5, 6, 7]);
  });

  it("by default holds 64 datagrams of 1500 bytes", () => {
    const batch = new DatagramBatch();
    expect([batch.capacity, batch.slotBytes, batch.buffer.length]).toEqual([64, 1500, 96_000]);
  });

  it("is full at its capacity", () => {
    const batch = new DatagramBatch({ capacity: 2, slotBytes: 10 });
    put(batch, [1]);
    put(batch, [2]);
    expect(batch.reserve()).toBe(-1);
    expect(() => batch.commit(1, to)).toThrow(RangeError);
    expect(batch.count).toBe(2);
  });

  it("always has room for a whole slot after reserve", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 10 }), (lengths) => {
        const batch = new DatagramBatch({ capacity: 10, slotBytes: 20 });
        for (const length of lengths) {
          const start = batch.reserve();
          expect(batch.reserve()).toBe(start);
          expect(start + 20).toBeLessThanOrEqual(batch.buffer.length);
          batch.commit(length, to);
        }
        expect(batch.reserve() === -1).toBe(lengths.length === 10);
      }),
    );
  });

  it.each([-1, 11, 1.5, Number.NaN])("refuses a length of %s", (length) => {
    const batch = new DatagramBatch({ capacity: 2, slotBytes: 10 });
    expect(() => batch.commit(length, to)).toThrow(`"length" expected an integer in 0..10, got ${length}`);
    expect(batch.count).toBe(0);
  });

  it("refuses an index at count or above", () => {
    const batch = new DatagramBatch();
    put(batch, [1]);
    for (const index of [-1, 1, Number.NaN]) expect(() => batch.payload(index)).toThrow(RangeError);
  });

  it("starts over after clear and lets its targets go", () => {
    const batch = new DatagramBatch({ capacity: 2, slotBytes: 10 });
    put(batch, [1, 2]);
    put(batch, [3]);
    batch.clear();
    expect(batch.count).toBe(0);
    expect(batch.reserve()).toBe(0);
    expect(batch.addresses).toEqual([undefined, undefined]);
    put(batch, [9]);
    expect([...batch.payload(0)]).toEqual([9]);
  });

  it("without a pool, release empties it", () => {
    const batch = new DatagramBatch();
    put(batch, [1]);
    batch.release();
    batch.release();
    expect(batch.count).toBe(0);
  });

  it.each([
    [{ capacity: 0 }, '"capacity" expected an integer in 1..1024, got 0'],
    [{ capacity: 1025 }, '"capacity" expected an integer in 1..1024, got 1025'],
    [{ slotBytes: 65_528 }, '"slotBytes" expected an integer in 1..65527, got 65528'],
    [{ slotBytes: 1.5 }, '"slotBytes" expected an integer in 1..65527, got 1.5'],
    [{ slotBytes: Symbol("1500") }, '"slotBytes" expected an integer in 1..65527, got Symbol(1500)'],
    [{ capacity: "64" }, '"capacity" expected an integer in 1..1024, got "64"'],
  ])("refuses %o", (options, message) => {
    expect(() => new DatagramBatch(options as never)).toThrow(new RangeError(message));
  });

  it.each([
    [{ onRelease: 5 }, '"onRelease" expected a function, got 5'],
    [{ onAbandon: null }, '"onAbandon" expected a function, got null'],
    [
      { onAbandoned: () => true },
      '"options" expected only capacity, slotBytes, onRelease, onAbandon, got "onAbandoned"',
    ],
    [{ slotbytes: 9 }, '"options" expected "slotBytes", got "slotbytes"'],
    [null, '"options" expected an object, got null'],
  ])("refuses %o, as no options of its own", (options, message) => {
    expect(() => new DatagramBatch(options as never)).toThrow(new TypeError(message));
  });

  it("names a length and an index that are symbols", () => {
    const batch = new DatagramBatch({ capacity: 2, slotBytes: 10 });
    const one = Symbol("one") as never;
    expect(() => batch.commit(one, to)).toThrow('"length" expected an integer in 0..10, got Symbol(one)');
    expect(() => batch.payload(one)).toThrow('"index" expected 0..-1 (0 datagrams), got Symbol(one)');
  });
});

describe("BatchPool", () => {
  it("by default owns 8 batches of 64", () => {
    const pool = new BatchPool();
    expect([pool.size, pool.free, pool.acquire()?.capacity]).toEqual([8, 8, 64]);
  });

  it("gives each batch once, then none, and takes them back empty", () => {
    const pool = new BatchPool({ batches: 3, capacity: 2, slotBytes: 10 });
    const batches = [pool.acquire(), pool.acquire(), pool.acquire()] as DatagramBatch[];
    expect(new Set(batches).size).toBe(3);
    expect(pool.acquire()).toBeUndefined();
    expect(pool.free).toBe(0);
    put(batches[0]!, [1, 2]);
    for (const batch of batches) batch.release();
    expect(pool.free).toBe(3);
    expect(pool.acquire()?.count).toBe(0);
  });

  it("tells once when one is back after there was none", () => {
    let calls = 0;
    const pool = new BatchPool({ batches: 2, onAvailable: () => calls++ });
    const first = pool.acquire()!;
    const second = pool.acquire()!;
    first.release();
    expect(calls).toBe(0); // nobody was refused
    expect(pool.acquire()).toBe(first);
    expect(pool.acquire()).toBeUndefined();
    expect(pool.acquire()).toBeUndefined();
    first.release();
    second.release();
    expect(calls).toBe(1);
  });

  it("may be drained again from inside the call", () => {
    const taken: (DatagramBatch | undefined)[] = [];
    const pool: BatchPool = new BatchPool({ batches: 1, onAvailable: () => taken.push(pool.acquire()) });
    const only = pool.acquire()!;
    pool.acquire();
    only.release();
    expect(taken).toEqual([only]);
    expect(pool.free).toBe(0);
  });

  it("has another batch in place of one that was abandoned, which nobody fills again", () => {
    let calls = 0;
    const pool = new BatchPool({ batches: 2, capacity: 2, slotBytes: 10, onAvailable: () => calls++ });
    const [lost, other] = [pool.acquire()!, pool.acquire()!];
    put(lost, [1, 2]);
    expect(pool.acquire()).toBeUndefined();
    expect([lost.abandon(), lost.abandon()]).toEqual([true, false]);
    expect([pool.free, pool.size, calls]).toEqual([1, 2, 1]);
    const fresh = pool.acquire()!;
    expect([fresh === lost, fresh === other, fresh.capacity, fresh.slotBytes]).toEqual([false, false, 2, 10]);
    put(fresh, [3, 4]);
    expect([...lost.payload(0)]).toEqual([1, 2]); // for whoever has it queued
    lost.release();
    lost.release();
    expect([pool.free, lost.count]).toEqual([0, 0]);
    fresh.release();
    other.release();
    expect([pool.free, pool.acquire() === lost, pool.acquire() === lost]).toEqual([2, false, false]);
  });

  it("has no other in place of one beyond 128 that are astray, until one of them turns up", () => {
    const pool = new BatchPool({ batches: 1, capacity: 1, slotBytes: 8 });
    const strays: DatagramBatch[] = [];
    for (let i = 0; i < 129; i++) {
      const batch = pool.acquire() as DatagramBatch;
      strays.push(batch);
      expect(batch.abandon()).toBe(true);
      expect(pool.free).toBe(i < 128 ? 1 : 0);
    }
    expect(pool.acquire()).toBeUndefined();
    strays[0]?.release();
    strays[0]?.release();
    expect(pool.free).toBe(1);
    expect(strays).not.toContain(pool.acquire());
    strays[1]?.release();
    expect(pool.free).toBe(0);
  });

  it("keeps one that is abandoned while the pool has it", () => {
    const pool = new BatchPool({ batches: 1 });
    const batch = pool.acquire()!;
    batch.release();
    expect([batch.abandon(), pool.free]).toEqual([false, 1]);
    expect(pool.acquire()).toBe(batch);
    batch.release();
    expect(pool.free).toBe(1);
  });

  it("is not there for a batch of its own: that is not given up", () => {
    const released: DatagramBatch[] = [];
    const batch = new DatagramBatch({ onRelease: (given) => released.push(given) });
    expect([batch.abandon(), new DatagramBatch().abandon()]).toEqual([false, false]);
    batch.release();
    expect(released).toEqual([batch]);
  });

  it("throws where a batch is released twice", () => {
    const pool = new BatchPool({ batches: 2 });
    const batch = pool.acquire()!;
    batch.release();
    expect(() => batch.release()).toThrow('"batch" expected one that is in use');
    expect(pool.free).toBe(2);
  });

  it("refuses options out of range", () => {
    expect(() => new BatchPool({ batches: 0 })).toThrow('"batches" expected an integer in 1..1024, got 0');
    expect(() => new BatchPool({ capacity: 0 })).toThrow('"capacity" expected');
    const eight = Symbol("8") as never;
    expect(() => new BatchPool({ batches: eight })).toThrow('"batches" expected an integer in 1..1024, got Symbol(8)');
  });

  it.each([
    [{ onAvailable: "now" }, '"onAvailable" expected a function, got "now"'],
    [{ onAvailable: null }, '"onAvailable" expected a function, got null'],
    [{ onavailable: () => {} }, '"options" expected "onAvailable", got "onavailable"'],
    [{ onRelease: () => {} }, '"options" expected only batches, capacity, slotBytes, onAvailable, got "onRelease"'],
    [Promise.resolve({}), '"options" expected an object, got a promise'],
  ])("refuses %o", (options, message) => {
    expect(() => new BatchPool(options as never)).toThrow(new TypeError(message));
  });
});
