import { type AgonesOptions, type AgonesRunner, type AgonesSdk, runWithAgones } from "@sortie/agones";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordingLogger } from "../support/recording-logger.js";
import { echo, UdpGame } from "../support/udp-game.js";
import { AgonesStandIn } from "./stand-in.js";

const PORT_VARIABLE = "AGONES_SDK_GRPC_PORT";

describe("a server under Agones", () => {
  let standIn: AgonesStandIn;
  let game: UdpGame;
  let runner: AgonesRunner | undefined;
  let before: string | undefined;
  const { logger, lines } = recordingLogger("info");

  beforeEach(async () => {
    before = process.env[PORT_VARIABLE];
    lines.length = 0;
    standIn = new AgonesStandIn();
    await standIn.start();
    process.env[PORT_VARIABLE] = String(standIn.port);
    game = await UdpGame.listening();
  });

  afterEach(async () => {
    runner?.close();
    await game.end();
    standIn.stop();
    if (before === undefined) delete process.env[PORT_VARIABLE];
    else process.env[PORT_VARIABLE] = before;
  });

  const run = (options: AgonesOptions = {}): AgonesRunner =>
    (runner = runWithAgones(game.server, { logger, healthIntervalMs: 500, ...options }));

  it("says that it is ready, once, and sends pings", async () => {
    const agones = run();
    await standIn.until(() => standIn.state === "Ready" && standIn.pings >= 3);
    expect(standIn.calls.filter((name) => name === "ready")).toHaveLength(1);
    expect([agones.state, agones.isConnected]).toEqual(["Ready", true]);
    expect(lines).toContainEqual(expect.stringMatching(/^INFO Agones: the server is Ready .*gameServer="arena-abc"/));
  });

  it("tells the number of its peers as a counter, and who they are as a list", async () => {
    standIn.lists.set("players", ["left over from before a restart"]);
    run({ counter: "players", list: "players" });
    await standIn.until(() => standIn.counters.get("players") === 0);
    const clients = await Promise.all([game.connect(), game.connect(), game.connect()]);
    const players = (): string[] => (standIn.lists.get("players") ?? []).slice().sort();
    await standIn.until(() => standIn.counters.get("players") === 3 && players().length === 3);
    expect(players()).toEqual(clients.map(({ sessionId }) => sessionId).sort());
    // A crowd is not an update for each.
    expect(standIn.calls.filter((name) => name === "updateCounter").length).toBeLessThan(5);
    await clients[1]?.close();
    await standIn.until(() => standIn.counters.get("players") === 2 && players().length === 2);
    expect(players()).not.toContain(clients[1]?.sessionId);
  });

  it("is allocated with its first peer where it is told so, and by its own call", async () => {
    const agones = run({ allocateOnFirstPeer: true });
    await standIn.until(() => standIn.state === "Ready");
    await game.connect();
    await standIn.until(() => standIn.state === "Allocated");
    await agones.ready();
    expect(standIn.state).toBe("Ready");
    await agones.allocate();
    expect(standIn.state).toBe("Allocated");
  });

  it("is allocated as well when its first peer came before the sidecar did", async () => {
    standIn.stop();
    run({ allocateOnFirstPeer: true });
    await game.connect();
    await standIn.start();
    await standIn.until(() => standIn.state === "Allocated");
    expect(standIn.calls.filter((name) => name === "ready" || name === "allocate")).toEqual(["ready", "allocate"]);
  });

  it("drains when Agones shuts it down: peers are told, what is reliable is delivered", async () => {
    run({ onShutdown: () => void game.server.close({ drainMs: 20_000, reason: "scaled down" }) });
    await standIn.until(() => standIn.state === "Ready");
    const client = await game.connect();
    await echo(client, "hello");
    let received = 0;
    client.on("message", () => (received += 1));
    const ended = new Promise<string>((resolve) =>
      client.on("disconnect", ({ code, text }) => resolve(`${code}: ${text}`)),
    );
    const [peer] = game.server.peers.values();
    for (let i = 0; i < 200; i++) peer?.send(new Uint8Array(1000), { delivery: "ordered" });
    standIn.moveTo("Shutdown");
    expect(await ended).toBe("shutting-down: scaled down");
    expect(received).toBe(200);
    // Agones knows already.
    expect(standIn.calls).not.toContain("shutdown");
    await game.server.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner?.isConnected).toBe(false);
  });

  it("by default closes the server on shutdown, and tells Agones when the server closes by itself", async () => {
    run();
    await standIn.until(() => standIn.state === "Ready");
    const client = await game.connect();
    const ended = new Promise<string>((resolve) => client.on("disconnect", ({ code }) => resolve(code)));
    await game.server.close({ drainMs: 1000 });
    expect(await ended).toBe("shutting-down");
    await standIn.until(() => standIn.state === "Shutdown");
    expect(standIn.calls.filter((name) => name === "shutdown")).toHaveLength(1);
  });

  it.each<[string, () => void | Promise<void>]>([
    [
      "throws",
      () => {
        throw new Error("the world was not saved");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the world was not saved"))],
    ["rejects later", () => new Promise((_, reject) => setImmediate(reject, new Error("the world was not saved")))],
  ])("closes the server when an onShutdown of the application %s, and says why", async (_, onShutdown) => {
    run({ onShutdown });
    await standIn.until(() => standIn.state === "Ready");
    const client = await game.connect();
    const ended = new Promise<string>((resolve) => client.on("disconnect", ({ code }) => resolve(code)));
    standIn.moveTo("Shutdown");
    expect(await ended).toBe("shutting-down");
    const line = /^ERROR "onShutdown" failed: the server is closed instead.*\n.*the world was not saved/;
    expect(lines).toContainEqual(expect.stringMatching(line));
  });

  it("is kept from allocators while it drains without a time for its end", async () => {
    run();
    await standIn.until(() => standIn.state === "Ready");
    game.server.startDraining();
    await standIn.until(() => standIn.state === "Allocated");
    expect(standIn.calls).not.toContain("shutdown");
  });

  it("is never offered where it drained before, and its end is told though that had begun as well", async () => {
    const client = await game.connect();
    const closed = game.server.close({ leaveMs: 60_000 });
    run();
    await standIn.until(() => standIn.state === "Allocated");
    await client.close();
    await closed;
    await standIn.until(() => standIn.state === "Shutdown");
    expect(standIn.calls.filter((name) => name !== "getGameServer")).toEqual(["allocate", "shutdown"]);
  });

  it("goes on without a sidecar, takes it when it comes, and comes back when it was lost", async () => {
    standIn.stop();
    run({ counter: "players" });
    const client = await game.connect();
    expect(await echo(client, "no Agones")).toBe("no Agones");
    await expect(runner?.allocate()).rejects.toThrow(/allocate: no Agones sidecar at localhost:\d+/);
    await standIn.start();
    await standIn.until(() => standIn.state === "Ready" && standIn.counters.get("players") === 1);

    const pings = standIn.pings;
    standIn.moveTo("Allocated");
    standIn.stop();
    await game.connect();
    standIn.counters.clear();
    await standIn.start();
    await standIn.until(() => standIn.counters.get("players") === 2 && standIn.pings > pings);
    // It was Allocated meanwhile: to say "ready" again would give it to others.
    expect(standIn.calls.filter((name) => name === "ready")).toHaveLength(1);
    expect(standIn.state).toBe("Allocated");
    expect(lines).toContainEqual(expect.stringMatching(/^WARN no connection to Agones' sidecar: the game goes on/));
    expect(await echo(client, "still there")).toBe("still there");
  });

  it("asks again for what was refused", async () => {
    standIn.failures.set("ready", 1);
    run();
    await standIn.until(() => standIn.state === "Ready");
    expect(standIn.calls.filter((name) => name === "ready")).toHaveLength(2);
    expect(lines).toContainEqual(
      expect.stringMatching(/^WARN Agones did not take the server's state.*\n.*ready fails/),
    );
  });

  it("sends no ping while it says that it is not healthy", async () => {
    let healthy = false;
    run({ isHealthy: () => healthy });
    await standIn.until(() => standIn.state === "Ready");
    expect(standIn.pings).toBe(0);
    healthy = true;
    await standIn.until(() => standIn.pings > 0);
  });

  it("goes on when a playerId or createSdk is a promise, which rejects, and tells of it", async () => {
    const rejects = (): never => Promise.reject(new Error("no database")) as never;
    run({ createSdk: rejects });
    runner?.close();
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^WARN no connection to Agones'.*\n.*"createSdk" expected to give what it has at once, got/,
      ),
    );
    run({ list: "players", playerId: rejects });
    const client = await game.connect();
    await standIn.until(() => standIn.state === "Ready");
    const line = /^WARN Agones did not take list "players".*\n.*"playerId" expected to give what it has at once, got a/;
    while (!lines.some((each) => line.test(each))) await echo(client, `lines ${lines.length}`);
  });

  it("goes on when isHealthy throws, without pings, and takes undefined for the default", async () => {
    let broken = true;
    const isHealthy = (): boolean => {
      if (broken) throw new Error("no idea");
      return true;
    };
    const options = { isHealthy, playerId: undefined, onShutdown: undefined, createSdk: undefined };
    run(options as unknown as AgonesOptions);
    await standIn.until(() => standIn.state === "Ready");
    expect(standIn.pings).toBe(0);
    expect(lines).toContainEqual(expect.stringMatching(/^ERROR "isHealthy" failed: no ping is sent.*\n.*no idea/));
    broken = false;
    await standIn.until(() => standIn.pings > 0);
    const ended = new Promise((resolve) => game.server.on("draining", resolve));
    standIn.moveTo("Shutdown");
    expect(await ended).toMatchObject({ leaveMs: 0 });
  });

  it("is not taken down by an SDK that throws and rejects, nor by its own listeners", async () => {
    let made = 0;
    const createSdk = (): AgonesSdk => {
      made += 1;
      if (made === 1) throw new Error("no gRPC here");
      return {
        connect: () => (made === 2 ? Promise.reject(new Error("deadline")) : Promise.resolve()),
        close: () => {
          throw new Error("closed before");
        },
        health: () => {
          throw new Error("stream is broken");
        },
      } as unknown as AgonesSdk;
    };
    run({ createSdk });
    const client = await game.connect();
    while (made < 3) await echo(client, `made ${made}`);
    for (const text of ["no gRPC here", "deadline"]) expect(lines.join("\n")).toContain(text);
    expect(await echo(client, "alive")).toBe("alive");
  });

  it("goes on when its logger throws", async () => {
    const fail = (): never => {
      throw new Error("disk full");
    };
    run({ logger: { debug: fail, info: fail, warn: fail, error: fail } });
    await standIn.until(() => standIn.state === "Ready" && standIn.pings >= 2);
    await game.connect();
  });

  it("refuses bad arguments", async () => {
    const { server } = new UdpGame();
    expect(() => runWithAgones(server)).toThrow(/"server" expected one that listens: await server\.listen\(\) first/);
    expect(() => runWithAgones({} as never)).toThrow(
      /"server" expected what createServer\(\) or createCluster\(\) gives, got an object without on, off, close/,
    );
    for (const [options, message] of [
      [{ healthIntervalMs: 100 }, /"healthIntervalMs" expected a number in 500\.\.60000, got 100/],
      [{ counter: "" }, /"counter" expected a name, got ""/],
      [{ list: 5 }, /"list" expected a name, got number/],
      [{ playerId: "id" }, /"playerId" expected a function, got string/],
      [{ counters: "players" }, /"options" expected only healthIntervalMs, .* got "counters"/],
      [{ logger: {} }, /"logger" expected an object with debug/],
      [null, /"options" expected an object, got null/],
    ] as const) {
      expect(() => runWithAgones(game.server, options as never)).toThrow(message);
    }
  });
});
