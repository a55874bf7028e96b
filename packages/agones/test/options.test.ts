import { describe, expect, it } from "vitest";
import { type AgonesServer, checkAgonesOptions } from "../src/options.js";

const server = { address: {}, peers: new Map(), close: async () => undefined } as unknown as AgonesServer;

describe("options of runWithAgones", () => {
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
