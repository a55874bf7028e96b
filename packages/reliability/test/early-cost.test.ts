import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { EARLY_OVERHEAD_BYTES } from "../src/early-cost.js";
import { MESSAGE_OVERHEAD_BYTES, SMALL_WINDOW_BYTES } from "../src/flow-window.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint } from "./support/pair.js";

const { Ordered } = DeliveryCode;
const MESSAGES = 1000;

function memoryAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** An endpoint that holds as many early messages as IDs allow on one channel. */
function filled(bytes: number): ReliableEndpoint {
  const endpoint = createEndpoint();
  const peer = new Crafted(endpoint);
  let refused = 0;
  for (let id = 1; id <= MESSAGES; id++) {
    if (peer.message(Ordered, 0, id, new Uint8Array(bytes)) !== undefined) refused += 1;
  }
  expect(refused).toBe(0);
  return endpoint;
}

describe("ordered messages that came early", () => {
  it.each([0, 1, 64, 65, 600])("of %d bytes: memory is what is charged, and not much less", (bytes) => {
    // The first ones bring compiled code into the heap.
    for (let i = 0; i < 5; i++) filled(bytes).close();
    const before = memoryAfterCollection();
    const endpoints = Array.from({ length: 20 }, () => filled(bytes));
    const taken = memoryAfterCollection() - before;
    const charged = endpoints.reduce((sum, { statistics }) => sum + statistics.heldBytes, 0);
    expect(charged).toBe(20 * MESSAGES * (bytes + EARLY_OVERHEAD_BYTES));
    expect(taken).toBeLessThan(charged * 1.05);
    expect(taken).toBeGreaterThan(charged * 0.6);
    for (const endpoint of endpoints) endpoint.close();
  });

  it("of no bytes may fill the window of small messages, however small the receive window is", () => {
    const endpoint = createEndpoint({ receiveWindowBytes: 1, maxMessageBytes: 1 });
    const peer = new Crafted(endpoint);
    const most = SMALL_WINDOW_BYTES / MESSAGE_OVERHEAD_BYTES;
    for (let i = 0; i < most; i++) {
      const channel = Math.floor(i / MESSAGES);
      expect(peer.message(Ordered, channel, 1 + (i % MESSAGES), new Uint8Array(0))).toBeUndefined();
    }
    expect(endpoint.statistics.heldBytes).toBe(most * EARLY_OVERHEAD_BYTES);
  });
});
