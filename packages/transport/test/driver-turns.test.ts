import { describe, expect, it } from "vitest";
import { range, startDriver } from "./driver-setup.js";
import { LOCAL } from "./fakes.js";

describe("Driver: transmitting", () => {
  it("sends as many batches as the core fills", async () => {
    const { core, driver, transport } = await startDriver();
    core.output.push(...range(0, 11));
    driver.flush();
    expect(transport.sent).toEqual(range(0, 11));
    expect(transport.pool.free).toBe(2);
  });

  it("gives back a batch that the core left empty", async () => {
    const { driver, transport } = await startDriver();
    driver.flush();
    expect(transport.pool.free).toBe(2);
    expect(transport.sent).toEqual([]);
  });

  it("a core that says more waits but adds nothing does not hold the loop", async () => {
    const { core, clock, driver, transport } = await startDriver();
    let polls = 0;
    core.pollTransmit = () => {
      polls++;
      return true;
    };
    driver.flush();
    expect(polls).toBe(1);
    expect(clock.pendingTimers).toEqual([]);
    expect(transport.pool.free).toBe(2);
  });

  it("without batches it waits for onWritable and loses nothing", async () => {
    const { core, driver, transport } = await startDriver();
    transport.holdBatches = true;
    core.output.push(...range(0, 12));
    driver.flush();
    expect(transport.sent).toEqual(range(0, 8));
    driver.flush();
    expect(transport.sent).toEqual(range(0, 8));
    transport.held.shift()?.release();
    expect(transport.sent).toEqual(range(0, 12));
  });

  it("sends 32 batches in a turn and the rest after a pause of the clock", async () => {
    const { core, clock, driver, transport } = await startDriver();
    core.output.push(...range(0, 32 * 4 + 3));
    driver.flush();
    expect(transport.sent.length).toBe(128);
    expect(clock.pendingTimers.length).toBe(1);
    driver.flush(); // a user who insists gets the next share
    expect(transport.sent.length).toBe(131);
    core.output.push(...range(0, 32 * 4 + 3));
    driver.flush();
    expect(transport.sent.length).toBe(131 + 128);
    expect(clock.advance(0)).toBe(1);
    expect(transport.sent.length).toBe(131 + 131);
    expect(clock.pendingTimers).toEqual([]);
    expect(core.log).toEqual([]); // the pause is not a timeout of the core
  });

  it("a pause that is due is not pushed back by flushes", async () => {
    const { core, clock, driver } = await startDriver();
    core.output.push(...range(0, 32 * 4 * 4));
    driver.flush();
    const armed = clock.armed;
    clock.nowMs += 0.25;
    driver.flush();
    expect(clock.armed).toBe(armed);
  });
});

describe("Driver: timeouts", () => {
  it("arms one timer and serves it when due", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 1010.5;
    driver.flush();
    expect(clock.pendingTimers).toEqual([1010.5]);
    clock.advance(10);
    expect(core.log).toEqual([]);
    clock.advance(0.5);
    expect(core.log).toEqual(["timeout"]);
    expect(clock.pendingTimers).toEqual([]);
  });

  it("arms again only when the deadline moved up, goes on to one put off, and disarms at Infinity", async () => {
    const { core, clock, driver, transport } = await startDriver();
    core.timeoutAtMs = 2000;
    for (let i = 0; i < 5; i++) transport.deliver(1);
    driver.flush();
    expect(clock.armed).toBe(1);
    core.timeoutAtMs = 1500;
    driver.flush();
    expect(clock.pendingTimers).toEqual([1500]);
    for (core.timeoutAtMs = 2000; core.timeoutAtMs < 3000; core.timeoutAtMs += 100) driver.flush();
    driver.flush();
    expect(clock.armed).toBe(2);
    core.log.length = 0;
    clock.advance(500);
    expect(core.log).toEqual([]);
    expect(clock.pendingTimers).toEqual([3000]);
    clock.advance(1499.5);
    expect(core.log).toEqual([]);
    clock.advance(0.5);
    expect(core.log).toEqual(["timeout"]);
    core.timeoutAtMs = 4000;
    driver.flush();
    expect(clock.pendingTimers).toEqual([4000]);
    core.timeoutAtMs = Number.POSITIVE_INFINITY;
    driver.flush();
    expect(clock.pendingTimers).toEqual([]);
  });

  it("serves several deadlines that are due together in one turn", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 1001;
    core.onHandleTimeout = () => {
      core.timeoutAtMs = core.timeoutAtMs < 1003 ? core.timeoutAtMs + 1 : 5000;
    };
    driver.flush();
    clock.advance(10);
    expect(core.log.length).toBe(3);
    expect(clock.pendingTimers).toEqual([5000]);
  });

  it("a core whose timeout stays in the past gets 8 calls a turn and a pause of 1 ms", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 1001;
    core.onHandleTimeout = () => undefined;
    driver.flush();
    clock.advance(1);
    expect(core.log.length).toBe(8);
    expect(clock.pendingTimers).toEqual([1002]);
    driver.flush();
    driver.wake();
    clock.runDeferred();
    expect(clock.pendingTimers).toEqual([1002]);
    expect(core.log.length).toBe(8);
    clock.advance(1);
    expect(core.log.length).toBe(16);
  });

  it("a core that recovers from it is served in time again", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 1001;
    let calls = 0;
    core.onHandleTimeout = (nowMs) => {
      if (++calls > 10) core.timeoutAtMs = nowMs + 0.25;
    };
    driver.flush();
    clock.advance(1);
    clock.advance(1);
    expect(clock.pendingTimers).toEqual([1002.25]);
  });

  it("a deadline in the past is served by the timer, not inside the call", async () => {
    const { core, clock, driver } = await startDriver();
    core.timeoutAtMs = 1;
    driver.flush();
    expect(core.log).toEqual([]);
    clock.advance(0);
    expect(core.log).toEqual(["timeout"]);
  });

  it("sends what a timeout made, and drains before that", async () => {
    const made = await startDriver();
    made.owner.afterWork = () => made.core.output.push(...made.core.log.splice(0).map(() => 2));
    made.core.timeoutAtMs = 1001;
    made.core.onHandleTimeout = () => {
      made.core.timeoutAtMs = Number.POSITIVE_INFINITY;
      made.core.output.push(1);
    };
    made.driver.flush();
    made.clock.advance(1);
    expect(made.transport.sent).toEqual([1, 2]);
  });
});

