import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ANSWER_PATIENCE_MS } from "../src/worker-handle.js";
import { canSharePort, ClusterGame, PATIENCE_MS, unhurried, until } from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

let entry: Entry;

beforeAll(async () => {
  entry = await bundle(new URL("processes/echo.ts", import.meta.url));
}, PATIENCE_MS);

afterAll(() => entry.remove());

describe.runIf(canSharePort)("a worker that stands still", () => {
  it(
    "holds nobody up and fills no memory; when it goes on it has all that was accepted",
    async () => {
      const game = await ClusterGame.listening(entry);
      const { cluster, news } = game;
      const pid = cluster.pids[1] as number;
      try {
        await unhurried(() => cluster.statistics());
        process.kill(pid, "SIGSTOP");
        let { workers } = await cluster.statistics();
        await until(async () => {
          ({ workers } = await cluster.statistics());
          return (workers[0]?.ageMs as number) < (workers[1]?.ageMs as number);
        }, "the figures of the other worker are newer");
        expect(workers[1]).toMatchObject({ state: "serving", server: { peers: 0 } });

        let accepted = 0;
        while (cluster.send(1, "who") && accepted < 100_000) accepted += 1;
        expect(accepted).toBeGreaterThanOrEqual(1000);
        expect(accepted).toBeLessThan(100_000);
        const missed = await unhurried(() => cluster.broadcast("hello"));
        expect(missed).toEqual({ accepted: 0, workersMissed: 1 });
        expect(cluster.send(0, "who")).toBe(true);
        await until(() => news.some(({ worker }) => worker === 0), "the other worker answers");
        process.kill(pid, "SIGCONT");
        await until(() => news.filter(({ worker }) => worker === 1).length === accepted, "all is answered");
        const heard = await unhurried(() => cluster.broadcast("hello"));
        expect(heard).toEqual({ accepted: 0, workersMissed: 0 });
        expect((await cluster.statistics()).broadcastsMissed).toBe(1);
      } finally {
        process.kill(pid, "SIGCONT");
        await game.end();
      }
    },
    PATIENCE_MS,
  );

  it(
    "may not send without end to a main process that does not read",
    async () => {
      const game = await ClusterGame.listening(entry);
      const { cluster, news } = game;
      try {
        cluster.send(0, "flood");
        await until(() => news.some((one) => "taken" in one), "it says how many were taken");
        const { taken } = news.find((one) => "taken" in one) as unknown as { readonly taken: number };
        // 64 KiB each: as many as make 16 MiB, and what the system has taken meanwhile.
        expect(taken).toBeGreaterThanOrEqual(256);
        expect(taken).toBeLessThan(1000);
        expect(news.filter((one) => "fill" in one)).toHaveLength(taken);
      } finally {
        await game.end();
      }
    },
    PATIENCE_MS,
  );

  it(
    "does not hold up a broadcast, where nothing ends workers that hang",
    async () => {
      const game = await ClusterGame.listening(entry, { hangTimeoutMs: 0 });
      const { cluster } = game;
      const pid = cluster.pids[1] as number;
      try {
        cluster.send(1, "hang");
        vi.useFakeTimers({ toFake: ["setTimeout"] });
        const answered = new Promise<void>((resolve) => cluster.once("message", () => resolve()));
        const asked = cluster.broadcast("hello");
        // The other one's answer comes behind that to the broadcast, whenever that may be on a busy machine.
        cluster.send(0, "who");
        await answered;
        vi.advanceTimersByTime(ANSWER_PATIENCE_MS);
        vi.useRealTimers();
        expect(await asked).toEqual({ accepted: 0, workersMissed: 1 });
        expect((await cluster.statistics()).broadcastsMissed).toBe(1);
      } finally {
        vi.useRealTimers();
        process.kill(pid, "SIGKILL");
        await game.end();
      }
    },
    PATIENCE_MS,
  );
});
