import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { TickInbox } from "../src/tick-inbox.js";

const CAP = 1024;
const from = (port: number): SocketAddress => SocketAddress.parse("192.0.2.1", port);

function contents(inbox: TickInbox): [number[], number, number][] {
  return Array.from({ length: inbox.count }, (_, i) => [
    [...inbox.datagram(i)],
    inbox.from(i).port,
    inbox.arrivedAtMs(i),
  ]);
}

describe("TickInbox", () => {
  it("keeps copies in order of arrival, with source and time", () => {
    const inbox = new TickInbox();
    const shared = Uint8Array.of(1, 2, 3);
    inbox.push(shared, from(1000), 5.5);
    shared.fill(9);
    inbox.push(shared.subarray(0, 2), from(1001), 6);
    expect(contents(inbox)).toEqual([
      [[1, 2, 3], 1000, 5.5],
      [[9, 9], 1001, 6],
    ]);
  });

  it("uses slots again, for datagrams of the same length and of others", () => {
    const inbox = new TickInbox();
    for (const size of [3, 3, 1452, 1, 3]) {
      inbox.push(new Uint8Array(size).fill(size & 0xff), from(size), size);
      inbox.push(Uint8Array.of(7), from(7), 7);
      expect(contents(inbox)).toEqual([
        [Array<number>(size).fill(size & 0xff), size, size],
        [[7], 7, 7],
      ]);
      inbox.clear();
      expect(inbox.count).toBe(0);
    }
  });

  it("is full at 1024 datagrams of the largest size, each intact", () => {
    const inbox = new TickInbox();
    for (let i = 0; i < CAP; i++) {
      expect(inbox.isFull).toBe(false);
      inbox.push(new Uint8Array(1452).fill(i & 0xff), from(i + 1), i);
    }
    expect(inbox.isFull).toBe(true);
    for (let i = 0; i < CAP; i++) expect(inbox.datagram(i).every((byte) => byte === (i & 0xff))).toBe(true);
  });
});
