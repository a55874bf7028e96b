import { describe, expect, it } from "vitest";
import { DatagramBatch, Driver, type DriverOptions, SystemClock, type TransportError } from "../src/index.js";
import { type DriverSetup, makeDriver, range, startDriver } from "./driver-setup.js";
import { FakeCore, FakeTransport, type ManualClock } from "./fakes.js";

/** Throws, or rejects, for as long as `left` lasts. */
function failSends(made: DriverSetup, how: "throw" | "release, then throw" | "reject", left: number): void {
  const { transport } = made;
  const send = transport.send.bind(transport);
  transport.send = (batch) => {
    if (left-- <= 0) return send(batch);
    if (how === "release, then throw") batch.release();
    if (how === "reject") return Promise.reject(new Error("no route")) as never;
    throw new Error("no route");
  };
}

/** Lets promises settle. */
async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}

/** A second, and the turns after it in which the process hears of what has come back. */
function standStill(clock: ManualClock): void {
  clock.advance(1000);
  clock.advance(0);
  clock.advance(0);
  clock.runDeferred();
}

describe("Driver: a transport that calls from inside send", () => {
  it("loses no flush: what was asked for meanwhile follows with the next turn", async () => {
    const { core, clock, driver, transport, owner } = await startDriver();
    const send = transport.send.bind(transport);
    transport.send = (batch) => {
      send(batch);
      // As of a peer in the same process that answers at once.
      if (transport.sent.length === 1) transport.deliver(7);
    };
    let seen = 0;
    owner.afterWork = () => {
      const came = core.log.filter((entry) => entry.startsWith("receive ")).length;
      if (came > seen) core.output.push(came + 40);
      seen = came;
    };
    core.output.push(1);
    driver.flush();
    clock.runDeferred();
    clock.advance(0);
    expect(transport.sent).toEqual([1, 41]);
    expect([clock.pendingDeferred, clock.pendingTimers]).toEqual([0, []]);
  });

  it("leaves turns to others where each answer is answered again", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const send = transport.send.bind(transport);
    transport.send = (batch) => {
      send(batch);
      transport.deliver(7);
    };
    core.onReceive = (value) => void core.output.push(value);
    core.output.push(1);
    driver.flush();
    // Microtasks are done at once, and would be for ever.
    for (let i = 0; i < 5; i++) clock.runDeferred();
    expect([transport.sent, clock.pendingDeferred, clock.pendingTimers]).toEqual([[1], 0, [1000]]);
    for (let i = 0; i < 5; i++) clock.advance(0);
    expect(transport.sent).toEqual([1, 7, 7, 7, 7, 7]);
    await driver.stop();
    expect(clock.pendingTimers).toEqual([]);
  });
});

describe("Driver: a transport that tells of every batch from inside its release", () => {
  it("comes to rest", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const acquire = transport.acquireBatch.bind(transport);
    let runs = 0;
    transport.acquireBatch = () => {
      runs++;
      const batch = acquire();
      if (batch === undefined) return undefined;
      const release = batch.release.bind(batch);
      batch.release = () => {
        batch.release = release;
        release();
        transport.receiver?.onWritable();
      };
      return batch;
    };
    core.output.push(1);
    driver.flush();
    for (let turns = 0; turns < 5; turns++) {
      clock.runDeferred();
      clock.advance(0);
    }
    expect([transport.sent, clock.pendingDeferred, clock.pendingTimers, runs]).toEqual([[1], 0, [], 2]);
  });
});

