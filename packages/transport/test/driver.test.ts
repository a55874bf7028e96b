import { describe, expect, it } from "vitest";
import { TransportError } from "../src/index.js";
import { makeDriver, startDriver } from "./driver-setup.js";
import { LOCAL } from "./fakes.js";

describe("Driver: receiving on request", () => {
  it("asks the transport while it runs, and says no where that cannot, or is not open", async () => {
    const { driver, transport } = makeDriver();
    const limits: number[] = [];
    const receiveSoon = (limitMs: number, done: () => void): boolean => {
      limits.push(limitMs);
      done();
      return true;
    };
    let calls = 0;
    const done = (): void => void (calls += 1);
    expect(driver.receiveSoon(5, done)).toBe(false);
    await driver.start();
    expect(driver.receiveSoon(5, done)).toBe(false);
    Object.assign(transport, { receiveSoon });
    expect(driver.receiveSoon(6, done)).toBe(true);
    await driver.stop();
    expect(driver.receiveSoon(7, done)).toBe(false);
    expect([limits, calls]).toEqual([[6], 1]);
  });
});

describe("Driver: start and stop", () => {
  it("opens the transport, resolves with its address and sends what waits", async () => {
    const { core, driver, transport } = makeDriver();
    core.output.push(7);
    await expect(driver.start()).resolves.toBe(LOCAL);
    expect(transport.sent).toEqual([7]);
  });

  it("does nothing before start", () => {
    const { core, clock, driver, transport } = makeDriver();
    core.output.push(7);
    core.timeoutAtMs = 5;
    driver.wake();
    driver.flush();
    expect([clock.pendingDeferred, clock.pendingTimers.length, transport.sent.length]).toEqual([0, 0, 0]);
  });

  it("rejects a second start", async () => {
    const { driver } = await startDriver();
    await expect(driver.start()).rejects.toThrow('"start" expected an idle driver, got one that is running');
  });

  it("may be started again after open failed", async () => {
    const { driver, transport } = makeDriver();
    const failure = new TransportError("address-in-use", "port 1474 is in use");
    transport.onOpen = () => Promise.reject(failure);
    await expect(driver.start()).rejects.toBe(failure);
    transport.onOpen = () => Promise.resolve();
    await expect(driver.start()).resolves.toBe(LOCAL);
  });

  it("rejects with closed when stopped while it starts", async () => {
    const { core, driver, transport } = makeDriver();
    core.output.push(7);
    const starting = driver.start();
    const stopping = driver.stop();
    await expect(starting).rejects.toMatchObject({ code: "closed" });
    await stopping;
    expect(transport.sent).toEqual([]);
  });

  it("stop sends what waits, disarms the timer, closes once and ends all entries", async () => {
    const { core, clock, driver, transport } = await startDriver();
    core.timeoutAtMs = 1010;
    driver.flush();
    expect(clock.pendingTimers).toEqual([1010]);
    core.output.push(1);
    await Promise.all([driver.stop(), driver.stop()]);
    expect(transport.sent).toEqual([1]);
    expect(clock.pendingTimers).toEqual([]);
    expect(transport.closes).toBe(1);
    core.output.push(2);
    driver.wake();
    driver.flush();
    transport.deliver(3);
    transport.receiver?.onError(new TransportError("system", "late"));
    transport.receiver?.onWritable();
    clock.runDeferred();
    expect(clock.advance(100)).toBe(0);
    expect(core.log).toEqual([]);
    expect(transport.sent).toEqual([1]);
    expect(transport.pool.free).toBe(2);
  });

  it("a wake that waits when it is stopped does nothing", async () => {
    const { core, clock, driver, transport } = await startDriver();
    driver.wake();
    await driver.stop();
    core.output.push(1);
    clock.runDeferred();
    expect(transport.sent).toEqual([]);
  });

  it("closes the transport even where the last transmit throws", async () => {
    const { core, driver, transport } = await startDriver();
    core.onPoll = () => {
      throw new Error("poll");
    };
    await expect(driver.stop()).rejects.toThrow("poll");
    expect(transport.closes).toBe(1);
    expect(transport.pool.free).toBe(2);
  });

  it("takes datagrams that come before open resolved", async () => {
    const { core, driver, transport } = makeDriver();
    transport.onOpen = async () => transport.deliver(5);
    await driver.start();
    expect(core.log).toEqual(["receive 5 from 999", "receiveEnd"]);
  });
});

