import type { DatagramTransport } from "@sortie/transport";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { LinkProxy, type LinkProxyStatistics } from "../src/link-proxy.js";
import type { LinkProxyOptions } from "../src/link-proxy-options.js";
import { createNetwork } from "../src/network.js";
import { marked, Recorder, send } from "./recorder.js";

const SEED = 9;
const network = createNetwork({ seed: SEED });
const OPTIONS: LinkProxyOptions = {
  target: SocketAddress.parse("10.0.0.1", 1474),
  front: network.createTransport(),
  createUpstream: () => network.createTransport(),
  clock: network.clock,
  seed: SEED,
};

describe("options of a link proxy", () => {
  it.each<[keyof LinkProxyOptions, unknown, string]>([
    ["target", undefined, "a SocketAddress, got undefined"],
    ["target", { host: "10.0.0.1", port: 1474 }, "a SocketAddress, got an object without equals"],
    ["target", "10.0.0.1:1474", 'a SocketAddress, got "10.0.0.1:1474"'],
    ["front", undefined, "a datagram transport, got undefined"],
    ["front", Promise.resolve(OPTIONS.front), "a datagram transport, got a promise"],
    ["front", { open: () => undefined }, "a datagram transport, got an object without acquireBatch, send, close"],
    ["createUpstream", network.createTransport(), "a function, got an object"],
    ["createUpstream", undefined, "a function, got undefined"],
    ["isShared", "false", 'a boolean, got "false"'],
    ["isShared", null, "a boolean, got null"],
    ["onError", null, "a function, got null"],
    ["onError", "log", 'a function, got "log"'],
  ])("%s is refused where it is of the wrong kind, case %#", (name, value, rest) => {
    const make = (): unknown => new LinkProxy({ ...OPTIONS, [name]: value as never });
    expect(make).toThrow(new TypeError(`"${name}" expected ${rest}`));
  });

  it.each<[string, () => DatagramTransport, string]>([
    [
      "throws",
      () => {
        throw new Error("no port is free");
      },
      "Error: no port is free",
    ],
    [
      "gives none",
      () => Promise.resolve(network.createTransport()) as never,
      'TypeError: "createUpstream" expected a datagram transport, got a promise',
    ],
    [
      "gives none, and rejects",
      () => Promise.reject(new Error("no port is free")) as never,
      'TypeError: "createUpstream" expected a datagram transport, got a promise',
    ],
  ])("a createUpstream that %s is a fault, and its datagram is counted", async (_, createUpstream, error) => {
    const errors: string[] = [];
    const front = network.createTransport();
    // Whom it tells may fail as well.
    const onError = async (fault: unknown): Promise<void> => {
      errors.push(String(fault));
      throw new Error("the log is full");
    };
    const proxy = new LinkProxy({ ...OPTIONS, front, createUpstream, onError });
    const address = await network.clock.runUntilSettled(proxy.listen());
    const ann = network.createTransport();
    await network.clock.runUntilSettled(ann.open(new Recorder(() => network.clock.now())));
    send(ann, address, marked(1));
    await network.clock.run(10);
    // Node tells of a rejection that nobody takes after the promises' turn, and the run fails.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(errors).toEqual([error]);
    expect(proxy.statistics).toMatchObject({
      clients: 0,
      clientsSeen: 0,
      errors: 1,
      toTarget: { offered: 1, refused: 1 },
    });
    await network.clock.runUntilSettled(proxy.close());
    await network.clock.runUntilSettled(ann.close());
  });
});

describe("an upstream whose open() is not as it should be", () => {
  const openings: [string, () => unknown, Partial<LinkProxyStatistics>, string[], number][] = [
    [
      "throws at once",
      () => {
        throw new Error("no such address");
      },
      { clients: 0, clientsSeen: 1, errors: 1 },
      ["Error: no such address"],
      1,
    ],
    ["gives no promise", () => undefined, { clients: 1, clientsSeen: 1, errors: 0 }, [], 0],
  ];
  it.each(openings)("%s: the datagrams of others go on", async (_, open, statistics, expected, refused) => {
    const errors: string[] = [];
    const front = network.createTransport();
    const createUpstream = (): DatagramTransport => {
      const upstream = network.createTransport();
      return {
        localAddress: undefined,
        statistics: upstream.statistics,
        open: open as DatagramTransport["open"],
        acquireBatch: () => undefined,
        send: () => undefined,
        close: () => upstream.close(),
      };
    };
    const onError = (fault: unknown): void => void errors.push(String(fault));
    const proxy = new LinkProxy({ ...OPTIONS, front, createUpstream, onError });
    const address = await network.clock.runUntilSettled(proxy.listen());
    const ann = network.createTransport();
    await network.clock.runUntilSettled(ann.open(new Recorder(() => network.clock.now())));
    send(ann, address, marked(1));
    await network.clock.run(10);
    expect(errors).toEqual(expected);
    expect(proxy.statistics).toMatchObject({ ...statistics, toTarget: { offered: 1, refused } });
    await network.clock.runUntilSettled(proxy.close());
    await network.clock.runUntilSettled(ann.close());
  });
});