describe("Driver: a send that throws", () => {
  for (const how of ["throw", "release, then throw", "reject"] as const) {
    it(`leaves the batch to the pool, and is reported (${how})`, async () => {
      const errors: string[] = [];
      const made = await startDriver({ onError: (error) => errors.push((error as Error).message) });
      failSends(made, how, 20);
      for (let i = 0; i < 20; i++) {
        made.core.output.push(i);
        made.driver.flush();
        await turn();
        made.clock.runDeferred();
      }
      expect(errors).toEqual(new Array(20).fill("no route"));
      expect(made.transport.pool.free).toBe(2);
      made.core.output.push(99);
      made.driver.flush();
      expect(made.transport.sent).toEqual([99]);
    });
  }

  it("holds up nothing of the batches behind it", async () => {
    const made = await startDriver({ onError: () => undefined });
    failSends(made, "throw", 1);
    made.core.output.push(...range(0, 12));
    made.driver.flush();
    made.clock.advance(0);
    expect(made.transport.sent).toEqual(range(4, 8));
  });

  for (const how of ["throws", "rejects"] as const) {
    it(`after it has queued the batch has that one alone: it goes as it is, and is filled no more (${how})`, async () => {
      const errors: string[] = [];
      const made = await startDriver({ onError: (error) => errors.push((error as Error).message) });
      const { core, driver, transport, clock } = made;
      const queue: DatagramBatch[] = [];
      let left = 2;
      transport.send = (batch) => {
        queue.push(batch);
        if (left-- <= 0) return;
        if (how === "rejects") return Promise.reject(new Error("no route")) as never;
        throw new Error("no route");
      };
      for (const value of [1, 2, 3, 4]) {
        core.output.push(value, value);
        driver.flush();
        await turn();
        clock.runDeferred();
      }
      // Of two batches two were lost, and replaced.
      expect([transport.pool.free, new Set(queue).size, errors]).toEqual([0, 4, ["no route", "no route"]]);
      expect(queue.map((batch) => [...batch.payload(0), ...batch.payload(1)])).toEqual([1, 2, 3, 4].map((v) => [v, v]));
      for (const batch of queue) batch.release();
      expect(transport.pool.free).toBe(2);
    });
  }

  it("leaves a batch of the transport's own making to it", async () => {
    const { core, driver, transport } = await startDriver({ onError: () => undefined });
    let releases = 0;
    const own = new DatagramBatch({ onRelease: () => (releases += 1) });
    transport.acquireBatch = () => own;
    transport.send = () => {
      throw new Error("no route");
    };
    core.output.push(1);
    driver.flush();
    expect([releases, own.count]).toEqual([0, 1]);
    own.release();
    expect(releases).toBe(1);
  });

  it("comes through loudly without onError, and leaves the batch to the pool", async () => {
    const made = await startDriver();
    failSends(made, "throw", 1);
    made.core.output.push(1);
    expect(() => made.driver.flush()).toThrow("no route");
    expect(made.transport.pool.free).toBe(2);
  });

  it("by a promise that is rejected late takes no batch from its next owner", async () => {
    const made = await startDriver({ onError: () => undefined });
    const { core, driver, transport, clock } = made;
    let fail = (): void => undefined;
    const send = transport.send.bind(transport);
    transport.send = (batch) => {
      transport.send = send;
      transport.holdBatches = true;
      batch.release();
      return new Promise((_, reject) => {
        fail = () => reject(new Error("late"));
      }) as never;
    };
    core.output.push(1);
    driver.flush();
    core.output.push(...range(2, 8));
    driver.flush(); // both batches are on their way now, one of them that of the promise
    expect([transport.held.length, transport.pool.free]).toEqual([2, 0]);
    fail();
    await turn();
    clock.runDeferred();
    expect(transport.held.map((batch) => batch.count)).toEqual([4, 4]);
    expect(transport.pool.free).toBe(0);
  });

  it("is not reported once the driver was stopped", async () => {
    const errors: unknown[] = [];
    const made = await startDriver({ onError: (error) => errors.push(error) });
    failSends(made, "reject", 1);
    made.core.output.push(1);
    made.driver.flush();
    await made.driver.stop();
    await turn();
    made.clock.runDeferred();
    expect(errors).toEqual([]);
  });
});

