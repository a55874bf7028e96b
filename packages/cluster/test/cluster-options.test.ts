import { describe, expect, it } from "vitest";
import { createCluster } from "../src/cluster.js";
import { type ClusterOptions, resolveClusterOptions } from "../src/cluster-options.js";
import { createWorkerServer, type WorkerServerOptions } from "../src/create-worker-server.js";
import { joinCluster } from "../src/cluster-worker.js";
import { isClusterWorker } from "../src/main-channel.js";
import { RestartBudget } from "../src/restart-budget.js";

const GOOD = { entry: "/srv/game/worker.js", workers: 2 };

describe("options of a cluster", () => {
  it("have defaults, and take a file: URL as well as a path", () => {
    const resolved = resolveClusterOptions({ entry: new URL("file:///srv/game/worker.js") }, "linux");
    expect(resolved).toMatchObject({
      entry: "/srv/game/worker.js",
      port: 1474,
      host: undefined,
      restartsPerMinute: 10,
    });
    expect(resolved).toMatchObject({ startTimeoutMs: 30_000, hangTimeoutMs: 10_000 });
    expect(resolved.workers).toBeGreaterThan(0);
    expect(resolveClusterOptions({ entry: "file:///a%20b.js" }, "linux").entry).toBe("/a b.js");
  });

  it("have a copy of data of their own, with bytes as what they were", () => {
    const data = { blocked: ["10.0.0.0/8"], secret: Buffer.from("ab"), scores: new Map([[1, new Float32Array(2)]]) };
    const resolved = resolveClusterOptions({ ...GOOD, data }, "linux");
    const before = structuredClone({ ...data, secret: undefined });
    data.blocked.push((() => 1) as never);
    data.secret[0] = 0;
    expect(resolved.data).toEqual({ ...before, secret: Buffer.from("ab") });
    expect((resolved.data as typeof data).secret).toBeInstanceOf(Buffer);
  });

  it.each([
    ["workers", 1, 64],
    ["port", 0, 65_535],
    ["startTimeoutMs", 1000, 600_000],
    ["hangTimeoutMs", 2000, 600_000],
    ["restartsPerMinute", 0, 1000],
  ])("%s is an integer in %d..%d", (name, min, max) => {
    for (const value of [min, max])
      expect(() => resolveClusterOptions({ ...GOOD, [name]: value }, "linux")).not.toThrow();
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, "3", null]) {
      if (name === "hangTimeoutMs" && value === 0) continue;
      const message = `"${name}" expected an integer in ${min}..${max}, got ${value === "3" ? '"3"' : String(value)}`;
      expect(() => resolveClusterOptions({ ...GOOD, [name]: value }, "linux"), String(value)).toThrow(message);
    }
  });

  it.each([
    [undefined, '"options" expected an object, got undefined'],
    [null, '"options" expected an object, got null'],
    [{}, '"entry" expected a file: URL or an absolute path'],
    [{ ...GOOD, entry: "./worker.js" }, 'new URL("./worker.js", import.meta.url), got "./worker.js"'],
    [{ ...GOOD, entry: new URL("https://game.example/worker.js") }, 'got "https://game.example/worker.js"'],
    [{ ...GOOD, host: "game.example" }, '"host" expected an IPv4 or IPv6 address, got "game.example"'],
    [{ ...GOOD, execArgv: "--inspect" }, '"execArgv" expected an array of strings, got "--inspect"'],
    [{ ...GOOD, env: null }, '"env" expected an object, got null'],
    [
      { ...GOOD, data: { onJoin: () => 1 } },
      '"data" expected what can be copied to another process, got something else: () => 1',
    ],
    [{ ...GOOD, worker: 2 }, '"options" expected only entry, workers, host, port, data, '],
    [{ ...GOOD, logger: {} }, '"logger" expected an object with debug, info, warn and error(fields, message)'],
  ])("that are wrong are refused, case %#", (options, message) => {
    expect(() => createCluster(options as ClusterOptions)).toThrow(message);
  });

  it.each([
    ["darwin", "macOS gives every datagram to one of the sockets that share a port"],
    ["win32", "Windows has no SO_REUSEPORT"],
  ])("on %s allow one worker, and say why not several", (platform, reason) => {
    expect(resolveClusterOptions({ ...GOOD, workers: 1 }, platform).workers).toBe(1);
    const several = (): unknown => resolveClusterOptions(GOOD, platform);
    expect(several).toThrow(`"workers" expected 1 on this system, got 2: ${reason}. Linux and FreeBSD can`);
    expect(several).toThrow(expect.objectContaining({ name: "TransportError", code: "unsupported" }));
  });
});

describe("a broadcast of a cluster without workers", () => {
  const cluster = createCluster({ ...GOOD, workers: 1 });

  it("checks payload and options all the same", async () => {
    const NAMES = "delivery, channel, priority, expiresInMs";
    for (const [options, error] of [
      [{ delivry: "reliable" }, new TypeError(`"options" expected only ${NAMES}, got "delivry"`)],
      // Of a server, whose peers are not here.
      [{ to: [] }, new TypeError(`"options" expected only ${NAMES}, got "to"`)],
      [null, new TypeError('"options" expected an object, got null')],
      [Promise.resolve({}), new TypeError('"options" expected an object, got a promise')],
      [{ channel: 256 }, new RangeError('"channel" expected an integer in 0..255, got 256')],
    ] as const) {
      await expect(cluster.broadcast("x", options as never)).rejects.toThrow(error);
    }
    await expect(cluster.broadcast([1] as never)).rejects.toThrow("got an array");
    expect(await cluster.broadcast("x", { delivery: "reliable" })).toEqual({ accepted: 0, workersMissed: 1 });
  });
});

describe("a worker's side", () => {
  const options = { protocol: "x/1", identity: {} } as WorkerServerOptions;

  it("says so in a process that no cluster started", async () => {
    expect(isClusterWorker()).toBe(false);
    await expect(joinCluster()).rejects.toThrow("joinCluster() expected a process that createCluster() started");
    await expect(createWorkerServer(options)).rejects.toThrow("expected a process that createCluster() started");
  });

  it.each([
    [undefined, '"options" expected an object, got undefined'],
    [Promise.resolve(options), '"options" expected an object, got a promise'],
    [{ protocol: "x/1" }, '"identity" expected what loadIdentity() gives, the same in all workers, got undefined'],
    [{ ...options, port: 1474 }, '"port" expected to be left to createCluster(), got 1474'],
    [{ ...options, transport: {} }, '"transport" expected to be left to createCluster(), got an object'],
    [{ ...options, share: {} }, '"share" expected to be left to createCluster(), got an object'],
  ])("refuses options that are not its own, case %#", async (wrong, message) => {
    await expect(createWorkerServer(wrong as WorkerServerOptions)).rejects.toThrow(message);
  });
});

describe("RestartBudget", () => {
  it("replaces the first at once, further ones later and later, and not too many within a minute", () => {
    const budget = new RestartBudget(9);
    const delays = Array.from({ length: 10 }, () => budget.take(1000));
    expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, undefined]);
    expect(budget.take(60_999)).toBeUndefined();
    expect(budget.take(61_000)).toBe(0);
  });

  it("of 0 replaces none", () => {
    expect(new RestartBudget(0).take(5)).toBeUndefined();
  });
});
