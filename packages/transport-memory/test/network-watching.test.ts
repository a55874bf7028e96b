import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { createNetwork } from "../src/network.js";
import { expectBalance, pair } from "./pair.js";
import { marked, send } from "./recorder.js";

describe("tap", () => {
  it("sees the start and the fate of each datagram, with the bytes as they are then", async () => {
    const { network, a, addressA, addressB } = await pair({ link: { latencyMs: 10, corrupt: 1, duplicate: 1 } });
    const log: string[] = [];
    const stop = network.tap((datagram, from, to, verdict, nowMs) => {
      const intact = datagram.every((byte) => byte === 5);
      log.push(`${nowMs} ${verdict} ${intact ? "intact" : "damaged"} ${from.port === to.port} ${datagram.length}`);
    });
    send(a, addressB, new Uint8Array(50).fill(5));
    network.clock.advanceBy(10);
    network.inject(new Uint8Array(2).fill(5), addressA, addressB);
    network.clock.advanceBy(0);
    network.setDefaultLink({ loss: 1 });
    send(a, addressB, new Uint8Array(1).fill(5));
    send(a, SocketAddress.parse("10.0.0.99", 1), new Uint8Array(1).fill(5));
    expect(log).toEqual([
      "0 sent intact true 50",
      "10 delivered damaged true 50",
      "10 delivered damaged true 50",
      "10 injected intact true 2",
      "10 delivered intact true 2",
      "10 sent intact true 1",
      "10 lost intact true 1",
      "10 sent intact false 1",
      "10 unreachable intact false 1",
    ]);
    stop();
    stop();
    send(a, addressB, marked(1));
    expect(log.length).toBe(9);
  });

  it("may send, also when it is told of a drop", async () => {
    const { network, a, atB, addressB } = await pair({ maxInFlight: 3, link: { latencyMs: 3, duplicate: 1 } });
    let answers = 0;
    network.tap((_datagram, _from, _to, verdict) => {
      if (verdict === "limit" && answers++ === 0) send(a, addressB, marked(9));
    });
    send(a, addressB, marked(1));
    network.clock.advanceTo(2);
    send(a, addressB, marked(2));
    network.clock.advanceTo(10);
    expect(atB.received.map(({ bytes, atMs }) => [bytes[0], atMs])).toEqual([
      [1, 3],
      [1, 3],
      [2, 5],
    ]);
    expect(network.stats).toMatchObject({ inFlight: 0, sent: 3, dropped: { limit: 2 } });
    expectBalance(network.stats);
  });

  it("may be the same function twice, each ended by itself", async () => {
    const { network, a, addressB } = await pair();
    let seen = 0;
    const count = (): void => void seen++;
    const stop = network.tap(count);
    network.tap(count);
    send(a, addressB, marked(1));
    expect(seen).toBe(2);
    stop();
    send(a, addressB, marked(1));
    expect(seen).toBe(3);
  });
});

describe("what watches or filters", () => {
  it.each<[unknown, string]>([
    [null, "null"],
    ["all", '"all"'],
    [{}, "an object"],
  ])("is a function, or refused at once: %j", (given, got) => {
    const network = createNetwork({ seed: 1 });
    const message = (name: string): string => `"${name}" expected a function, got ${got}`;
    expect(() => network.tap(given as never)).toThrow(new TypeError(message("callback")));
    expect(() => network.setFilter(given as never)).toThrow(new TypeError(message("filter")));
    expect(() => network.tap(undefined as never)).toThrow(TypeError);
  });
});

describe("setFilter", () => {
  it("drops what it says, and ends with undefined", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair();
    network.setFilter((datagram, from, to) => !(datagram[0] === 2 && from.equals(addressA) && to.equals(addressB)));
    send(a, addressB, marked(1), marked(2), marked(3));
    send(b, addressA, marked(2));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1, 3]);
    expect(atA.marks).toEqual([2]);
    expect(network.stats.dropped.filtered).toBe(1);
    network.setFilter(undefined);
    send(a, addressB, marked(2));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1, 3, 2]);
  });

  it("holds everything up, also on paths that setLink has set, which setDefaultLink passes over", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair();
    const sendBoth = (mark: number): void => {
      send(a, addressB, marked(mark));
      send(b, addressA, marked(mark));
      network.clock.advanceBy(5);
    };
    network.setLink(a, b, { latencyMs: 5 });
    network.setDefaultLink({ loss: 1 });
    sendBoth(1);
    network.setFilter(() => false);
    sendBoth(2);
    network.setDefaultLink({});
    network.setFilter(undefined);
    sendBoth(3);
    expect([atB.marks, atA.marks]).toEqual([[1, 3], [3]]);
  });
});

describe("inject", () => {
  it("delivers from any address, past links and filter, when it is told to", async () => {
    const { network, atB, addressB } = await pair({ link: { loss: 1, latencyMs: 50 } });
    network.setFilter(() => false);
    const spoofed = SocketAddress.parse("203.0.113.9", 4242);
    const bytes = marked(1, 5);
    network.inject(bytes, spoofed, addressB, 7);
    bytes.fill(0);
    network.inject(new Uint8Array(0), spoofed, addressB);
    network.inject(new Uint8Array(65_527), spoofed, addressB);
    network.clock.advanceBy(10);
    expect(atB.received.map((d) => [d.atMs, d.bytes.length, d.bytes[0], d.from])).toEqual([
      [0, 0, undefined, "203.0.113.9:4242"],
      [0, 65_527, 0, "203.0.113.9:4242"],
      [7, 5, 1, "203.0.113.9:4242"],
    ]);
  });

  it("refuses what no datagram can be, and bad delays", async () => {
    const { network, addressA, addressB } = await pair();
    expect(() => network.inject(new Uint8Array(65_528), addressA, addressB)).toThrow(RangeError);
    expect(() => network.inject(marked(1), addressA, addressB, -1)).toThrow(RangeError);
    expect(() => network.inject(marked(1), addressA, addressB, Number.NaN)).toThrow(RangeError);
  });
});

describe("errors thrown by receivers", () => {
  it("come out of the clock after all others were served", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair();
    atB.onReceive = () => {
      throw new Error("first");
    };
    send(a, addressB, marked(1), marked(2));
    send(b, addressA, marked(3));
    const thrown = ((): unknown => {
      try {
        network.clock.advanceBy(0);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toBeInstanceOf(AggregateError);
    expect((thrown as AggregateError).errors.length).toBe(2);
    expect(atA.marks).toEqual([3]);
    expect(atB.calls).toEqual(["datagram", "datagram", "end"]);
    expect(network.stats.inFlight).toBe(0);
    atB.onReceive = undefined;
    send(a, addressB, marked(4));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1, 2, 4]);
  });

  it("of a tap lose no batch and no datagram's place", async () => {
    const { network, a, addressB } = await pair({ link: { loss: 1 } });
    network.tap((_datagram, _from, _to, verdict) => {
      if (verdict === "lost") throw new Error("tap");
    });
    expect(() => send(a, addressB, marked(1))).toThrow("tap");
    expect(a.freeBatches).toBe(a.totalBatches);
    expect(network.stats).toMatchObject({ inFlight: 0, dropped: { lost: 1 } });
  });

  it("about a second copy does not hold up the first", async () => {
    const { network, a, atB, addressB } = await pair({ maxInFlight: 1, link: { duplicate: 1 } });
    network.tap((_datagram, _from, _to, verdict) => {
      if (verdict === "limit") throw new Error("tap");
    });
    expect(() => send(a, addressB, marked(1))).toThrow("tap");
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1]);
    expectBalance(network.stats);
  });
});
