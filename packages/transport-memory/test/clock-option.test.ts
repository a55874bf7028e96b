import { SocketAddress, SystemClock } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { LinkProxy } from "../src/link-proxy.js";
import { createNetwork } from "../src/network.js";

const BAD: readonly (readonly [unknown, string])[] = [
  [5, '"clock" expected a clock, got 5'],
  ["system", '"clock" expected a clock, got "system"'],
  [{ now: () => 0 }, '"clock" expected a clock, got an object without setTimer, clearTimer, defer'],
];

describe("a clock that is none", () => {
  it.each(BAD)("is refused by createNetwork (%j)", (clock, message) => {
    expect(() => createNetwork({ seed: 1, clock: clock as never })).toThrow(new TypeError(message));
    expect(createNetwork({ seed: 1, clock: new SystemClock() }).clock).toBeInstanceOf(SystemClock);
  });

  it.each(BAD)("is refused by LinkProxy (%j)", (clock, message) => {
    const network = createNetwork({ seed: 1 });
    const options = {
      target: SocketAddress.parse("10.0.0.1", 1474),
      front: network.createTransport(),
      createUpstream: () => network.createTransport(),
      seed: 1,
    };
    expect(() => new LinkProxy({ ...options, clock: clock as never })).toThrow(new TypeError(message));
    expect(() => new LinkProxy({ ...options, clock: network.clock })).not.toThrow();
  });
});
