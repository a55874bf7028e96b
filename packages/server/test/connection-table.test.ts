import { type Connection, RandomPool } from "@sortie/connection";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { ConnectionEntry, ConnectionTable, MAX_SLOTS } from "../src/connection-table.js";
import { workerOf } from "../src/port-share.js";

/** Random bytes that all differ: a counter. */
function counting(): RandomPool {
  let next = 1;
  return new RandomPool({ randomBytes: (length) => Uint8Array.from({ length }, () => next++ * 167) });
}

/** An entry with the next connection ID of the table, added to it. The table asks a connection for its ID alone. */
function added(table: ConnectionTable, helloKey: string = `hello ${table.size}`): ConnectionEntry {
  const localConnectionId = table.nextConnectionId();
  const connection = { localConnectionId } as Connection;
  const none = new Uint8Array(0);
  const entry = new ConnectionEntry(localConnectionId & 0xffff, connection, none, helloKey, none);
  table.add(entry);
  return entry;
}

function idOf(entry: ConnectionEntry): number {
  return entry.connection.localConnectionId;
}

describe("ConnectionTable", () => {
  it("finds each entry by its ID, and none by an ID that differs in one bit", () => {
    const table = new ConnectionTable(300, counting());
    const entries = Array.from({ length: 300 }, () => added(table));
    expect(table.size).toBe(300);
    expect(table.isFull).toBe(true);
    expect(new Set(entries.map((entry) => entry.slot)).size).toBe(300);
    for (const entry of entries) {
      expect(table.find(idOf(entry))).toBe(entry);
      const flipped = Array.from({ length: 32 }, (_, bit) => (idOf(entry) ^ (1 << bit)) >>> 0);
      expect(flipped.some((id) => table.find(id) === entry)).toBe(false);
    }
  });

  it("gives unsigned IDs whose low half is the slot and whose high half is random", () => {
    const table = new ConnectionTable(10, new RandomPool({ randomBytes: (n) => new Uint8Array(n).fill(0xff) }));
    const entry = added(table);
    expect(idOf(entry)).toBe(0xffff_0000);
    expect(idOf(added(table))).toBe(0xffff_0001);
    expect(table.find(0xffff_0000)).toBe(entry);
  });

  it("knows which ended first of those that are told of it still", () => {
    const table = new ConnectionTable(4, counting());
    const [a, b, c, d] = [added(table), added(table), added(table), added(table)];
    expect(table.oldestFinished).toBeUndefined();
    for (const entry of [c, a, d]) table.finish(entry);
    expect([a.finished, b.finished, table.size]).toEqual([true, false, 4]);
    for (const entry of [c, a, d]) {
      expect(table.oldestFinished).toBe(entry);
      table.remove(entry);
    }
    table.finish(c); // it has gone, and its slot is another's
    expect(table.oldestFinished).toBeUndefined();
  });

  it("uses a freed slot again, under another ID: the old one finds nobody", () => {
    const table = new ConnectionTable(4, counting());
    const entries = [added(table), added(table), added(table), added(table)];
    const gone = entries[1] as ConnectionEntry;
    table.remove(gone);
    table.remove(gone);
    expect(table.size).toBe(3);
    expect(table.isFull).toBe(false);
    expect(table.find(idOf(gone))).toBeUndefined();
    const fresh = added(table, "fresh");
    expect(fresh.slot).toBe(gone.slot);
    expect(idOf(fresh)).not.toBe(idOf(gone));
    expect(table.find(idOf(gone))).toBeUndefined();
    table.remove(gone);
    expect(table.find(idOf(fresh))).toBe(fresh);
    expect(table.size).toBe(4);
  });

  // Found by fuzzing: `authenticate` answered after its client had timed out, and the next in its slot then slept.
  it("does not let an entry that has left change the deadline of the next one in its slot", () => {
    const table = new ConnectionTable(4, counting());
    const gone = added(table);
    table.remove(gone);
    const fresh = added(table, "fresh");
    expect(fresh.slot).toBe(gone.slot);
    table.setDeadline(fresh, 1000);
    table.setDeadline(gone, Infinity);
    expect(table.nextDeadline()).toBe(1000);
    expect(table.nextDue(0, 1000)).toBe(fresh);
  });

  it("tells where a peer is, of those that are peers, until they leave", () => {
    const table = new ConnectionTable(200, counting());
    const [here, there] = [SocketAddress.parse("192.0.2.1", 1), SocketAddress.parse("192.0.2.1", 2)];
    const entries = Array.from({ length: 200 }, () => added(table));
    const peer = entries[150] as ConnectionEntry;
    expect(table.homeOf(idOf(peer))).toBeUndefined();
    table.setHome(peer, here);
    expect(table.homeOf(idOf(peer))).toBe(here);
    expect(table.homeOf((idOf(peer) ^ 0x1_0000) >>> 0)).toBeUndefined();
    expect(entries.filter((entry) => table.homeOf(idOf(entry)) !== undefined)).toEqual([peer]);
    table.setHome(peer, there);
    expect(table.homeOf(idOf(peer))).toBe(there);

    table.remove(peer);
    expect(table.homeOf(idOf(peer))).toBeUndefined();
    const fresh = added(table, "fresh");
    expect(fresh.slot).toBe(peer.slot);
    table.setHome(peer, here);
    expect(table.homeOf(idOf(fresh))).toBeUndefined();
  });

  it("finds by hello, and forgets that with the entry", () => {
    const table = new ConnectionTable(4, counting());
    const entry = added(table, "__proto__");
    expect(table.findByHello("__proto__")).toBe(entry);
    expect(table.findByHello("constructor")).toBeUndefined();
    table.remove(entry);
    expect(table.findByHello("__proto__")).toBeUndefined();
  });

  it("keeps deadlines by slot, also beyond the first 64, and forgets those of removed entries", () => {
    const table = new ConnectionTable(500, counting());
    expect(table.nextDeadline()).toBe(Infinity);
    const entries = Array.from({ length: 500 }, () => added(table));
    entries.forEach((entry, i) => table.setDeadline(entry, 1000 - i));
    expect(table.nextDeadline()).toBe(501);
    const due: ConnectionEntry[] = [];
    let entry = table.nextDue(0, 510);
    while (entry !== undefined) {
      due.push(entry);
      entry = table.nextDue(entry.slot + 1, 510);
    }
    expect(due).toEqual(entries.slice(490));
    for (const one of due) table.remove(one);
    expect(table.nextDeadline()).toBe(511);
    expect(table.nextDue(0, 510)).toBeUndefined();
    const fresh = added(table);
    expect(table.nextDue(0, 510)).toBeUndefined();
    expect(table.nextDeadline()).toBe(511);
    table.setDeadline(fresh, -5);
    expect(table.nextDue(0, 0)).toBe(fresh);
  });

  it("visits every entry once, while entries are removed", () => {
    const table = new ConnectionTable(10, counting());
    const entries = Array.from({ length: 10 }, () => added(table));
    const seen: ConnectionEntry[] = [];
    table.forEach((entry) => {
      seen.push(entry);
      table.remove(entry);
    });
    expect(seen).toEqual(entries);
    expect(table.size).toBe(0);
  });

  it("never has more slots than a connection ID can name", () => {
    const table = new ConnectionTable(1_000_000, counting());
    while (!table.isFull) added(table);
    expect(table.size).toBe(MAX_SLOTS);
    const last = table.find(0) ?? table.nextDue(0, Infinity);
    expect(last?.slot).toBe(0);
  });
});

