import {
  type Clock,
  type DatagramBatch,
  type DatagramTransport,
  BatchPool,
  SocketAddress,
  type TimerHandle,
  type TransportError,
} from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { ClientCore } from "../src/client-core.js";
import { BatchSender } from "../src/send-batches.js";

const SERVER = SocketAddress.parse("192.0.2.1", 1474);

/** Time that the test sets. A turn of the event loop is a round of the timers. */
class HandClock implements Clock {
  nowMs = 0;
  timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    const timer = { atMs, callback };
    this.timers.push(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.timers = this.timers.filter((timer) => timer !== handle);
  }

  defer(): void {}

  turn(): void {
    for (const { callback } of this.timers.splice(0)) callback();
  }
}

interface Setup {
  readonly pool: BatchPool;
  readonly clock: HandClock;
  readonly faults: TransportError[];
  readonly sender: BatchSender;
  /** One datagram a time. */
  readonly core: ClientCore;
}

function setUp(send: (batch: DatagramBatch) => unknown, batches = 1): Setup {
  const pool = new BatchPool({ batches, capacity: 2 });
  const transport = { acquireBatch: () => pool.acquire(), send } as unknown as DatagramTransport;
  const clock = new HandClock();
  const faults: TransportError[] = [];
  let value = 0;
  const pollTransmit = (batch: DatagramBatch): boolean => {
    batch.buffer[batch.reserve()] = ++value;
    batch.commit(1, SERVER);
    return false;
  };
  const core = { pollTransmit } as unknown as ClientCore;
  return { pool, clock, faults, sender: new BatchSender(transport, clock, (error) => faults.push(error)), core };
}

function fail(): never {
  throw new Error("no route");
}

/** Lets promises settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("BatchSender", () => {
  it("sends what is in the batch also where the core throws at the next datagram", () => {
    const sent: number[] = [];
    const { pool, sender } = setUp((batch) => {
      sent.push(batch.count);
      batch.release();
    });
    let left = 3;
    const pollTransmit = (batch: DatagramBatch): boolean => {
      for (; left > 0; left--) {
        if (batch.reserve() < 0) return true;
        batch.commit(1, SERVER);
      }
      throw new Error("boom");
    };
    const core = { pollTransmit } as unknown as ClientCore;
    expect(() => sender.send(core, 0)).toThrow("boom");
    expect([sent, pool.free]).toEqual([[2, 1], 1]);
    expect(() => sender.send(core, 0)).toThrow("boom");
    expect([sent, pool.free]).toEqual([[2, 1], 1]);
  });

  it.each<[string, (batch: DatagramBatch) => unknown]>([
    ["throws", fail],
    [
      "throws, though it has given the batch back",
      (batch) => {
        batch.release();
        fail();
      },
    ],
    ["rejects", () => Promise.reject(new Error("no route"))],
    [
      "rejects, though it has given the batch back",
      (batch) => {
        batch.release();
        return Promise.reject(new Error("no route"));
      },
    ],
  ])("tells of a transport whose send %s, and has a batch in place of that", async (_, send) => {
    const { pool, core, faults, sender } = setUp(send);
    for (let i = 1; i <= 3; i++) {
      sender.send(core, 0);
      await settle();
      expect([pool.free, faults.length]).toEqual([1, i]);
    }
    expect(faults[0]).toMatchObject({ name: "TransportError", code: "system", cause: new Error("no route") });
    expect(faults[0]?.message).toBe("the transport failed to send: no route");
  });

  it("tells in its own words what is a TransportError, be it of another copy of the package", () => {
    const error = Object.assign(new Error("link lost"), { name: "TransportError", code: "unreachable" });
    const { core, faults, sender } = setUp(() => {
      throw error;
    });
    sender.send(core, 0);
    expect(faults).toEqual([error]);
  });

  it("stops at a throw: what else there is waits for the next time", () => {
    let sends = 0;
    const { faults, sender } = setUp(() => {
      sends++;
      fail();
    });
    const pollTransmit = (batch: DatagramBatch): boolean => {
      batch.commit(1, SERVER);
      return true;
    };
    sender.send({ pollTransmit } as unknown as ClientCore, 0);
    expect([sends, faults.length]).toEqual([1, 1]);
  });

  it("fills no batch that a transport has queued before it threw", () => {
    const queue: DatagramBatch[] = [];
    const { core, pool, sender } = setUp((batch) => {
      queue.push(batch);
      fail();
    });
    sender.send(core, 0);
    sender.send(core, 0);
    expect(queue.map((batch) => batch.payload(0)[0])).toEqual([1, 2]);
    for (const batch of queue) batch.release();
    expect(pool.free).toBe(1);
  });

  it("tells of a transport that gives no batch, once, after turns of the event loop in which one may come back", () => {
    const { core, clock, faults, sender } = setUp(() => undefined);
    const sendAt = (nowMs: number): void => {
      clock.nowMs = nowMs;
      sender.send(core, nowMs);
    };
    sendAt(0);
    sendAt(10);
    // A game that stood still catches up, frame by frame, in the same turn.
    for (let i = 0; i < 5; i++) sendAt(1500 + i);
    clock.turn();
    sendAt(1510);
    expect(faults).toEqual([]);
    clock.turn();
    expect(clock.timers).toEqual([]);
    for (let nowMs = 1520; nowMs < 9000; nowMs += 100) sendAt(nowMs);
    expect(faults).toMatchObject([{ name: "TransportError", code: "resources" }]);
    expect(faults[0]?.message).toMatch(/no batch for over 1 s/);
  });

  it("leaves no timer behind", () => {
    const { core, clock, sender } = setUp(() => undefined);
    for (const nowMs of [0, 10, 1100]) {
      clock.nowMs = nowMs;
      sender.send(core, nowMs);
    }
    expect(clock.timers).toHaveLength(1);
    sender.stop();
    expect(clock.timers).toEqual([]);
  });
});
