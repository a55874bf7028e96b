import { SystemClock } from "@sortie/transport";
import { VirtualClock } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { ConnectionPair } from "../src/connection-pair.js";
import { assertNoLeaks, findLeaks, type LeakSources } from "../src/index.js";

const server = { stats: { peers: 1, halfOpen: 0 } };

describe("assertNoLeaks", () => {
  it.each<[string, unknown, string]>([
    [
      "a misspelt source",
      { server: [server] },
      '"sources" expected only servers, clock, systemClock, connections, got "server"',
    ],
    ["no source", {}, '"sources" expected at least one of servers, clock, systemClock, connections, got none'],
    [
      "a source that is undefined",
      { clock: undefined },
      '"sources" expected at least one of servers, clock, systemClock',
    ],
    [
      "an empty list alone",
      { servers: [] },
      '"sources" expected at least one of servers, clock, systemClock, connections, got empty lists',
    ],
    ["empty lists beside nothing", { servers: [], connections: [], clock: undefined }, "connections, got empty lists"],
    ["no object", [server], '"sources" expected an object, got an array'],
    ["nothing at all", undefined, '"sources" expected an object, got undefined'],
    ["a server without a list", { servers: server }, '"servers" expected an array of servers, got an object'],
    ["a list with a hole", { servers: [server, undefined] }, '"servers[1]" expected one of the servers, got undefined'],
    [
      "a clock for a server",
      { servers: [new VirtualClock()] },
      '"servers[0]" expected one of the servers, got another object',
    ],
    [
      "a server for a connection",
      { connections: [server] },
      '"connections[0]" expected one of the connections, got another',
    ],
    [
      "a real clock for a virtual one",
      { clock: new SystemClock() },
      '"clock" expected a virtual clock, got another object',
    ],
    [
      "a virtual clock for a real one",
      { systemClock: new VirtualClock() },
      '"systemClock" expected a system clock, got another',
    ],
  ])("refuses %s, which would always pass", (_what, sources, message) => {
    expect(() => assertNoLeaks(sources as LeakSources)).toThrow(TypeError);
    expect(() => assertNoLeaks(sources as LeakSources)).toThrow(message);
  });

  it("lists what is left, and takes an empty list and undefined beside another source", () => {
    const clock = new VirtualClock();
    assertNoLeaks({ servers: [], clock, systemClock: undefined });
    clock.setTimer(5, () => undefined);
    expect(findLeaks({ servers: [server], clock })).toEqual(["peers: 1", "pending timers: 1"]);
    expect(() => assertNoLeaks({ servers: [server], clock })).toThrow(
      "leaks after the end: peers: 1; pending timers: 1",
    );
  });
});

describe("ConnectionPair", () => {
  it.each<[unknown, string]>([
    [{ seed: 1, lnk: {} }, '"options" expected only seed, link, returnLink, settings'],
    [{ seed: 1, autoaccept: false }, '"options" expected "autoAccept", got "autoaccept"'],
    [undefined, '"options" expected an object, got undefined'],
  ])("refuses options that there are not (%j)", (options, message) => {
    expect(() => new ConnectionPair(options as never)).toThrow(TypeError);
    expect(() => new ConnectionPair(options as never)).toThrow(message);
  });
});
