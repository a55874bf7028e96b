import { describe, expect, it } from "vitest";
import type { DatagramBatch } from "../src/index.js";
import { Transmitter } from "../src/transmitter.js";
import { FakeCore, FakeTransport, LOCAL, ManualClock } from "./fakes.js";

/** Puts in so many datagrams, and throws at the next. */
class FailingCore extends FakeCore {
  left = 0;

  override pollTransmit(batch: DatagramBatch): boolean {
    for (; this.left > 0; this.left--) {
      batch.buffer[batch.reserve()] = this.left;
      batch.commit(1, LOCAL);
    }
    throw new Error("boom");
  }
}

describe("Transmitter", () => {
  it("sends what is in the batch also where the core throws at the next datagram", () => {
    const core = new FailingCore();
    const transport = new FakeTransport({ batches: 1, capacity: 4 });
    const transmitter = new Transmitter(core, transport, new ManualClock(), {
      onRejected: () => undefined,
      onStarved: () => undefined,
      onAskAgain: () => undefined,
    });
    core.left = 3;
    expect(() => transmitter.run()).toThrow("boom");
    expect([transport.sent, transmitter.batchesSent, transport.pool.free]).toEqual([[3, 2, 1], 1, 1]);
    expect(() => transmitter.run()).toThrow("boom");
    expect([transport.sent, transmitter.batchesSent, transport.pool.free]).toEqual([[3, 2, 1], 1, 1]);
    expect([transmitter.active, transmitter.moreWaits]).toEqual([false, false]);
  });
});
