import { createSecretKey } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canSharePort, ClusterGame, echo, isRunning, PATIENCE_MS, unhurried, until } from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

const CANNOT = /could not be cloned\.$/;

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

describe.runIf(canSharePort)("a cluster of two workers", () => {
  it(
    "shares one port; broadcasts, statistics and messages reach both workers",
    async () => {
      game = await ClusterGame.listening(entry);
      await game.populate(3);
      const { clients, cluster, news } = game;
      expect(cluster.address).toEqual({ address: "127.0.0.1", port: game.port, family: 4 });
      await Promise.all(clients.map((client, i) => echo(client, `word ${i}`)));

      const heard = clients.map(() => [] as string[]);
      clients.forEach((client, i) =>
        client.on("message", ({ payload }) => heard[i]?.push(new TextDecoder().decode(payload))),
      );
      const sent = await unhurried(() => cluster.broadcast("the round begins", { delivery: "reliable" }));
      expect(sent).toEqual({ accepted: clients.length, workersMissed: 0 });
      await until(() => heard.every((words) => words.length === 1), "all peers hear the broadcast");
      expect(new Set(heard.flat())).toEqual(new Set(["the round begins"]));
      await expect(cluster.broadcast("x", { channel: 256 })).rejects.toThrow('"channel"');
      await expect(cluster.broadcast(5 as unknown as string)).rejects.toThrow('"payload" expected a Uint8Array');

      const { total, workers, restarts, broadcastsMissed } = await unhurried(() => cluster.statistics());
      expect({ restarts, broadcastsMissed }).toEqual({ restarts: 0, broadcastsMissed: 0 });
      expect(workers.map(({ worker, pid, state }) => ({ worker, pid, state }))).toEqual(
        cluster.pids.map((pid, worker) => ({ worker, pid, state: "serving" })),
      );
      expect(total.peers).toBe(clients.length);
      expect(total.peersAccepted).toBe(clients.length);
      expect(total.transport.datagramsReceived).toBe(
        workers.reduce((sum, { server }) => sum + (server?.transport.datagramsReceived ?? 0), 0),
      );
      const ids = news.map((one) => one.connected);
      expect(new Set(ids).size).toBe(clients.length); // peer IDs are unique over all workers

      for (const worker of [0, 1]) expect(cluster.send(worker, "who")).toBe(true);
      await until(() => news.filter((one) => "pid" in one).length === 2, "both workers answer");
      const answers = news.filter((one) => "pid" in one).sort((a, b) => a.worker - b.worker);
      expect(answers).toEqual(cluster.pids.map((pid, worker) => ({ pid, index: worker, workers: 2, worker })));
      expect(() => cluster.send(2, "who")).toThrow('"worker" expected an integer in 0..1, got 2');
      expect(() => cluster.send(0, () => undefined)).toThrow("could not be cloned");
      await expect(cluster.listen()).rejects.toThrow("listen() expected a new cluster, got one that is open");
    },
    PATIENCE_MS,
  );

  it(
    "lets newcomers in although the system gives them to a worker that drains",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster } = game;
      cluster.send(0, "drain");
      await until(async () => (await cluster.statistics()).total.draining, "the worker drains");
      let newcomers = 0;
      while (newcomers === 0 && game.clients.length < 64) {
        await echo(await game.connect(), "let me in");
        newcomers = (await unhurried(() => cluster.statistics())).total.forwarding.newcomers;
      }
      expect(newcomers).toBeGreaterThan(0);
      const { workers } = await unhurried(() => cluster.statistics());
      expect(workers.map(({ server }) => server?.peers)).toEqual([0, game.clients.length]);
    },
    PATIENCE_MS,
  );

  it(
    "is there for its peers while they have time to leave: broadcasts and messages go on",
    async () => {
      game = await ClusterGame.listening(entry);
      await game.populate(2);
      const { clients, cluster, news } = game;
      let heard = 0;
      for (const client of clients) client.on("message", () => void (heard += 1));
      const closing = cluster.close({ leaveMs: 10 * PATIENCE_MS });
      await until(async () => {
        const { workers } = await cluster.statistics();
        return workers.every(({ server, state }) => server?.draining === true && state === "closing");
      }, "both close");
      const sent = await unhurried(() => cluster.broadcast("half a minute left", { delivery: "reliable" }));
      expect(sent).toEqual({ accepted: clients.length, workersMissed: 0 });
      for (const worker of [0, 1]) expect(cluster.send(worker, "who")).toBe(true);
      await until(() => heard === clients.length, "all peers hear it");
      await until(() => news.filter((one) => "pid" in one).length === 2, "both workers answer");
      await Promise.all(clients.map((client) => client.close()));
      await closing;
    },
    PATIENCE_MS,
  );

  it(
    "and its workers send each other copies of plain data, and throw an Error for what cannot be copied",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster } = game;
      const message = new Promise((resolve) => cluster.on("message", (copy) => void resolve(copy)));
      const plain = { map: new Map([[1, new Set([2])]]), at: new Date(3), bytes: Buffer.from([4]), big: 5n };
      cluster.send(0, { ...plain, url: new URL("http://localhost"), key: createSecretKey(new Uint8Array(16)) });
      expect(await message).toEqual({ ...plain, url: {}, key: {} });
      for (const one of [() => 1, Promise.resolve(), Symbol("one"), new SharedArrayBuffer(1)]) {
        const refused: unknown = expect.objectContaining({ name: "Error", message: expect.stringMatching(CANNOT) });
        expect(() => cluster.send(0, { one })).toThrow(refused as Error);
      }
    },
    PATIENCE_MS,
  );

  it(
    "waits no longer for those who stay when it is closed again with a shorter time",
    async () => {
      game = await ClusterGame.listening(entry);
      await game.populate(1);
      const ends: string[] = [];
      for (const client of game.clients) client.on("disconnect", ({ text }) => void ends.push(text));
      const { cluster } = game;
      const closing = cluster.close({ leaveMs: 3_600_000, reason: "maintenance" });
      expect(cluster.close()).toBe(closing);
      await until(async () => {
        const { workers } = await cluster.statistics();
        return workers.every(({ server }) => server?.draining === true);
      }, "both drain");
      expect(ends).toEqual([]);
      expect(cluster.close({ leaveMs: 0, reason: "other" })).toBe(closing);
      await closing;
      await until(() => ends.length === game?.clients.length, "all peers hear of the end");
      expect(new Set(ends)).toEqual(new Set(["maintenance"]));
    },
    PATIENCE_MS,
  );

  it(
    "closes in order: what waits is delivered, peers are told why, and the processes end",
    async () => {
      game = await ClusterGame.listening(entry);
      await game.populate(2);
      const { clients, cluster } = game;
      const pids = cluster.pids;
      const ends: string[] = [];
      for (const client of clients) client.on("disconnect", ({ code, text }) => void ends.push(`${code}: ${text}`));
      let heard = 0;
      for (const client of clients) client.on("message", ({ payload }) => void (heard += payload.length));
      const large = new Uint8Array(100_000);
      const sent = await unhurried(() => cluster.broadcast(large, { delivery: "reliable" }));
      expect(sent).toMatchObject({ accepted: clients.length });
      cluster.startDraining({ reason: "maintenance" });
      await until(async () => {
        const { workers } = await cluster.statistics();
        return workers.every(({ server }) => server?.draining === true);
      }, "both drain");
      await expect(game.connect()).rejects.toThrow("shutting down");
      expect(() => cluster.close({ drainMS: 2000 } as never)).toThrow('"options" expected "drainMs", got "drainMS"');
      expect(() => cluster.close(5 as never)).toThrow('"options" expected an object, got number');
      expect(() => cluster.startDraining({ raeson: "" } as never)).toThrow('expected only reason, got "raeson"');
      expect(() => cluster.close({ leaveMs: -1 })).toThrow('"leaveMs" expected a number in 0..3600000, got -1');
      expect(() => cluster.close({ drainMs: Number.NaN })).toThrow(
        '"drainMs" expected a number in 0..3600000, got NaN',
      );
      expect(() => cluster.close({ reason: 5 as unknown as string })).toThrow('"reason" expected a string, got number');
      await cluster.close({ leaveMs: 50, drainMs: PATIENCE_MS, reason: "maintenance" });
      await until(() => ends.length === clients.length, "all peers hear of the end");
      expect(new Set(ends)).toEqual(new Set(["shutting-down: maintenance"]));
      expect(heard).toBe(clients.length * large.length);
      expect(pids.filter((pid) => isRunning(pid as number))).toEqual([]);
      expect(cluster.pids).toEqual([undefined, undefined]);
      expect(cluster.address).toBeUndefined();
      expect(game.closes).toEqual([undefined]);
      expect(game.exits).toEqual([]);
      expect(await cluster.broadcast("anybody there?")).toEqual({ accepted: 0, workersMissed: 2 });
      expect(cluster.send(0, "who")).toBe(false);
      expect((await cluster.statistics()).total.peers).toBe(0);
    },
    PATIENCE_MS,
  );
});
