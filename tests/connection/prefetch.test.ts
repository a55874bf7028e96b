import { inspect } from "node:util";
import { type Connection, prefetch } from "@sortie/connection";
import { FixedBudget, SharedPayload } from "@sortie/reliability";
import { ConnectionPair, type ConnectionPairOptions } from "@sortie/testkit";
import { describe, expect, it } from "vitest";

function pairOf(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  return new ConnectionPair({ seed: 11, link: { latencyMs: 10 }, ...options });
}

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const pair = pairOf(options);
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  return pair;
}

/** All that can be seen of the connections, private fields as well. */
function stateOf(connections: readonly Connection[]): string {
  return inspect(connections, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null });
}

function expectUnchanged(...connections: Connection[]): void {
  const before = stateOf(connections);
  expect(before).toContain("largestAcked");
  for (const receives of [true, false])
    expect(prefetch(connections, connections.length, receives)).toBeTypeOf("number");
  expect(stateOf(connections)).toBe(before);
}

describe("reading the state of connections ahead", () => {
  it("changes nothing of connections that are being made, are up, and are closed", () => {
    const pair = pairOf();
    expectUnchanged(pair.client, pair.server);
    expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
    expectUnchanged(pair.client, pair.server);
    pair.client.send(new Uint8Array(100), { delivery: "reliable" }, pair.nowMs);
    pair.run(1000);
    expectUnchanged(pair.client, pair.server);
    pair.client.abort({ code: "network", by: "local", text: "" }, pair.nowMs);
    expectUnchanged(pair.client, pair.server);
  });

  it.each([
    ["a small one", new Uint8Array(3)],
    ["one of no bytes", new Uint8Array(0)],
    ["a shared one", new SharedPayload(new Uint8Array(900))],
    ["one in pieces", new Uint8Array(30_000)],
  ])("changes nothing where a message waits: %s", (_name, payload) => {
    const pair = connected();
    pair.client.send(payload, { delivery: "reliable" }, pair.nowMs);
    expectUnchanged(pair.client);
  });

  it("asks nothing of a controller that an application has made", () => {
    const calls: PropertyKey[] = [];
    const controller = new Proxy(new FixedBudget({ rateBytesPerSecond: 100_000 }), {
      get(target, key) {
        calls.push(key);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const pair = connected({ settings: { createCongestionController: () => controller } });
    expect(calls).not.toEqual([]);
    calls.length = 0;
    prefetch([pair.client, pair.server], 2, true);
    expect(calls).toEqual([]);
  });

  it("reads as many as it is told to, and no more", () => {
    const { client } = connected();
    expect(prefetch([client, undefined], 1, true)).toBeTypeOf("number");
    expect(prefetch([], 0, false)).toBe(0);
  });
});
