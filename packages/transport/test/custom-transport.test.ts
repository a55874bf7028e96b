import { describe, expect, it } from "vitest";
import { DatagramBatch, Driver, type SocketAddress } from "../src/index.js";
import { makeDriver } from "./driver-setup.js";
import { FakeCore, FakeTransport, ManualClock } from "./fakes.js";

const NO_ADDRESS = '"transport" expected open() to resolve with its local address, got ';

describe("a transport in plain JavaScript", () => {
  it.each<[unknown, string]>([
    [undefined, "an object without statistics"],
    [null, "statistics: null"],
    [5, "statistics: 5"],
  ])("is refused where its statistics are %s", (statistics, got) => {
    const transport = Object.assign(new FakeTransport(), { statistics });
    const make = (): Driver =>
      new Driver({ core: new FakeCore(), clock: new ManualClock(), transport: transport as never });
    expect(make).toThrow(new TypeError(`"transport" expected a datagram transport, got ${got}`));
  });

  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    ["127.0.0.1:1474", '"127.0.0.1:1474"'],
    [{ address: "127.0.0.1", port: 1474 }, "an object without host and port"],
  ])("whose open gives %j is closed, and whoever starts it is told", async (address, got) => {
    const { core, driver, transport } = makeDriver();
    const open = transport.open.bind(transport);
    transport.open = async (receiver) => {
      await open(receiver);
      return address as SocketAddress;
    };
    core.output.push(7);
    await expect(driver.start()).rejects.toThrow(new TypeError(`${NO_ADDRESS}${got}`));
    expect(transport.closes).toBe(1);
    await driver.stop();
    expect(transport.closes).toBe(1);
  });

  it("is told of the missing address also where its close fails", async () => {
    const { driver, transport } = makeDriver();
    transport.open = () => Promise.resolve(undefined as never);
    transport.close = () => Promise.reject(new Error("no"));
    await expect(driver.start()).rejects.toThrow(NO_ADDRESS);
  });
});

describe("a transport whose batches are not what they should be", () => {
  const NO_BATCH = '"transport" expected acquireBatch() to give a batch or undefined, got ';

  it.each<[string, () => unknown, string]>([
    [
      "too small",
      () => new DatagramBatch({ capacity: 1, slotBytes: 1200 }),
      '"transport" expected batches with room for 1452 bytes, got 1200',
    ],
    ["null", () => null, `${NO_BATCH}null`],
    ["a number", () => 5, `${NO_BATCH}5`],
    ["a promise", () => Promise.reject(new Error("late")), `${NO_BATCH}a promise`],
    ["an empty object", () => ({}), `${NO_BATCH}an object without buffer, reserve, commit and release`],
  ])("is closed, and whoever starts it is told (%s)", async (_, acquire, message) => {
    const errors: unknown[] = [];
    const { core, driver, transport } = makeDriver({ onError: (error) => errors.push(error) });
    transport.acquireBatch = acquire as never;
    core.output.push(7);
    await expect(driver.start()).rejects.toThrow(new TypeError(message));
    expect([transport.closes, transport.sent, errors]).toEqual([1, [], []]);
  });

  it("gets back the one that is too small", async () => {
    const { driver, transport } = makeDriver();
    let releases = 0;
    transport.acquireBatch = () => new DatagramBatch({ slotBytes: 1451, onRelease: () => (releases += 1) });
    await expect(driver.start()).rejects.toThrow("room for 1452 bytes, got 1451");
    expect(releases).toBe(1);
  });

  it("has them looked at with the first one that there is", async () => {
    const errors: unknown[] = [];
    const { core, driver, transport } = makeDriver({ onError: (error) => errors.push(error) });
    const acquire = transport.acquireBatch.bind(transport);
    transport.acquireBatch = () => undefined;
    await driver.start();
    transport.acquireBatch = () => new DatagramBatch({ slotBytes: 1200 });
    core.output.push(7);
    driver.flush();
    expect(errors).toEqual([new TypeError('"transport" expected batches with room for 1452 bytes, got 1200')]);
    transport.acquireBatch = acquire;
    driver.flush();
    expect(transport.sent).toEqual([7]);
  });

  it("is asked for as much room as its owner needs", async () => {
    const transport = new FakeTransport({ slotBytes: 8 });
    const options = { core: new FakeCore(), clock: new ManualClock(), transport };
    await expect(new Driver({ ...options, minSlotBytes: 9 }).start()).rejects.toThrow("room for 9 bytes, got 8");
    const { localAddress } = transport;
    expect(localAddress).toBeUndefined();
    await expect(new Driver({ ...options, minSlotBytes: 8 }).start()).resolves.toBeDefined();
  });

  it("that throws where it should give one starts: what it throws is reported", async () => {
    const errors: string[] = [];
    const { core, driver, transport } = makeDriver({ onError: (error) => errors.push((error as Error).message) });
    const acquire = transport.acquireBatch.bind(transport);
    transport.acquireBatch = () => {
      throw new Error("no batch today");
    };
    await driver.start();
    expect(errors).toEqual(["no batch today"]);
    transport.acquireBatch = acquire;
    core.output.push(7);
    driver.flush();
    expect(transport.sent).toEqual([7]);
  });
});

describe("a transport that never closes", () => {
  it("is waited for no longer than 5 s; what becomes of it then is nobody's", async () => {
    const { clock, driver, transport } = makeDriver();
    await driver.start();
    let fail = (_: Error): void => undefined;
    transport.close = () => new Promise((_, reject) => (fail = reject));
    const outcome = driver.stop().then(
      () => "closed",
      (error: unknown) => error,
    );
    await turn();
    clock.advance(4999);
    expect(await Promise.race([outcome, turn()])).toBeUndefined();
    clock.advance(1);
    expect(await outcome).toMatchObject({
      name: "TransportError",
      code: "system",
      message: "the transport did not close within 5000 ms",
    });
    fail(new Error("late"));
    await turn();
    expect(clock.pendingTimers).toEqual([]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("close failed");
      },
    ],
    ["rejects", () => Promise.reject(new Error("close failed"))],
  ])("but %s is told of at once, and leaves no timer", async (_, close) => {
    const { clock, driver, transport } = makeDriver();
    await driver.start();
    transport.close = close as never;
    await expect(driver.stop()).rejects.toThrow("close failed");
    expect(clock.pendingTimers).toEqual([]);
  });
});

/** Lets promises settle. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
