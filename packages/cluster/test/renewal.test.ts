import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { IdentityWatch } from "../src/identity-watch.js";
import { canSharePort, ClusterGame, PATIENCE_MS, unhurried, until } from "./support/game.js";
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

describe.runIf(canSharePort)("a worker that loads another key while it runs", () => {
  it(
    "says so",
    async () => {
      game = await ClusterGame.listening(entry);
      const look = vi.spyOn(IdentityWatch.prototype, "look");
      try {
        game.cluster.send(0, "other-key");
        await until(() => look.mock.calls.length > 0, "the main process hears of it");
        // It looks at the end of a worker as well.
        expect(game.exits).toEqual([]);
      } finally {
        look.mockRestore();
      }
    },
    PATIENCE_MS,
  );
});

describe.runIf(canSharePort)("workers that are renewed one after the other", () => {
  it(
    "lose none of what they counted",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster, clients, starts } = game;
      for (const worker of [0, 1]) {
        await game.populate(2);
        // Since its last report.
        for (let i = 0; i < 4; i++) await game.connect();
        cluster.send(worker, "close");
        await until(() => starts.length === 3 + worker, "another worker starts");
        await until(() => clients.some(({ isConnected }) => !isConnected), "its clients hear of it");
      }
      const { total, restarts } = await unhurried(() => cluster.statistics());
      expect(restarts).toBe(2);
      expect(total.peersAccepted).toBe(clients.length);
      expect(total.handshakes).toBe(clients.length);
      // Each client's first datagrams, and the last ones of those that were sent away, are among them.
      expect(total.transport.datagramsReceived).toBeGreaterThanOrEqual(4 * clients.length);
      expect(game.log).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    "hand over all that they sent, also once their server was closed, to a main process that is busy meanwhile",
    async () => {
      game = await ClusterGame.listening(entry, { restartsPerMinute: 1 });
      const { cluster, exits, news, starts } = game;
      for (const worker of [1, 0]) {
        news.length = 0;
        cluster.send(worker, "hand-over");
        await new Promise((resolve) => setTimeout(resolve, 1));
        // It reads nothing until the worker would have ended.
        const busyUntilMs = performance.now() + 1000;
        while (performance.now() < busyUntilMs);
        await until(() => starts.length === 4 - worker, "another worker starts");
        expect(news.map((one) => (one as { room?: number }).room ?? one)).toEqual([
          ...Array.from({ length: 21 }, (_, room) => room),
          { isLast: true, worker },
        ]);
      }
      expect(exits.map(({ reason, code }) => `${reason} ${code}`)).toEqual(["closed 0", "closed 0"]);
      expect(game.log).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    "give their last figures at once while their processes end",
    async () => {
      game = await ClusterGame.listening(entry);
      const { cluster, clients } = game;
      await game.populate(1);
      await cluster.close();
      const asked = cluster.statistics();
      // Without a turn of the event loop, so that nobody was asked: those who end give no answer.
      const late = new Promise<never>((_, reject) => setImmediate(reject, new Error("it waits for them")));
      const { total } = await Promise.race([asked, late]);
      expect([total.peersAccepted, total.peers]).toEqual([clients.length, 0]);
    },
    PATIENCE_MS,
  );
});