describe("Driver: a transport that gives no batch any more", () => {
  it("is told to the core, once, a second later, and again only after it gave one", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const take = (): void => {
      while (transport.acquireBatch() !== undefined);
    };
    const told = (): string[] => core.log.filter((entry) => entry.startsWith("error "));
    const batches = [transport.acquireBatch(), transport.acquireBatch()];
    core.output.push(1);
    driver.flush();
    expect(clock.pendingTimers).toEqual([2000]);
    clock.advance(999);
    clock.runDeferred();
    expect(told()).toEqual([]);
    clock.advance(1); // by a timer of the driver: nobody else flushes
    for (let i = 0; i < 3; i++) driver.flush();
    clock.runDeferred();
    clock.advance(0);
    clock.runDeferred();
    expect(told()).toEqual([]); // what came back may not have been heard of
    clock.advance(0);
    clock.runDeferred();
    expect(told()).toEqual(["error resources"]);
    expect(clock.pendingTimers).toEqual([]);
    clock.advance(5000);
    driver.flush();
    clock.runDeferred();
    expect(told()).toEqual(["error resources"]);
    for (const batch of batches) batch?.release();
    expect(transport.sent).toEqual([1]);
    take();
    driver.flush();
    standStill(clock);
    expect(told()).toEqual(["error resources", "error resources"]);
  });

  it("for as long as the process stood still is no fault: it hears of what came back by the second turn", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const batches = [transport.acquireBatch(), transport.acquireBatch()];
    core.output.push(1);
    driver.flush();
    clock.advance(1500);
    clock.advance(0);
    for (const batch of batches) batch?.release();
    clock.advance(0);
    clock.runDeferred();
    expect(transport.sent).toEqual([1]);
    expect(core.log.filter((entry) => entry.startsWith("error "))).toEqual([]);
    expect(clock.pendingTimers).toEqual([]);
  });

  it("is asked again by a driver that nobody flushes, also where it does not say that it has one", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const acquire = transport.acquireBatch.bind(transport);
    transport.acquireBatch = () => undefined;
    core.output.push(1);
    driver.flush();
    clock.advance(1000);
    transport.acquireBatch = acquire;
    clock.advance(0);
    clock.advance(0);
    expect(transport.sent).toEqual([1]);
  });

  it("leaves no timer of it behind when the driver is stopped", async () => {
    const { clock, driver, transport } = await startDriver();
    while (transport.acquireBatch() !== undefined);
    driver.flush();
    clock.advance(1000);
    expect(clock.pendingTimers).toEqual([2000]);
    await driver.stop();
    expect(clock.pendingTimers).toEqual([]);
  });

  it("costs few turns where the core stays overdue for want of one, and none of its time afterwards", async () => {
    const { core, clock, driver, transport } = await startDriver();
    const batches = [transport.acquireBatch(), transport.acquireBatch()];
    core.timeoutAtMs = 1001;
    core.onHandleTimeout = () => undefined; // as one that only a send moves on
    driver.flush();
    const turns: number[] = [];
    for (let ms = 1; ms <= 200; ms++) {
      const before = core.log.length;
      clock.advance(1);
      if (core.log.length > before) turns.push(ms);
    }
    expect(core.log.length).toBe(turns.length);
    expect(turns).toEqual([1, 2, 4, 8, 16, 32, 64, 114, 164]);
    core.onPoll = () => (core.timeoutAtMs = clock.nowMs + 3);
    for (const batch of batches) batch?.release();
    expect(clock.pendingTimers).toContain(1203);
    core.log.length = 0;
    clock.advance(3);
    expect(core.log.length).toBeGreaterThan(0);
    // Overdue for another reason: 1 ms again.
    core.onPoll = () => undefined;
    core.log.length = 0;
    core.timeoutAtMs = clock.nowMs + 1;
    driver.flush();
    for (let ms = 0; ms < 5; ms++) clock.advance(1);
    expect(core.log.length).toBe(5 * 8);
  });

  it("is told in words that say what to look for", async () => {
    const { core, clock, driver, transport } = await startDriver();
    let message = "";
    core.onTransportError = (error: TransportError) => (message = error.message);
    while (transport.acquireBatch() !== undefined);
    driver.flush();
    standStill(clock);
    expect(message).toMatch(/no batch for over 1 s .*release/);
  });

  it("is not told of where the driver was stopped meanwhile", async () => {
    const { core, clock, driver, transport } = makeDriver();
    await driver.start();
    while (transport.acquireBatch() !== undefined);
    driver.flush();
    clock.advance(1000);
    clock.advance(0);
    clock.advance(0); // told in a moment
    await driver.stop();
    clock.runDeferred();
    expect(core.log.filter((entry) => entry.startsWith("error "))).toEqual([]);
  });
});

describe("Driver: a rejected send over the system's clock", () => {
  it("is no unhandled rejection", async () => {
    const errors: unknown[] = [];
    const core = new FakeCore();
    const transport = new FakeTransport({ batches: 2, capacity: 4 });
    const options: DriverOptions = {
      core,
      transport,
      clock: new SystemClock(),
      onError: (error) => errors.push(error),
    };
    const driver = new Driver(options);
    await driver.start();
    transport.send = async () => {
      throw new Error("async");
    };
    core.output.push(1);
    driver.flush();
    await turn();
    expect(errors.map(String)).toEqual(["Error: async"]);
    await driver.stop();
  });
});
