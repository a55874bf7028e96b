import { Driver, type DriverOptions } from "../src/index.js";
import { FakeCore, FakeTransport, ManualClock } from "./fakes.js";

type Options = Pick<DriverOptions, "onError">;

/** A driver among fakes, with a transport of 2 batches of 4 datagrams. `owner.afterWork` may be replaced. */
export interface DriverSetup {
  readonly core: FakeCore;
  readonly clock: ManualClock;
  readonly driver: Driver;
  readonly transport: FakeTransport;
  readonly owner: { afterWork: () => unknown };
}

export function makeDriver(options: Options = {}): DriverSetup {
  const core = new FakeCore();
  const clock = new ManualClock();
  const transport = new FakeTransport({ batches: 2, capacity: 4 });
  const owner = { afterWork: (): unknown => undefined };
  const driver = new Driver({ core, transport, clock, afterWork: () => void owner.afterWork(), ...options });
  return { core, clock, driver, transport, owner };
}

export async function startDriver(options: Options = {}): Promise<DriverSetup> {
  const made = makeDriver(options);
  await made.driver.start();
  return made;
}

/** `count` byte values in a row. */
export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (from + i) & 0xff);
}
