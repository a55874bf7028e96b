import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  canSharePort,
  ClusterGame,
  echo,
  hasReusePort,
  isRunning,
  PATIENCE_MS,
  unhurried,
  until,
} from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

let entry: Entry;
let game: ClusterGame | undefined;

beforeAll(async () => {
  entry = await bundle(new URL("processes/echo.ts", import.meta.url));
}, PATIENCE_MS);

afterEach(async () => {
  await game?.end();
  game = undefined;
}, PATIENCE_MS);

afterAll(() => entry.remove());

describe.runIf(canSharePort)("a worker that ends", () => {
  it(
    "by a signal: its clients are told soon, the others notice nothing, and another one takes its place",
    async () => {
      game = await ClusterGame.listening(entry);
      await game.populate(3);
      const { cluster, clients, news } = game;
      const ends = new Map<object, string>();
      for (const client of clients) client.on("disconnect", ({ code }) => void ends.set(client, code));
      // As the game goes on, every client has something to send.
      const chatter = setInterval(() => clients.forEach((client) => client.isConnected && client.send("tick")), 50);
      const { workers } = await unhurried(() => cluster.statistics());
      const [kept, lost] = workers.map(({ server }) => server?.peers ?? 0);
      process.kill(cluster.pids[1] as number, "SIGKILL");
      await until(() => ends.size === lost, "its clients hear of it");
      clearInterval(chatter);
      // By a reset, and not by their idle timeout of 20 s.
      expect(new Set(ends.values())).toEqual(new Set(["server-restarted"]));
      await until(() => game?.starts.length === 3, "another worker starts");
      expect(game.starts).toEqual([0, 1, 1]);
      expect(game.exits).toMatchObject([
        { worker: 1, reason: "crashed", code: null, signal: "SIGKILL", isReplaced: true },
      ]);
      expect(game.log).toEqual(["worker 1 ended by SIGKILL: it is replaced"]);

      const others = clients.filter((client) => !ends.has(client));
      expect(others).toHaveLength(kept as number);
      await Promise.all(others.map((client, i) => echo(client, `still there ${i}`)));
      clients.splice(0, clients.length, ...others);
      await game.populate(3);
      await Promise.all(clients.map((client, i) => echo(client, `all there ${i}`)));
      await Promise.all(clients.map((client) => client.rebind()));
      await Promise.all(clients.map((client, i) => echo(client, `moved ${i}`)));
      const { total, restarts } = await unhurried(() => cluster.statistics());
      expect(restarts).toBe(1);
      expect(total.peers).toBe(clients.length);
      expect(news.filter((one) => one.disconnected !== undefined)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    "by itself, by an exception, or as it closed its server, is replaced each time",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster, exits, starts, log } = game;
      const orders = [
        ["exit", "crashed", 0],
        ["throw", "crashed", 1],
        ["close", "closed", 0],
      ] as const;
      for (const [i, [order, reason, code]] of orders.entries()) {
        cluster.send(i % 2, order);
        await until(() => starts.length === 3 + i, "another worker starts");
        expect(exits[i]).toEqual({ worker: i % 2, reason, code, signal: null, peersLost: 0, isReplaced: true });
      }
      // The last one was no error.
      const ended = [0, 1].map((code) => `worker ${code} ended with code ${code}: it is replaced`);
      expect(log).toEqual(ended);
      await echo(await game.connect(), "here I am");
      expect((await cluster.statistics()).restarts).toBe(3);
    },
    PATIENCE_MS,
  );

  it(
    "is replaced as soon as the system lets it be",
    async () => {
      const env: Record<string, string | undefined> = { ...process.env };
      game = await ClusterGame.listening(entry, { env });
      const { cluster, exits, starts, log } = game;
      // More than the system takes: the call that starts the process throws, and it throws within a timer.
      env["SORTIE_TEST_LENGTH"] = "x".repeat(4 * 1024 * 1024);
      process.kill(cluster.pids[1] as number, "SIGKILL");
      await until(() => exits.length >= 2, "its replacement cannot be started");
      delete env["SORTIE_TEST_LENGTH"];
      const exit = { worker: 1, reason: "start-failed", code: null, signal: null, peersLost: 0, isReplaced: true };
      expect(exits[1]).toEqual(exit);
      expect(log[1]).toBe("worker 1 could not be started: spawn E2BIG: it is replaced");
      await until(() => starts.length === 3, "another worker starts");
      await echo(await game.connect(), "here I am");
    },
    PATIENCE_MS,
  );

  it(
    "while the cluster turns newcomers away is replaced by one that does so too",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster, starts } = game;
      cluster.startDraining({ reason: "maintenance" });
      process.kill(cluster.pids[1] as number, "SIGKILL");
      await until(() => starts.length === 3, "another worker starts");
      await until(async () => {
        const { workers } = await cluster.statistics();
        return workers.every(({ server }) => server?.draining === true);
      }, "both drain");
      await expect(game.connect()).rejects.toThrow("shutting down");
    },
    PATIENCE_MS,
  );

  it(
    "by never giving an answer again is ended and replaced",
    async () => {
      game = await ClusterGame.listening(entry, { hangTimeoutMs: 2000 });
      const { cluster, exits, starts } = game;
      cluster.send(0, "hang");
      await until(() => exits.some(({ worker }) => worker === 0), "it is ended");
      const exit = exits.find(({ worker }) => worker === 0);
      expect(exit).toMatchObject({ reason: "hung", code: null, signal: "SIGKILL", isReplaced: true });
      await until(() => starts.filter((worker) => worker === 0).length > 1, "another worker starts");
    },
    PATIENCE_MS,
  );

  it(
    "by no means while the cluster closes is not waited for as long as peers may stay",
    async () => {
      game = await ClusterGame.listening(entry, { hangTimeoutMs: 2000 });
      const { cluster } = game;
      process.kill(cluster.pids[1] as number, "SIGSTOP");
      await cluster.close({ leaveMs: 3_600_000 });
      expect(cluster.pids).toEqual([undefined, undefined]);
    },
    PATIENCE_MS,
  );

  it(
    "too often ends the cluster: the other workers' clients are told, and the cluster says why",
    async () => {
      game = await ClusterGame.listening(entry, { restartsPerMinute: 0 });
      await game.populate(1);
      const ends: string[] = [];
      for (const client of game.clients) client.on("disconnect", ({ code }) => void ends.push(code));
      game.cluster.send(0, "exit");
      await until(() => game?.closes.length === 1, "the cluster ends");
      expect(game.closes).toMatchObject([{ name: "ClusterError", code: "too-many-restarts" }]);
      expect(String(game.closes[0])).toContain("worker 0 ended with code 0, after 0 replacements within a minute");
      expect(game.exits).toMatchObject([{ worker: 0, isReplaced: false }]);
      await until(() => ends.includes("shutting-down"), "the other worker's clients hear of it");
      await game.cluster.close();
      expect(game.cluster.pids).toEqual([undefined, undefined]);
    },
    PATIENCE_MS,
  );
});