describe("connection IDs of servers that share a port", () => {
  let state = 1;
  /** A linear congruential generator's upper bits. */
  const nextByte = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;

  it.each([1, 2, 3, 4, 16, 33, 64])("of %d: each ID names its server, and the other bits stay random", (workers) => {
    for (let worker = 0; worker < workers; worker++) {
      const random = new RandomPool({ randomBytes: (length) => Uint8Array.from({ length }, () => nextByte()) });
      const table = new ConnectionTable(300, random, { worker, workers });
      const entries = Array.from({ length: 300 }, () => added(table));
      expect(new Set(entries.map((entry) => workerOf(idOf(entry), workers)))).toEqual(new Set([worker]));
      for (const entry of entries) expect(table.find(idOf(entry))).toBe(entry);
      // 10 bits at least: of 300 random numbers below 1024 more than 200 differ.
      expect(new Set(entries.map((entry) => idOf(entry) >>> 16)).size).toBeGreaterThan(200);
    }
  });

  it("unsigned, with all random bits set", () => {
    const ones = new RandomPool({ randomBytes: (n) => new Uint8Array(n).fill(0xff) });
    expect(new ConnectionTable(10, ones, { worker: 2, workers: 3 }).nextConnectionId()).toBe(0xbfff_0000);
    expect(new ConnectionTable(10, ones, { worker: 0, workers: 1 }).nextConnectionId()).toBe(0xffff_0000);
  });
});
