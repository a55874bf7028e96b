import { describe, expect, it } from "vitest";
import { type AgonesServer, checkAgonesOptions } from "../src/options.js";

const methods = { on: () => undefined, off: () => undefined, close: async () => undefined };
const server = { ...methods, address: {}, peers: new Map() } as unknown as AgonesServer;

describe("options of runWithAgones", () => {
  it.each<[string, unknown, string]>([
    ["a promise", Promise.resolve(server), "a promise"],
    ["an object of another kind", { close: methods.close }, "an object without on, off"],
    ["a cluster that has no figures", { ...methods, address: {}, workers: [] }, "an object without peers"],
    ["a number of peers", { ...methods, address: {}, peers: 0 }, "an object without peers"],
  ])("are of a server, and not of %s", (_, other, got) => {
    const message = `"server" expected what createServer() or createCluster() gives, got ${got}`;
    expect(() => checkAgonesOptions(other as AgonesServer, {})).toThrow(new TypeError(message));
  });

  it("allocate on the first peer by true alone, and not by what looks like it", () => {
    for (const [value, got] of [
      ["x", '"x"'],
      ["false", '"false"'],
      [1, "1"],
      [null, "null"],
    ] as const) {
      const message = `"allocateOnFirstPeer" expected a boolean, got ${got}`;
      expect(() => checkAgonesOptions(server, { allocateOnFirstPeer: value as never })).toThrow(new TypeError(message));
    }
    for (const allocateOnFirstPeer of [undefined, true, false]) {
      expect(checkAgonesOptions(server, { allocateOnFirstPeer }).allocateOnFirstPeer).toBe(allocateOnFirstPeer);
    }
  });
});