describe.runIf(canSharePort)("a cluster that does not come up", () => {
  it.each([
    ["throws-at-start", {}, "start-failed", /^worker [01] ended with code 1$/],
    [
      "never-listens",
      { startTimeoutMs: 1000 },
      "start-failed",
      /^worker [01] did not listen in time: does its entry call/,
    ],
    ["own-identity", {}, "identity-mismatch", /^worker [01] has another identity than the others/],
  ])(
    "%s: rejects, and leaves nothing running",
    async (fault, options, code, message) => {
      game = await ClusterGame.make(entry, { fault, ...options });
      const error: unknown = await game.cluster.listen().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "ClusterError", code });
      expect((error as Error).message).toMatch(message);
      expect(game.cluster.pids).toEqual([undefined, undefined]);
      await expect(game.cluster.listen()).rejects.toThrow("expected a new cluster, got one that is closed");
    },
    PATIENCE_MS,
  );

  it.runIf(process.platform === "linux" && !hasReusePort())(
    "a Node whose node:dgram cannot share a port, without koffi: says what to do",
    async () => {
      game = await ClusterGame.make(entry, { env: { ...process.env, SORTIE_TRANSPORT: "dgram" } });
      const error: unknown = await game.cluster.listen().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "ClusterError", code: "start-failed" });
      expect((error as Error).message).toMatch(
        /^worker [01] could not open its server: "reusePort" expected Node 22.12 .* use @sortie\/transport-mmsg on Linux/,
      );
    },
    PATIENCE_MS,
  );

  it("one that the system does not let start: says so, and leaves nothing running", async () => {
    const env = { SORTIE_TEST_LENGTH: "x".repeat(4 * 1024 * 1024) };
    game = await ClusterGame.make(entry, { env });
    await expect(game.cluster.listen()).rejects.toMatchObject({
      name: "ClusterError",
      code: "start-failed",
      message: "worker 0 could not be started: spawn E2BIG",
    });
    expect(game.cluster.pids).toEqual([undefined, undefined]);
  });

  it("port in use: says so, although workers could share it", async () => {
    const other = createSocket("udp4").bind(0, "127.0.0.1");
    await once(other, "listening");
    game = await ClusterGame.make(entry, { port: other.address().port });
    await expect(game.cluster.listen()).rejects.toMatchObject({ name: "TransportError", code: "address-in-use" });
    other.close();
  });

  it(
    "closed while it starts: rejects, and leaves nothing running",
    async () => {
      game = await ClusterGame.make(entry, { fault: "never-listens" });
      const listening = game.cluster.listen().catch((thrown: unknown) => thrown);
      await until(() => game?.cluster.pids[1] !== undefined, "the processes start");
      const pids = game.cluster.pids;
      await game.cluster.close();
      expect(await listening).toMatchObject({ name: "ClusterError", code: "closed" });
      await until(() => !pids.some((pid) => isRunning(pid as number)), "the processes end");
    },
    PATIENCE_MS,
  );
});
