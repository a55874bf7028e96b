import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { WaitingDatagrams } from "../src/waiting-datagrams.js";

const FROM = SocketAddress.parse("192.0.2.1", 5);

describe("datagrams that wait for the next update", () => {
  it.each([
    ["bytes", Uint8Array.of(1, 2, 3)],
    // Its slice() shares its memory.
    ["a Buffer", Buffer.of(1, 2, 3)],
    ["a part of larger memory", Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4)],
  ])("are copies of what came as %s: the transport may use its memory again", (_kind, payload) => {
    const waiting = new WaitingDatagrams();
    expect(waiting.push(payload, FROM, 7)).toBe(true);
    payload.fill(0);
    expect(waiting.all()).toEqual([{ payload: Uint8Array.of(1, 2, 3), from: FROM, clockMs: 7 }]);
    waiting.clear();
    expect(waiting.all()).toEqual([]);
  });

  it("are 2048 at the most", () => {
    const waiting = new WaitingDatagrams();
    const taken = Array.from({ length: 2050 }, () => waiting.push(Uint8Array.of(1), FROM, 0));
    expect([taken.indexOf(false), waiting.all().length]).toEqual([2048, 2048]);
  });
});
