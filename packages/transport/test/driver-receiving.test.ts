import { describe, expect, it } from "vitest";
import type { DatagramTransport } from "../src/index.js";
import { type DriverSetup, startDriver } from "./driver-setup.js";

type Optional = Required<Pick<DatagramTransport, "receiveNow" | "receiveSoon">>;

/** A driver that runs, over a transport that can be asked to receive, and the messages of what was reported. */
async function asking(methods: {
  readonly [Name in keyof Optional]?: (...args: Parameters<Optional[Name]>) => unknown;
}): Promise<DriverSetup & { readonly errors: string[] }> {
  const errors: string[] = [];
  const made = await startDriver({ onError: (error) => errors.push((error as Error).message) });
  Object.assign(made.transport, methods);
  return { ...made, errors };
}

function fail(): never {
  throw new Error("broken");
}

const noop = (): void => undefined;

describe("Driver: a transport that is asked to receive", () => {
  it("and throws is reported, each time, and has not received all", async () => {
    const { driver, errors } = await asking({ receiveNow: fail, receiveSoon: fail });
    expect([driver.receiveNow(), driver.receiveNow(), driver.receiveSoon(5, noop)]).toEqual([false, false, false]);
    expect(errors).toEqual(["broken", "broken", "broken"]);
  });

  it("by an async function is told so once, and what that rejects by ends nothing", async () => {
    const { driver, errors } = await asking({
      receiveNow: () => Promise.reject(new Error("late")),
      receiveSoon: () => Promise.reject(new Error("late")),
    });
    for (let i = 0; i < 3; i++) expect([driver.receiveNow(), driver.receiveSoon(5, noop)]).toEqual([false, false]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(errors).toEqual([
      '"transport" expected receiveNow() to give a boolean, got a promise',
      '"transport" expected receiveSoon() to give a boolean, got a promise',
    ]);
  });

  it.each<[unknown, string]>([
    [1, "1"],
    ["yes", '"yes"'],
    [{}, "an object"],
    [undefined, "undefined"],
  ])("and gives %j says no by that, and is told so once", async (answer, got) => {
    const { driver, errors } = await asking({ receiveNow: () => answer });
    expect([driver.receiveNow(), driver.receiveNow()]).toEqual([false, false]);
    expect(errors).toEqual([`"transport" expected receiveNow() to give a boolean, got ${got}`]);
  });

  it("says yes and no by booleans", async () => {
    const { driver, errors } = await asking({ receiveNow: () => true, receiveSoon: () => true });
    expect([driver.receiveNow(), driver.receiveSoon(5, noop)]).toEqual([true, true]);
    const { driver: other } = await asking({ receiveNow: () => false, receiveSoon: () => false });
    expect([other.receiveNow(), other.receiveSoon(5, noop), errors]).toEqual([false, false, []]);
  });

  it.each<[string, (done: () => void) => unknown]>([
    ["says no", () => false],
    ["throws", fail],
    ["gives a promise", () => Promise.resolve(true)],
  ])("is done where it said so before it %s, and says so once", async (_, end) => {
    const { driver } = await asking({
      receiveSoon: (_limitMs, done) => {
        done();
        done();
        return end(done);
      },
    });
    let calls = 0;
    expect(driver.receiveSoon(5, () => (calls += 1))).toBe(true);
    expect(calls).toBe(1);
  });

  it("and said no is not heard any more", async () => {
    let late = noop;
    const { driver } = await asking({ receiveSoon: (_limitMs, done) => ((late = done), false) });
    let calls = 0;
    expect(driver.receiveSoon(5, () => (calls += 1))).toBe(false);
    late();
    expect(calls).toBe(0);
  });

  it("and throws is loud without onError", async () => {
    const { driver, transport } = await startDriver();
    Object.assign(transport, { receiveNow: fail });
    expect(() => driver.receiveNow()).toThrow("broken");
  });
});
