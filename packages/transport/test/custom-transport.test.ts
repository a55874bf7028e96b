import { describe, expect, it } from "vitest";
import { Driver, type SocketAddress } from "../src/index.js";
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