describe("Driver: exceptions", () => {
  const boom = (): never => {
    throw new Error("boom");
  };

  it("go to onError, and the driver goes on", async () => {
    const errors: unknown[] = [];
    let throwing = true;
    const made = await startDriver({ onError: (error) => errors.push((error as Error).message) });
    made.owner.afterWork = () => {
      if (throwing) boom();
    };
    made.core.onReceive = (value) => {
      made.core.output.push(value);
      if (value === 2) boom();
    };
    made.core.timeoutAtMs = 1001;
    made.transport.deliver(1, 2, 3);
    expect(errors).toEqual(["boom", "boom", "boom"]); // receive, and afterWork before and after sending
    expect(made.transport.sent).toEqual([1, 2, 3]);
    throwing = false;
    made.core.onHandleTimeout = boom;
    made.clock.advance(1);
    expect(errors.length).toBe(4);
    expect(made.clock.pendingTimers).toEqual([1002]); // still due: paused, not spinning
  });

  it("without onError come through loudly, and the driver goes on", async () => {
    let throwing = true;
    const made = await startDriver();
    made.owner.afterWork = () => {
      if (throwing) boom();
    };
    made.core.output.push(1);
    made.core.timeoutAtMs = 2000;
    expect(() => made.transport.deliver(1)).toThrow("boom");
    expect(made.transport.sent).toEqual([1]);
    expect(made.clock.pendingTimers).toEqual([2000]);
    throwing = false;
    made.core.output.push(2);
    made.transport.deliver(2);
    expect(made.transport.sent).toEqual([1, 2]);
  });

  it("of pollTransmit give the batch back", async () => {
    const errors: unknown[] = [];
    const { core, driver, transport } = await startDriver({ onError: (error) => errors.push(error) });
    core.onPoll = boom;
    driver.flush();
    expect(errors.length).toBe(1);
    expect(transport.pool.free).toBe(2);
    core.onPoll = () => undefined;
    core.output.push(4);
    driver.flush();
    expect(transport.sent).toEqual([4]);
  });
});

describe("Driver: how long a datagram has waited", () => {
  it("is handed on, and believed only where it can be", async () => {
    const { core, driver } = await startDriver();
    for (const said of [3, 0.25, 0, undefined, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      driver.onDatagram(Uint8Array.of(1), LOCAL, said);
    }
    expect(core.waitedMs).toEqual([3, 0.25, 0, 0, 0, 0, Number.POSITIVE_INFINITY]);
  });
});

describe("Driver: what waits for something else", () => {
  it("neither drains nor sends after a batch of which nothing needs it", async () => {
    const { core, driver, transport, owner } = await startDriver();
    let drains = 0;
    owner.afterWork = () => (drains += 1);
    let isWanted = false;
    core.needsFlush = () => isWanted;
    core.output.push(...range(0, 2));
    expect(driver.onDatagram(Uint8Array.of(1), LOCAL)).toBe(false);
    driver.onBatchEnd();
    expect([drains, transport.sent]).toEqual([0, []]);
    isWanted = true;
    expect(driver.onDatagram(Uint8Array.of(1), LOCAL)).toBe(true);
    driver.onBatchEnd();
    expect([drains > 0, transport.sent]).toEqual([true, range(0, 2)]);
  });

  it("does so all the same when it was woken while the batch was open, and wakes as before after it", async () => {
    const { core, clock, driver, transport } = await startDriver();
    let isWanted = true;
    core.needsFlush = () => isWanted;
    driver.onDatagram(Uint8Array.of(1), LOCAL);
    isWanted = false;
    core.output.push(...range(0, 1));
    driver.wake();
    expect(clock.pendingDeferred).toBe(0);
    expect(driver.onDatagram(Uint8Array.of(1), LOCAL)).toBe(true);
    driver.onBatchEnd();
    expect(transport.sent).toEqual(range(0, 1));
    driver.onDatagram(Uint8Array.of(1), LOCAL);
    core.output.push(...range(1, 1));
    driver.wake();
    clock.runDeferred();
    expect(transport.sent).toEqual(range(0, 2));
  });
});