describe("Driver: receiving", () => {
  it("feeds a batch, ends it, lets the owner drain, then sends the answers in one batch", async () => {
    const order: string[] = [];
    const { core, owner, transport } = await startDriver();
    owner.afterWork = () => order.push(`drain after ${core.log.length}`);
    core.onReceive = (value) => core.output.push(value + 100);
    core.onPoll = () => order.push("poll");
    transport.deliver(1, 2, 3);
    expect(core.log).toEqual(["receive 1 from 999", "receive 2 from 999", "receive 3 from 999", "receiveEnd"]);
    expect(order).toEqual(["drain after 4", "poll", "drain after 4"]);
    expect(transport.sent).toEqual([101, 102, 103]);
  });

  it("wake inside a batch means the batch's end; nothing is deferred", async () => {
    const { core, clock, driver, transport } = await startDriver();
    core.onReceive = (value) => {
      core.output.push(value);
      driver.wake();
      expect(transport.sent).toEqual([]);
    };
    transport.deliver(1, 2);
    expect(transport.sent).toEqual([1, 2]);
    expect(clock.pendingDeferred).toBe(0);
  });

  it("a wake from before a batch is absorbed by the batch", async () => {
    const { core, clock, driver, transport } = await startDriver();
    let polls = 0;
    core.onPoll = () => polls++;
    driver.wake();
    transport.receiver?.onDatagram(Uint8Array.of(1), LOCAL);
    clock.runDeferred();
    expect(polls).toBe(0);
    transport.receiver?.onBatchEnd();
    expect(polls).toBe(1);
  });

  it("flush inside a batch sends at once", async () => {
    const { core, driver, transport } = await startDriver();
    core.onReceive = (value) => {
      core.output.push(value);
      driver.flush();
    };
    transport.receiver?.onDatagram(Uint8Array.of(9), LOCAL);
    expect(transport.sent).toEqual([9]);
  });

  it("passes faults of the transport to the core and lets the owner drain", async () => {
    let drains = 0;
    const { core, owner, transport } = await startDriver();
    owner.afterWork = () => drains++;
    transport.receiver?.onError(new TransportError("system", "fault"));
    expect(core.log).toEqual(["error system"]);
    expect(drains).toBeGreaterThan(0);
  });
});

describe("Driver: wake and flush", () => {
  it("many wakes are one flush, at the end of the turn", async () => {
    const { core, clock, driver, transport } = await startDriver();
    let polls = 0;
    core.onPoll = () => polls++;
    core.output.push(1, 2);
    for (let i = 0; i < 10; i++) driver.wake();
    expect(transport.sent).toEqual([]);
    expect(clock.pendingDeferred).toBe(1);
    clock.runDeferred();
    expect(transport.sent).toEqual([1, 2]);
    expect(polls).toBe(1);
    driver.wake();
    expect(clock.pendingDeferred).toBe(1);
  });

  it("arms the timer after a wake changed the deadline", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 2000;
    driver.wake();
    clock.runDeferred();
    expect(clock.pendingTimers).toEqual([2000]);
  });

  it("what afterWork queues goes out in the same turn", async () => {
    const seen: number[] = [];
    const made = await startDriver();
    made.owner.afterWork = () => made.core.output.push(...seen.splice(0).map((value) => value + 1));
    made.core.onReceive = (value) => seen.push(value);
    made.transport.deliver(10, 20);
    expect(made.transport.sent).toEqual([11, 21]);
  });

  it("flush inside afterWork sends at once, is not nested, and its events are drained later", async () => {
    let depth = 0;
    let deepest = 0;
    const queue: number[] = [];
    const made = await startDriver();
    made.owner.afterWork = () => {
      deepest = Math.max(deepest, ++depth);
      made.core.output.push(...queue.splice(0));
      made.driver.flush();
      depth--;
    };
    queue.push(5);
    made.driver.flush();
    expect(made.transport.sent).toEqual([5]);
    expect(deepest).toBe(1);
    expect(made.clock.pendingDeferred).toBe(1); // it sent: one more drain
    made.clock.runDeferred();
    expect(made.clock.pendingDeferred).toBe(0); // nothing sent: done
  });

  it("an owner that flushes and wakes in every afterWork comes to rest", async () => {
    const { clock, driver, owner, transport } = await startDriver();
    owner.afterWork = () => {
      driver.flush();
      driver.wake();
    };
    transport.deliver(1);
    clock.runDeferred();
    expect(clock.pendingDeferred).toBe(0);
  });

  it("a wake from outside always drains, also one beside a wake of afterWork", async () => {
    const { clock, driver, owner } = await startDriver();
    let drains = 0;
    owner.afterWork = () => {
      drains++;
      driver.wake();
    };
    driver.flush();
    expect(drains).toBe(1);
    driver.wake();
    clock.runDeferred();
    expect(drains).toBe(2);
  });
});
