import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { HandshakeTurns } from "../src/handshake-turns.js";

const FROM = SocketAddress.parse("192.0.2.1", 5);

function waitFor(turns: HandshakeTurns, name: string): void {
  turns.wait(new TextEncoder().encode(name), FROM, name);
}

/** Names of the hellos whose turn a tick makes it. */
function tick(turns: HandshakeTurns): string[] {
  turns.begin();
  const names: string[] = [];
  for (let next = turns.next(); next !== undefined; next = turns.next()) names.push(next.helloKey);
  return names;
}

describe("HandshakeTurns", () => {
  it.each([
    [500, 1000 / 60, 9],
    [500, 100, 50],
    [500, 1, 1],
    [10_000, 1000 / 60, 167],
    [1, 1000 / 60, 1],
    [500, 0, Infinity],
  ])("%d a second with ticks of %d ms: %d between two ticks", (perSecond, intervalMs, expected) => {
    expect(new HandshakeTurns(perSecond, intervalMs).perTick).toBe(expected);
  });

  it("lets as many start as come until the tick's share is used", () => {
    const turns = new HandshakeTurns(500, 1000 / 60);
    for (let i = 0; i < 9; i++) expect(turns.take()).toBe(true);
    expect(turns.take()).toBe(false);
    turns.begin();
    expect(turns.take()).toBe(true);
  });

  it("gives turns in the order of arrival; who comes later waits behind those who wait", () => {
    const turns = new HandshakeTurns(500, 1000 / 60);
    const names = Array.from({ length: 20 }, (_, i) => `hello ${i}`);
    for (const name of names) waitFor(turns, name);
    expect(tick(turns)).toEqual(names.slice(0, 9));
    turns.begin();
    expect(turns.take()).toBe(false);
    expect(tick(turns)).toEqual(names.slice(9, 18));
    expect(tick(turns)).toEqual(names.slice(18));
    expect(turns.waitingCount).toBe(0);
    expect(turns.take()).toBe(true);
  });

  it("keeps a copy, and knows who waits", () => {
    const turns = new HandshakeTurns(500, 1000 / 60);
    const datagram = Uint8Array.of(1, 2, 3);
    turns.wait(datagram, FROM, "a");
    datagram.fill(0);
    expect(turns.isWaiting("a")).toBe(true);
    expect(turns.isWaiting("b")).toBe(false);
    turns.begin();
    expect(turns.next()).toEqual({ datagram: Uint8Array.of(1, 2, 3), from: FROM, helloKey: "a" });
    expect(turns.isWaiting("a")).toBe(false);
  });

  it("gives a turn that was not used to the next who waits", () => {
    const turns = new HandshakeTurns(500, 1000 / 60);
    for (let i = 0; i < 20; i++) waitFor(turns, `hello ${i}`);
    turns.begin();
    for (let i = 0; i < 5; i++) {
      turns.next();
      turns.giveBack();
    }
    const names: (string | undefined)[] = [];
    for (let next = turns.next(); next !== undefined; next = turns.next()) names.push(next.helloKey);
    expect(names).toEqual(Array.from({ length: 9 }, (_, i) => `hello ${i + 5}`));
  });

  it("is full with 256", () => {
    const turns = new HandshakeTurns(500, 1000 / 60);
    for (let i = 0; i < 256; i++) {
      expect(turns.isFull).toBe(false);
      waitFor(turns, `hello ${i}`);
    }
    expect(turns.isFull).toBe(true);
    tick(turns);
    expect(turns.isFull).toBe(false);
  });
});
