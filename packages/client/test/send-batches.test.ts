import { BatchPool, type DatagramBatch, type DatagramTransport, SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { ClientCore } from "../src/client-core.js";
import { sendBatches } from "../src/send-batches.js";

const SERVER = SocketAddress.parse("192.0.2.1", 1474);

describe("sendBatches", () => {
  it("sends what is in the batch also where the core throws at the next datagram", () => {
    const pool = new BatchPool({ batches: 1, capacity: 2, slotBytes: 8 });
    const sent: number[] = [];
    const transport = {
      acquireBatch: () => pool.acquire(),
      send: (batch: DatagramBatch) => {
        sent.push(batch.count);
        batch.release();
      },
    } as unknown as DatagramTransport;
    let left = 3;
    const pollTransmit = (batch: DatagramBatch): boolean => {
      for (; left > 0; left--) {
        if (batch.reserve() < 0) return true;
        batch.commit(1, SERVER);
      }
      throw new Error("boom");
    };
    const core = { pollTransmit } as unknown as ClientCore;
    expect(() => sendBatches(core, transport, 0)).toThrow("boom");
    expect([sent, pool.free]).toEqual([[2, 1], 1]);
    expect(() => sendBatches(core, transport, 0)).toThrow("boom");
    expect([sent, pool.free]).toEqual([[2, 1], 1]);
  });

  it.each<[string, (batch: DatagramBatch) => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no route");
      },
    ],
    [
      "throws, though it has given the batch back",
      (batch) => {
        batch.release();
        throw new Error("no route");
      },
    ],
    [
      "rejects",
      (batch) => {
        batch.release();
        return Promise.reject(new Error("no route"));
      },
    ],
  ])("has its batches back from a transport whose send %s", async (how, send) => {
    const pool = new BatchPool({ batches: 1, capacity: 2, slotBytes: 8 });
    const transport = { acquireBatch: () => pool.acquire(), send } as unknown as DatagramTransport;
    const pollTransmit = (batch: DatagramBatch): boolean => {
      batch.reserve();
      batch.commit(1, SERVER);
      return false;
    };
    const core = { pollTransmit } as unknown as ClientCore;
    for (let i = 0; i < 3; i++) {
      if (how === "rejects") sendBatches(core, transport, 0);
      else expect(() => sendBatches(core, transport, 0)).toThrow("no route");
      expect(pool.free).toBe(1);
    }
    await new Promise((resolve) => setImmediate(resolve));
  });
});
